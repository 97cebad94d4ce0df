/** One backup as it lies in the data folder. */
export interface BackupInfo {
  /** Its folder's name: the UTC time at which it was made. */
  readonly name: string;
  readonly folder: string;
  readonly madeAtMs: number;
  readonly sizeBytes: number;
  /** Whose databases it holds: `host` and names of instances. */
  readonly databases: readonly string[];
}

export interface RestoreRequest {
  /** `host`, `all`, or an instance's name. */
  readonly what: string;
  /** A backup's name; the newest good one when left out. */
  readonly from?: string | undefined;
  /** Begin with an empty database instead. */
  readonly empty?: boolean | undefined;
}

/** What was put in the place of one database. */
export interface Restored {
  readonly database: string;
  /** The backup's name; undefined for an empty one. */
  readonly from: string | undefined;
  readonly madeAtMs: number | undefined;
  /** Where the database that was there before is kept; undefined when there was none. */
  readonly aside: string | undefined;
}

/** Backups for an operator. Every method throws RoostErrors whose message is the sentence to show. */
export interface BackupControl {
  backUp(): Promise<BackupInfo>;
  /** Newest first. */
  backups(): readonly BackupInfo[];
  restore(request: RestoreRequest): Promise<readonly Restored[]>;
}
