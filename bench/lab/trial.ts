/** One fault, tried on a host of its own. */
import { until } from "../../test/doubles/delivery.ts";
import { Lab, type Name, names } from "./lab.ts";
import { doubled, latenciesOf, unanswered } from "./ledger.ts";

export interface LabFault {
  readonly name: string;
  /** Whose answers suffer; the others are to notice nothing. `all` where nobody can be spared. */
  readonly victim: Name | "all";
  readonly lastsMs: number;
  /** What must be said about it at WARN or worse, or by health; without it a fault may pass in silence while no answer is late. */
  readonly says?: RegExp;
  /** The homeserver refuses for good what is sent meanwhile: such messages count as refused if each was said to be. */
  readonly refuses?: boolean;
  /** Before the host is started. */
  prepare?(lab: Lab): void;
  /** Puts it in force; answers how to end it. */
  begin(lab: Lab): Promise<Ending> | Ending;
  /** What is wrong afterwards, as sentences, beside what is checked after every fault. */
  check?(lab: Lab): string[] | Promise<string[]>;
}
export type Ending = () => unknown;

export interface Finding {
  readonly name: string;
  readonly victim: string;
  /** Undefined: nothing was said. */
  readonly detectedMs: number | undefined;
  readonly said: string;
  /** From the fault's end until everything asked is answered and health is well; undefined: not within the patience. */
  readonly recoveredMs: number | undefined;
  readonly asked: number;
  readonly lost: number;
  readonly doubled: number;
  readonly refused: number;
  readonly othersBeforeMs: readonly number[];
  readonly othersDuringMs: readonly number[];
  /** The victim's longest wait for an answer. */
  readonly worstMs: number;
  /** Empty if all is as promised. */
  readonly wrong: readonly string[];
}

const perSecond = 15;
const beforeMs = 2_000;
const patienceMs = 60_000;
/** What people in rooms are promised; a fault that keeps it needs no word. */
const promisedMs = 5_000;

export async function tryFault(fault: LabFault, executable: string): Promise<Finding> {
  await using lab = await Lab.open(executable, (opened) => fault.prepare?.(opened));
  return await observe(fault, lab);
}

async function observe(fault: LabFault, lab: Lab): Promise<Finding> {
  const { ledger } = lab;
  lab.beginTraffic(perSecond);
  // The first answers of a new process are slow: they are not what the others are held against.
  await Bun.sleep(1_000);
  const quietFromMs = performance.now();
  await Bun.sleep(beforeMs);
  const heard = new Heard(lab);
  heard.open();
  const beganMs = performance.now();
  const end = await fault.begin(lab);
  await Bun.sleep(fault.lastsMs);
  const endedMs = performance.now();
  await end();
  const refused = () => (fault.refuses === true ? heard.count(/could not be posted/) : 0);
  // What is asked now proves that it goes on, too.
  await Bun.sleep(1_000);
  lab.endTraffic();
  const isWell = async () =>
    unanswered(ledger.all) <= refused() &&
    (await lab.host.health().catch(() => ({ body: "" }))).body.startsWith('{"status":"pass"');
  const isRecovered = await until("all is well", isWell, patienceMs).then(
    () => true,
    () => false,
  );
  const recoveredMs = isRecovered ? performance.now() - endedMs : undefined;
  await heard.close();
  const victims = fault.victim === "all" ? names : [fault.victim];
  const others = names.filter((name) => !victims.includes(name));
  const suffered = ledger.asked(victims, beganMs, endedMs);
  const lost = Math.max(0, unanswered(ledger.all) - refused());
  const tally = {
    lost,
    doubled: doubled(ledger.all),
    worstMs: Math.max(0, ...latenciesOf(suffered)),
    recoveredMs,
  };
  const health = isRecovered ? "" : (await sentencesOfHealth(lab)).join("; ");
  const wrong = [
    ...wrongs(fault, tally, heard, health),
    ...(unanswered(ledger.asked(others)) > 0 ? ["another instance lost messages"] : []),
    ...((await fault.check?.(lab)) ?? []),
  ];
  return {
    name: fault.name,
    victim: fault.victim,
    detectedMs: heard.firstMs === undefined ? undefined : heard.firstMs - beganMs,
    said: heard.sentence(fault.says),
    asked: ledger.all.length,
    refused: unanswered(ledger.all) - lost,
    othersBeforeMs: latenciesOf(ledger.asked(others, quietFromMs, beganMs)),
    othersDuringMs: latenciesOf(ledger.asked(others, beganMs, endedMs)),
    ...tally,
    wrong,
  };
}

