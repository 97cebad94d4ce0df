/** What came of an instance since the host started. */
export interface Tally {
  received: number;
  handled: number;
  failed: number;
  sent: number;
  /** What the bot itself counted. */
  readonly counted: Map<string, number>;
}

export function newTally(): Tally {
  return { received: 0, handled: 0, failed: 0, sent: 0, counted: new Map() };
}
