/** A conversation held on several sides at once, and what each side's bot did at each of its steps. */
import { isDeepStrictEqual } from "node:util";
import type { JsonObject } from "../../../src/core/json.ts";
import { until } from "../../doubles/delivery.ts";
import { mask } from "./mask.ts";
import type { Observed, Observer } from "./observer.ts";
import type { Scene } from "./stage.ts";

export interface Step {
  readonly label: string;
  /** What it answers, an HTTP answer for example, is compared too. */
  act(scene: Scene): Promise<unknown>;
  /** Nothing is expected to follow. */
  readonly isSilent?: boolean;
  /** The order of what follows is left to chance. */
  readonly isUnordered?: boolean;
  /** What it begins takes this long, so that a pause does not mean the end. */
  readonly lastsMs?: number;
}

/** What one step brought on each side, in the order of the scenes, with ids and times masked. */
export interface Outcome {
  readonly label: string;
  readonly sides: readonly unknown[];
  readonly isEqual: boolean;
}

const quietMs = 250;
const patienceMs = 6_000;

export async function converse(
  scenes: readonly Scene[],
  steps: readonly Step[],
  observer: Observer,
): Promise<Outcome[]> {
  const isIn = ({ room, bot }: Scene) =>
    observer.observed.some(({ roomId, by }) => roomId === room && by === bot);
  await until("the bots are seen in their rooms", () => scenes.every(isIn));
  const masks = scenes.map(() => new Map<string, string>());
  const outcomes: Outcome[] = [];
  for (const step of steps) {
    const begin = observer.observed.length;
    const since = (scene: Scene) => observer.observed.slice(begin).filter(({ by }) => by === scene.bot);
    const results = await Promise.all(scenes.map((scene) => step.act(scene).catch((error) => String(error))));
    if (step.lastsMs !== undefined) await Bun.sleep(step.lastsMs);
    await untilQuiet(() => scenes.map((scene) => since(scene).length), step.isSilent === true);
    const all = observer.observed.slice(begin);
    const sides = scenes.map((scene, at) =>
      mask({ result: results[at], bot: since(scene).map(seenOf) }, masks[at] ?? new Map(), {
        origin: scene.side.api.origin,
        ids: idsOf(all.filter(({ roomId }) => roomId === scene.room)),
        isUnordered: step.isUnordered === true,
      }),
    );
    const isEqual = sides.every((side) => isDeepStrictEqual(side, sides[0]));
    outcomes.push({ label: step.label, sides, isEqual });
  }
  return outcomes;
}

function seenOf({ seen }: Observed): JsonObject {
  return seen;
}

function idsOf(observed: readonly Observed[]): string[] {
  return observed.flatMap(({ seen }) => (typeof seen.event_id === "string" ? [seen.event_id] : []));
}

/** Until all sides have said as much as each other and nothing more for a moment; sides that differ are given time to catch up. */
async function untilQuiet(counts: () => readonly number[], isSilent: boolean): Promise<void> {
  const endMs = Date.now() + patienceMs;
  let before = counts();
  let changedMs = Date.now();
  while (Date.now() < endMs) {
    await Bun.sleep(25);
    const now = counts();
    if (!isDeepStrictEqual(now, before)) changedMs = Date.now();
    before = now;
    const isEven = now.every((count) => count === now[0]) && (isSilent || (now[0] ?? 0) > 0);
    if (isEven && Date.now() - changedMs >= quietMs) return;
  }
}
