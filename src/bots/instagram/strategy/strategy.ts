import type { Logger } from "../../../core/log.ts";
import type { Http, Turn } from "../../../core/plugin.ts";
import type { Answer, Reading } from "../extract/index.ts";
import type { Link } from "../link.ts";
import type { Settings } from "../settings.ts";
import type { StrategyState } from "../strategy-state.ts";

/** What a strategy may use. */
export interface Means {
  readonly http: Http;
  readonly settings: Settings;
  readonly signal: AbortSignal;
  readonly log: Logger;
  /** The instance's folder for files. */
  readonly folder: string;
  readonly state: StrategyState;
  /** Takes uses of the allowance, before every request to Instagram. Throws NoTurn when they are not all granted. */
  pay(requests: number): Promise<void>;
}

/** What one strategy came to. */
export interface Attempt extends Reading {
  /** What was answered last, for the sample of a shape that was not understood. */
  readonly answer?: Answer;
  /** Instagram turns away whoever comes from this address. */
  readonly isLimited?: boolean;
  /** How long Instagram asked us to wait. */
  readonly retryAfterMs?: number | undefined;
  /** Nobody else would be told anything else. */
  readonly isFinal?: boolean;
}

/** One way to a post or profile: a small function from a response to what it says, or why it says nothing. */
export interface Strategy {
  /** Whether it can be used at all, here and now. Absent: always. */
  isUsable?(means: Means): Promise<boolean> | boolean;
  /** It reads as somebody who is logged in, who may see more than strangers. */
  readonly isLoggedIn?: true;
  /** Throws NoTurn, and what `Http` throws. */
  fetch(link: Link, means: Means): Promise<Attempt>;
}

/** The allowance did not grant a request: the strategy begins again when it does. */
export class NoTurn extends Error {
  readonly turn: Extract<Turn, { granted: false }>;

  constructor(turn: Extract<Turn, { granted: false }>) {
    super("The allowance is used up.");
    this.name = "NoTurn";
    this.turn = turn;
  }
}
