import { closeSync, constants, fstatSync, openSync } from "node:fs";
import type { LoadedConfig } from "../core/config.ts";
import type { UserId } from "../core/id.ts";
import { loadSources } from "./load.ts";
import { ParsedFiles } from "./parsed-files.ts";
import { type LoadOptions, type ReadSources, readSources } from "./sources.ts";

/** What the files of a config say, each by itself and all together. */
export interface ReadConfig {
  readonly sources: ReadSources;
  readonly loaded: LoadedConfig;
}

/** All that a reading depends on, to tell whether it is as it was. */
interface Surroundings {
  readonly parts: readonly unknown[];
  /** When the youngest of the files changed. */
  readonly changedMs: number;
}

/**
 * Reads a config's files, and again only once anything is not as it was: a file, what a folder holds, a secret, the plugins there
 * are, who has logged in. Reading fifty files takes milliseconds of the thread that serves the bots, and looking whether they
 * are the same takes a fraction of one.
 */
export class ConfigReader {
  readonly file: string;
  readonly options: LoadOptions;
  #last: ReadConfig | undefined;
  /** In which the last reading was made; undefined if that may have changed unseen. */
  #surroundings: Surroundings | undefined;

  /** File systems tell time coarsely: of two changes within this time, the second may bear the first one's. */
  readonly #settledAfterMs: number;

  constructor(file: string, options: LoadOptions, settledAfterMs = 2_000) {
    this.#settledAfterMs = settledAfterMs;
    this.file = file;
    this.options = { parsed: new ParsedFiles(), ...options };
  }

  /** Never throws; see `loadConfig`. The same answer as before while nothing has changed. */
  read(): ReadConfig {
    const beganMs = Date.now();
    const before = this.#look();
    if (this.#last !== undefined && areSame(before, this.#surroundings)) return this.#last;
    const sources = readSources(this.file, this.options);
    this.#last = { sources, loaded: loadSources(this.file, sources, this.options) };
    const after = this.#look();
    const isSettled = after !== undefined && after.changedMs < beganMs - this.#settledAfterMs;
    this.#surroundings = isSettled && areSame(before, after) ? after : undefined;
    return this.#last;
  }

  /** At what the last reading depended on; undefined before the first. */
  #look(): Surroundings | undefined {
    if (this.#last === undefined) return undefined;
    const { plugins, hasLoggedIn } = this.options;
    const { watched, config } = this.#last.loaded;
    const marks = watched.map(markOf);
    const userIds: UserId[] = [...(config?.accounts.keys() ?? [])];
    return {
      parts: [
        ...watched,
        ...marks.map(({ text }) => text),
        ...plugins.names().flatMap((name) => [name, plugins.find(name)]),
        ...userIds.map((userId) => hasLoggedIn?.(config?.dataDir ?? "", userId)),
      ],
      changedMs: Math.max(0, ...marks.map(({ changedMs }) => changedMs)),
    };
  }
}

function areSame(a: Surroundings | undefined, b: Surroundings | undefined): boolean {
  if (a === undefined || b === undefined || a.parts.length !== b.parts.length) return false;
  return a.parts.every((part, index) => part === b.parts[index]);
}

/** Which file it is and when it changed. It is opened for that: over a network, only then the present answer is certain. */
function markOf(path: string): { readonly text: string; readonly changedMs: number } {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const { dev, ino, size, mode, mtimeNs, ctimeNs } = fstatSync(descriptor, { bigint: true });
    return {
      text: [dev, ino, size, mode, mtimeNs, ctimeNs].join(),
      changedMs: Number((mtimeNs > ctimeNs ? mtimeNs : ctimeNs) / 1_000_000n),
    };
  } catch (error) {
    return { text: error instanceof Error && "code" in error ? String(error.code) : "unknown", changedMs: 0 };
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}
