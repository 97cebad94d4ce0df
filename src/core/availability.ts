import type { InstanceId } from "./id.ts";

/** How long an instance was to run, and did: their ratio is what a user of it means by availability. */
export interface Availability {
  /** Time in which people wanted it to run, the host's own downtime included. */
  readonly wantedMs: number;
  readonly runningMs: number;
}

/** A part of one hour, counted in hours of Unix time. */
export interface Span extends Availability {
  readonly instance: InstanceId;
  readonly hour: number;
}

/** A sign that the host was there, and which instances people wanted then. */
export interface Beat {
  readonly atMs: number;
  readonly wanted: readonly InstanceId[];
}

/** Keeps it across restarts of the host. Errors are RoostErrors `database`. */
export interface AvailabilityStore {
  loadBeat(): Beat | undefined;
  /** What each instance comes to, in that hour and all later ones. */
  sumsSince(hour: number): ReadonlyMap<InstanceId, Availability>;
  /** Adds the spans to what is there and moves the beat, in one transaction. Forgets what is more than seven days old. */
  add(beat: Beat, spans: readonly Span[]): void;
}
