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
  /** How much the bot is expected to do, so that nobody waits for more: one thing unless said otherwise. */
  readonly answers?: number;
  /** Why the sides are not to do the same here. */
  readonly differs?: string;
  /** The order of what follows is left to chance. */
  readonly isUnordered?: boolean;
}

/** What one step brought on each side, in the order of the scenes, with ids and times masked. */
export interface Outcome {
  readonly label: string;
  readonly differs: string | undefined;
  readonly sides: readonly unknown[];
  readonly isEqual: boolean;
}

const momentMs = 120;
const patienceMs = 8_000;

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
  // A side that fails at all is not waited for to the end each time.
  let misses = 0;
  for (const step of steps) {
    const begin = observer.observed.length;
    const since = (scene: Scene) => observer.observed.slice(begin).filter(({ by }) => by === scene.bot);
    const results = await Promise.all(scenes.map((scene) => step.act(scene).catch((error) => String(error))));
    const counts = () => scenes.map((scene) => since(scene).length);
    if (!(await untilDone(counts, step.answers ?? 1, misses < 3 ? patienceMs : 1_000))) misses++;
    const all = observer.observed.slice(begin);
    const sides = scenes.map((scene, at) =>
      mask({ result: results[at], bot: since(scene).map(seenOf) }, masks[at] ?? new Map(), {
        origin: scene.side.api.origin,
        ids: idsOf(all.filter(({ roomId }) => roomId === scene.room)),
        isUnordered: step.isUnordered === true,
      }),
    );
    const isEqual = sides.every((side) => isDeepStrictEqual(side, sides[0]));
    outcomes.push({ label: step.label, differs: step.differs, sides, isEqual });
  }
  return outcomes;
}

function seenOf({ seen }: Observed): JsonObject {
  return seen;
}

function idsOf(observed: readonly Observed[]): string[] {
  return observed.flatMap(({ seen }) => (typeof seen.event_id === "string" ? [seen.event_id] : []));
}

/** Until every side has done as much as is expected, or has been given time enough to; and then a moment, for what is too much. */
async function untilDone(
  counts: () => readonly number[],
  expected: number,
  waitMs: number,
): Promise<boolean> {
  const endMs = Date.now() + waitMs;
  const isDone = () => counts().every((count) => count >= expected);
  while (!isDone() && Date.now() < endMs) await Bun.sleep(10);
  await Bun.sleep(momentMs);
  return isDone();
}
