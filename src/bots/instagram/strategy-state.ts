import type { Database } from "bun:sqlite";
import type { Tokens } from "./strategy/tokens.ts";

const firstBackoffMs = 2 * 60_000;
const longestBackoffMs = 2 * 60 * 60_000;
const brokenInARow = 5;
const brokenForMs = 10 * 60_000;
const restMs = 6 * 60 * 60_000;
const tokensKeptMs = 6 * 60 * 60_000;

interface Backoff {
  readonly untilMs: number;
  readonly lengthMs: number;
}

interface Shape {
  /** Answers not understood, one after the other, and since when. */
  readonly broken: number;
  readonly sinceMs: number;
  readonly restUntilMs: number;
}

const noBackoff: Backoff = { untilMs: 0, lengthMs: 0 };
const fineShape: Shape = { broken: 0, sinceMs: 0, restUntilMs: 0 };

/**
 * What the strategies have learned about Instagram and keep across restarts: how long to keep away, which strategy no longer
 * understands the answers, the tokens of the last page. What is true for this run only, such as a session that is used up, is
 * kept beside it.
 */
export class StrategyState {
  readonly #db: Database;
  readonly #notedOnce = new Set<string>();

  constructor(db: Database) {
    this.#db = db;
  }

  open(): void {
    this.#db.run(
      "CREATE TABLE IF NOT EXISTS strategy_state (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID",
    );
  }

  /**
   * Instagram turned us away: until when nothing is to be asked. Each time it does so anew the distance doubles, unless it
   * named one itself.
   */
  backOff(nowMs: number, toldMs?: number): number {
    const { untilMs, lengthMs } = this.#read("backoff", noBackoff);
    const isNew = nowMs >= untilMs;
    const nextMs = isNew ? Math.min(Math.max(lengthMs * 2, firstBackoffMs), longestBackoffMs) : lengthMs;
    const until = toldMs === undefined ? (isNew ? nowMs + nextMs : untilMs) : nowMs + toldMs;
    this.#write("backoff", { untilMs: until, lengthMs: nextMs });
    return until;
  }
  /** When the present backoff ends; in the past if there is none. */
  get heldUntilMs(): number {
    return this.#read("backoff", noBackoff).untilMs;
  }
  endBackoff(): void {
    if (this.#read("backoff", noBackoff).lengthMs > 0) this.#write("backoff", noBackoff);
  }

  isRested(strategy: string, nowMs: number): boolean {
    return this.#read(`shape ${strategy}`, fineShape).restUntilMs > nowMs;
  }
  /** Notes an answer in a shape that was not understood; true when the strategy is rested from now on. */
  noteBroken(strategy: string, nowMs: number): boolean {
    const { broken, sinceMs } = this.#read(`shape ${strategy}`, fineShape);
    const shape = { broken: broken + 1, sinceMs: broken === 0 ? nowMs : sinceMs, restUntilMs: 0 };
    const isOver = shape.broken >= brokenInARow && nowMs - shape.sinceMs >= brokenForMs;
    this.#write(`shape ${strategy}`, isOver ? { ...fineShape, restUntilMs: nowMs + restMs } : shape);
    return isOver;
  }
  noteUnderstood(strategy: string): void {
    if (this.#read(`shape ${strategy}`, fineShape).broken > 0) this.#write(`shape ${strategy}`, fineShape);
  }

  tokens(nowMs: number): Tokens | undefined {
    const kept = this.#read<{ tokens?: Tokens; readAtMs: number }>("tokens", { readAtMs: 0 });
    return kept.readAtMs > nowMs - tokensKeptMs ? kept.tokens : undefined;
  }
  keepTokens(tokens: Tokens, nowMs: number): void {
    this.#write("tokens", { tokens, readAtMs: nowMs });
  }

  forgetTokens(): void {
    this.#write("tokens", { readAtMs: 0 });
  }

  /** True the first time in this run, for what is said or done only once until the instance restarts. */
  isFirst(what: string): boolean {
    const isFirst = !this.#notedOnce.has(what);
    this.#notedOnce.add(what);
    return isFirst;
  }
  has(what: string): boolean {
    return this.#notedOnce.has(what);
  }

  #read<Value>(key: string, otherwise: Value): Value {
    const row = this.#db
      .query<{ value: string }, [string]>("SELECT value FROM strategy_state WHERE key = ?")
      .get(key);
    return row === null ? otherwise : (JSON.parse(row.value) as Value);
  }
  #write(key: string, value: object): void {
    this.#db.query("INSERT OR REPLACE INTO strategy_state VALUES (?, ?)").run(key, JSON.stringify(value));
  }
}