function wrongs(
  { says }: LabFault,
  {
    lost,
    doubled: twice,
    worstMs,
    recoveredMs,
  }: Pick<Finding, "lost" | "doubled" | "worstMs" | "recoveredMs">,
  heard: Heard,
  health: string,
): string[] {
  const isFelt = worstMs > promisedMs || says !== undefined;
  return [
    ...(lost > 0 ? [`${lost} lost`] : []),
    ...(twice > 0 ? [`${twice} doubled`] : []),
    ...(isFelt && heard.firstMs === undefined ? ["silent"] : []),
    ...(says !== undefined && heard.firstMs !== undefined && !heard.has(says) ? [`did not say ${says}`] : []),
    ...(recoveredMs === undefined ? [`given up on: not well after ${patienceMs / 1000} s: ${health}`] : []),
  ];
}

/** What log and health say of a fault while it lasts. */
class Heard {
  readonly #lab: Lab;
  readonly #from: number;
  readonly #abort = new AbortController();
  readonly #sentences: string[] = [];
  #watching: Promise<void> = Promise.resolve();
  /** When the first thing was said, of `performance.now()`. */
  firstMs: number | undefined;

  constructor(lab: Lab) {
    this.#lab = lab;
    this.#from = lab.host.output.length;
  }
  open(): void {
    this.#watching = this.#watch();
  }
  async close(): Promise<void> {
    this.#abort.abort();
    await this.#watching;
  }
  has(pattern: RegExp): boolean {
    return this.#all().some((sentence) => pattern.test(sentence));
  }
  count(pattern: RegExp): number {
    return this.#logged().filter((sentence) => pattern.test(sentence)).length;
  }
  /** The one that fits, else the first. */
  sentence(pattern: RegExp | undefined): string {
    const all = this.#all();
    return all.find((sentence) => pattern?.test(sentence) === true) ?? all[0] ?? "";
  }

  #logged(): string[] {
    return this.#lab.said(this.#from).map(({ severity, sentence }) => `${severity} ${sentence}`);
  }
  #all(): string[] {
    return [...this.#logged(), ...this.#sentences];
  }
  async #watch(): Promise<void> {
    while (!this.#abort.signal.aborted) {
      for (const sentence of await sentencesOfHealth(this.#lab)) {
        if (!this.#sentences.includes(sentence)) this.#sentences.push(sentence);
      }
      if (this.firstMs === undefined && this.#all().length > 0) this.firstMs = performance.now();
      await Bun.sleep(100);
    }
  }
}

/** Why health is not well, one sentence a check; that it does not answer at all is for others to say. */
async function sentencesOfHealth(lab: Lab): Promise<string[]> {
  try {
    const { body } = await lab.host.health();
    const { checks } = JSON.parse(body) as {
      checks: Record<string, { status: string; observedValue?: unknown; output?: string }[]>;
    };
    return Object.entries(checks).flatMap(([name, all]) =>
      all
        .filter(({ status }) => status !== "pass")
        .map(
          ({ observedValue, output }) =>
            `health: ${name} ${String(observedValue)}${output === undefined ? "" : `: ${output}`}`,
        ),
    );
  } catch {
    return [];
  }
}
