import { statfsSync } from "node:fs";
import type { HostLogger } from "../../core/log.ts";
import type { HostSnapshot } from "../../core/status.ts";

type Space = NonNullable<HostSnapshot["disk"]>;
type Shortage = "WARN" | "ERROR";

const lookEveryMs = 60_000;
const megabyte = 1_000_000;
/** A tenth of a large disk is no shortage. */
const shortShare = 0.1;
const amplyBytes = 5_000 * megabyte;
const shortBytes = 200 * megabyte;
const scarceBytes = 50 * megabyte;
/** What is over has to be over by this much, so that it isn't again a minute later. */
const hysteresis = 1.2;

/** How bad it is, given how bad it was. */
export function shortageOf(
  { freeBytes, totalBytes }: Space,
  was: Shortage | undefined,
): Shortage | undefined {
  const isBelow = (bytes: number, isKnown: boolean) => freeBytes < bytes * (isKnown ? hysteresis : 1);
  if (isBelow(scarceBytes, was === "ERROR")) return "ERROR";
  const warnBelowBytes = Math.max(shortBytes, Math.min(shortShare * totalBytes, amplyBytes));
  return isBelow(warnBelowBytes, was !== undefined) ? "WARN" : undefined;
}

/** Says in time that the data folder's disk fills up: databases stop taking writes on a full one. */
export class DiskWatch {
  readonly #folder: string;
  readonly #log: HostLogger;
  #timer: Timer | undefined;
  #space: Space | undefined;
  #shortage: Shortage | undefined;

  constructor(folder: string, log: HostLogger) {
    this.#folder = folder;
    this.#log = log;
  }

  open(): void {
    this.#look();
    this.#timer = setInterval(() => this.#look(), lookEveryMs);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  space(): Space | undefined {
    return this.#space;
  }

  #look(): void {
    try {
      const { bavail, blocks, bsize } = statfsSync(this.#folder);
      this.#space = { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
    } catch {
      // A folder that is gone is reported with the database in it.
      this.#space = undefined;
      return;
    }
    const shortage = shortageOf(this.#space, this.#shortage);
    const free = `${Math.round(this.#space.freeBytes / megabyte)} MB`;
    if (shortage === undefined) {
      this.#log.clear("disk", `The disk of ${this.#folder} has room again: ${free} are free.`);
    } else if (shortage !== this.#shortage) {
      const what = shortage === "ERROR" ? "almost full: soon nothing can be written" : "filling up";
      this.#log.raise(
        shortage,
        { key: "disk", command: `du -xh --max-depth=2 ${this.#folder}` },
        `The disk of ${this.#folder} is ${what}, ${free} are free. Free some disk space.`,
      );
    }
    this.#shortage = shortage;
  }
}
