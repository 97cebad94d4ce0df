import { accessSync, constants, statfsSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { RoostError, sentenceOf } from "../../core/error.ts";
import type { InstanceId } from "../../core/id.ts";
import { largestCheckedBytes } from "../../store/database.ts";
import type { HostNotes } from "../../store/host-notes.ts";
import { OpenFile } from "../../store/open-file.ts";
import { runDatabaseTask } from "./database-tasks.ts";

export interface InstanceDatabasesOptions {
  readonly dataDir: string;
  readonly notes: HostNotes;
  /** The database that a run has open cannot be used any more: end it. */
  readonly onTrouble: (id: InstanceId, error: RoostError) => void;
  /** Another file stands where one was lost: try it. */
  readonly onReturn: (id: InstanceId) => void;
}

const lookEveryMs = 1_000;
const retryAfterMs = 2_000;
/** Reading all of a database costs 7 ms a megabyte, in a worker: not after every write to its file. */
const checkEveryMs = 10_000;
/**
 * With less than this free, or than this share of a small disk, a run is ended before the disk is full: SQLite has the index of its
 * log mapped into memory, and where a disk has no room for it (btrfs) the next write is a bus error, which ends the whole host.
 */
const scarceBytes = 16_000_000;
const scarceShare = 0.02;

interface Opened {
  /** Device and inode. */
  readonly identity: string;
  readonly file: OpenFile;
  checkedAtMs: number;
  isReported: boolean;
}

export function instanceDatabaseFile(dataDir: string, id: string): string {
  return join(dataDir, "instances", id, "data.db");
}

/**
 * What becomes of the instances' databases beside what their plugins do with them: never makes a new one where one was lost, and
 * notices within a second when a file is deleted, replaced, overwritten or made read-only under a run, or stands in its place
 * again. What is written into the middle of a file is found by reading all of it, some seconds later.
 */
export class InstanceDatabases {
  readonly #options: InstanceDatabasesOptions;
  /** What each run has open. */
  readonly #open = new Map<InstanceId, Opened>();
  /** How the place of each lost one looked when it was found lost. */
  readonly #lost = new Map<InstanceId, string>();
  readonly #held = new Set<InstanceId>();
  #timer: Timer | undefined;

  constructor(options: InstanceDatabasesOptions) {
    this.#options = options;
  }

  open(): void {
    this.#timer = setInterval(() => this.#look(), lookEveryMs);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  /** To be called before a start. Throws RoostError `database-lost` when there was one and is none, or `database-busy`. */
  requireUsable(id: InstanceId): void {
    if (this.#held.has(id)) {
      throw new RoostError("database-busy", "Its database is being restored.", { retryAfterMs });
    }
    const file = this.#fileOf(id);
    const found = statSync(file, { throwIfNoEntry: false });
    if (found !== undefined && found.size > 0) {
      requireWritable(file);
      // Twice as much, so that it is not ended again at once.
      requireRoom(file, 2);
      return;
    }
    if (!this.#options.notes.hadDatabase(id)) return;
    const what = found === undefined ? "is gone" : "is empty";
    throw this.explain(id, new RoostError("database-lost", `The database ${file} ${what}.`));
  }

  /** To be called once a run has its database open. */
  noteOpen(id: InstanceId): void {
    const { notes } = this.#options;
    this.noteClosed(id);
    this.#lost.delete(id);
    const file = this.#fileOf(id);
    const identity = identityOf(file);
    // A plugin in Python may have none, or make it later.
    if (identity === "") return;
    const state = { checkedAtMs: Number.NEGATIVE_INFINITY, isReported: false };
    this.#open.set(id, { identity, file: new OpenFile(file), ...state });
    if (!notes.hadDatabase(id)) notes.saveHadDatabase(id);
  }

  /** To be called once a run has closed its database. */
  noteClosed(id: InstanceId): void {
    this.#open.get(id)?.file.close();
    this.#open.delete(id);
  }

  /** What to say of an error with an instance's database: what happened, and which command mends it. A lost one is watched for. */
  explain(id: InstanceId, error: RoostError): RoostError {
    if (error.code !== "database-lost") {
      const sentence = `${sentenceOf(error)} It goes on by itself once that is mended.`;
      return new RoostError("database-busy", sentence, { cause: error, retryAfterMs });
    }
    const command = `roost restore ${id}`;
    const sentence = `${sentenceOf(error)} Nothing more is written to it, and messages wait. Put the file back, or run: ${command}`;
    if (!this.#lost.has(id)) this.#lost.set(id, signatureOf(this.#fileOf(id)));
    return new RoostError("database-lost", sentence, { cause: error });
  }

  /** Keeps an instance from being started while `work` changes its file; the caller has to end its run. */
  async hold<Result>(id: InstanceId, work: () => Promise<Result>): Promise<Result> {
    if (this.#held.has(id)) throw new RoostError("usage", `The database of ${id} is being restored already.`);
    this.#held.add(id);
    try {
      return await work();
    } finally {
      this.#held.delete(id);
    }
  }

  #fileOf(id: InstanceId): string {
    return instanceDatabaseFile(this.#options.dataDir, id);
  }

  #look(): void {
    for (const [id, opened] of this.#open) {
      if (opened.isReported || this.#held.has(id)) continue;
      const trouble = troubleOf(this.#fileOf(id), opened);
      if (trouble !== undefined) this.#report(id, trouble);
      else if (performance.now() - opened.checkedAtMs >= checkEveryMs && opened.file.wasWritten())
        void this.#check(id, opened);
    }
    for (const [id, signature] of this.#lost) {
      const now = signatureOf(this.#fileOf(id));
      if (now === signature) continue;
      this.#lost.set(id, now);
      if (now !== "") this.#options.onReturn(id);
    }
  }

  /** Once for each run: it is ended, and closes then. */
  #report(id: InstanceId, trouble: RoostError): void {
    const opened = this.#open.get(id);
    if (opened === undefined || opened.isReported) return;
    opened.isReported = true;
    // As it was found, for it may be mended before its run has ended.
    if (trouble.code === "database-lost") this.#lost.set(id, signatureOf(this.#fileOf(id)));
    this.#options.onTrouble(id, trouble);
  }

  async #check(id: InstanceId, opened: Opened): Promise<void> {
    opened.checkedAtMs = performance.now();
    const file = this.#fileOf(id);
    if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) > largestCheckedBytes) return;
    const error = await runDatabaseTask({ file }).catch((reason: unknown) => reason);
    const isLost = error instanceof RoostError && error.code === "database-lost";
    if (isLost && this.#open.get(id) === opened && identityOf(file) === opened.identity)
      this.#report(id, error);
  }
}

function troubleOf(file: string, { identity, file: opened }: Opened): RoostError | undefined {
  const found = identityOf(file);
  if (found === "") return new RoostError("database-lost", `The database ${file} was deleted or moved away.`);
  if (found !== identity)
    return new RoostError("database-busy", `The database ${file} was replaced under the bot.`, {
      retryAfterMs,
    });
  try {
    if (!opened.beginsWell())
      return new RoostError(
        "database-lost",
        `The database ${file} is damaged: something else wrote over it.`,
      );
    requireWritable(file);
    requireRoom(file, 1);
    return undefined;
  } catch (error) {
    return error instanceof RoostError ? error : new RoostError("database-busy", sentenceOf(error));
  }
}

function requireWritable(file: string): void {
  try {
    for (const path of [file, dirname(file)]) accessSync(path, constants.W_OK);
  } catch (error) {
    throw new RoostError(
      "database-busy",
      `The database ${file} cannot be written: ${sentenceOf(error)}. Make it and its folder writable for the user Roost runs as.`,
      { cause: error, retryAfterMs },
    );
  }
}

function requireRoom(file: string, factor: number): void {
  const { bavail, blocks, bsize } = statfsSync(dirname(file));
  const freeBytes = bavail * bsize;
  if (freeBytes >= factor * Math.min(scarceBytes, scarceShare * blocks * bsize)) return;
  throw new RoostError(
    "database-busy",
    `The disk of ${file} is full: ${Math.round(freeBytes / 1000)} kB are free. Free some disk space.`,
    { retryAfterMs },
  );
}

/** Tells one file from another; empty when there is none. */
function identityOf(file: string): string {
  try {
    const { dev, ino } = statSync(file);
    return `${dev}:${ino}`;
  } catch {
    return "";
  }
}

/** Changes when the file does; empty when there is none. */
function signatureOf(file: string): string {
  try {
    const { dev, ino, size, mtimeMs } = statSync(file);
    return `${dev}:${ino}:${size}:${mtimeMs}`;
  } catch {
    return "";
  }
}
