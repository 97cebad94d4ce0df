import type { JsonObject } from "../core/json.ts";
import type { Dialect } from "./dialect.ts";
import type { Stream } from "./stream.ts";

/** What a faulty homeserver (or the proxy before it) does instead of answering properly. */
export type FaultAnswer =
  | {
      readonly kind: "error";
      readonly status: number;
      readonly body: JsonObject;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** A 429 in the words of the dialect: only Synapse says how long to wait, and it too only if it is given here. */
  | { readonly kind: "rate-limited"; readonly retryAfterMs?: number }
  /** What a reverse proxy says when its homeserver is away. */
  | { readonly kind: "html"; readonly status: number; readonly headers?: Readonly<Record<string, string>> }
  /** Nothing is carried out and nothing comes until the fault is removed; then the connection is cut. */
  | { readonly kind: "hang" }
  /** Nothing is carried out; the connection is cut. */
  | { readonly kind: "drop" }
  /** Carried out; the connection is cut in the middle of the answer's body. */
  | { readonly kind: "half" }
  /** Carried out; the connection is cut before the answer: what makes a client repeat a transaction. */
  | { readonly kind: "lost-answer" }
  /** Carried out and answered, under a name that is not JSON's: what a proxy that guesses does. */
  | { readonly kind: "mislabelled"; readonly contentType: string }
  /** Carried out properly, but only after a while. */
  | { readonly kind: "delay"; readonly delayMs: number };

export interface Fault {
  readonly method?: string;
  /** Tested against the path with its percent-escapes undone, without the query. */
  readonly path: RegExp;
  /** Only requests with this user's token. */
  readonly user?: string;
  /** How many requests it meets; all, if not given. */
  readonly times?: number;
  readonly answer: FaultAnswer;
}

/** A fault in force. */
export class InjectedFault {
  readonly fault: Fault;
  readonly #released = new AbortController();
  /** How many requests it has met. */
  hits = 0;

  constructor(fault: Fault) {
    this.fault = fault;
  }
  /** Aborted once the fault is removed: requests it holds are let go. */
  get released(): AbortSignal {
    return this.#released.signal;
  }
  meets(method: string, path: string, user: string | undefined): boolean {
    const { fault } = this;
    if (this.released.aborted || this.hits >= (fault.times ?? Number.POSITIVE_INFINITY)) return false;
    if (fault.method !== undefined && fault.method !== method) return false;
    if (fault.user !== undefined && fault.user !== user) return false;
    return path.search(fault.path) >= 0;
  }
  remove(): void {
    this.#released.abort();
  }
}

/** Everything a test can make this homeserver do wrong. */
export class Faults {
  readonly #dialect: Dialect;
  readonly #stream: Stream;
  #injected: InjectedFault[] = [];
  #timelineLimit = Number.POSITIVE_INFINITY;
  #repeat = 0;
  #forgotten = 0;
  #isDisordered = false;
  #stateBytes = 0;

  constructor(dialect: Dialect, stream: Stream) {
    this.#dialect = dialect;
    this.#stream = stream;
  }

  /** Puts a fault in force. Of several that meet a request, the oldest answers it. */
  inject(fault: Fault): InjectedFault {
    const injected = new InjectedFault(fault);
    this.#injected.push(injected);
    return injected;
  }
  /** Removes all faults that last; what was forgotten stays so. */
  clear(): void {
    for (const injected of this.#injected) injected.remove();
    this.#injected = [];
    this.#timelineLimit = Number.POSITIVE_INFINITY;
    this.#repeat = 0;
    this.#isDisordered = false;
    this.#stateBytes = 0;
  }
  /** No sync gives more than so many events a room: what is beyond is a gap (`limited`). */
  limitTimeline(events: number): void {
    this.#timelineLimit = events;
  }
  /** As after a database reset: positions start again from 0, so every `since` given so far lies in the future. */
  forgetSince(): void {
    this.#forgotten = this.#stream.end;
  }
  /** The next sync that has a `since` gives so many of the newest changes again. */
  repeatEvents(changes: number): void {
    this.#repeat = changes;
  }
  /** Every sync gives a room's events newest first. */
  disorderEvents(): void {
    this.#isDisordered = true;
  }
  /** Every sync's part of a room carries so many bytes of state more, whatever the filter asks for. */
  swellState(bytes: number): void {
    this.#stateBytes = bytes;
  }

  take(method: string, path: string, user: string | undefined): InjectedFault | undefined {
    const met = this.#injected.find((injected) => injected.meets(method, path, user));
    if (met !== undefined) met.hits += 1;
    return met;
  }
  timelineLimit(asked: number): number {
    return Math.min(asked, this.#timelineLimit);
  }
  get isDisordered(): boolean {
    return this.#isDisordered;
  }
  get stateBytes(): number {
    return this.#stateBytes;
  }
  takeRepeat(): number {
    const repeat = this.#repeat;
    this.#repeat = 0;
    return repeat;
  }
  syncToken(position: number): string {
    return this.#dialect.syncToken(position - this.#forgotten);
  }
  pageToken(position: number): string {
    return this.#dialect.pageToken(position - this.#forgotten);
  }
  /** The stream position a token stands for; undefined if it is none of this server's. */
  position(token: string): number | undefined {
    const position = this.#dialect.position(token);
    return position === undefined ? undefined : position + this.#forgotten;
  }
}
