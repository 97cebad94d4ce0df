/** The words that the benchmark, its homeserver and the programs it compares have in common. */
import type { Lack } from "../test/doubles/needs.ts";

export interface JobRequest {
  readonly accounts: number;
  readonly roomsPerAccount: number;
}

/** Messages `!ping N` to be answered `pong N`: at a pace, or as fast as they go. */
export interface Burst {
  readonly events: number;
  readonly perSecond?: number;
  /** Over all rooms of every account in turn, or in the first room of each. */
  readonly allRooms: boolean;
  /** Only these, counted from 0; all accounts, if not given. */
  readonly accounts?: readonly number[];
  /** How long no reply may come before the rest is counted as lost. */
  readonly patienceMs: number;
}

export interface Outcome {
  /** From the sync answer that carried the message to the PUT of its reply. */
  readonly latenciesMs: readonly number[];
  /** From the first message to the last reply. */
  readonly durationMs: number;
  readonly lost: number;
  readonly doubled: number;
}

/** When each account first asked for a sync, in Unix milliseconds with fractions; null for one that has not yet. */
export type SyncTimes = readonly (number | null)[];

/** What a program needs to know to do the job. */
export interface Job {
  readonly homeserverUrl: string;
  readonly accounts: readonly {
    readonly userId: string;
    readonly accessToken: string;
    readonly rooms: readonly string[];
  }[];
  /** An empty folder for its data. */
  readonly folder: string;
}

/** A program that can do the job. */
export interface Contender {
  readonly name: string;
  /** Why it cannot run on this machine; installs what it can. */
  findLack(): Promise<Lack | undefined>;
  /** Everything that is done once and not measured, such as writing its config. Answers the command that starts it. */
  prepare(job: Job): Promise<readonly string[]>;
}
