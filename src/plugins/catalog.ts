import { readFile, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { RoostError, sentenceOf } from "../core/error.ts";
import type { HostLogger } from "../core/log.ts";
import { openArchive } from "./archive.ts";
import { quote, refuse } from "./archive-refusal.ts";
import { type CatalogEntry, inspectPlugin } from "./catalog-entry.ts";
import { type Move, PluginFolder } from "./catalog-folder.ts";
import { compareVersions } from "./manifest-version.ts";
import { openFiles } from "./plugin-files.ts";

export interface CatalogOptions {
  /** `data_dir/plugins`. */
  readonly folder: string;
  readonly log: HostLogger;
  /** The absolute path of the interpreter that runs Python plugins; undefined when there is none. */
  readonly python: () => string | undefined;
  /** Ids that uploads may not take. */
  readonly builtIn: readonly string[];
}

/** A file or folder that is no usable plugin. */
export interface CatalogProblem {
  readonly file: string;
  readonly sentence: string;
}

export interface AddOptions {
  /** Else a plugin of the same id is a refusal. */
  readonly replace?: boolean;
  /** The id that it must have. */
  readonly id?: string;
  /** Takes it although something it needs is missing; then its info has an `obstacle`. */
  readonly allowMissing?: boolean;
}

export interface Addition {
  readonly entry: CatalogEntry;
  readonly previous: CatalogEntry | undefined;
  /** Puts the previous one back, for when the new one does not run. @throws RoostError `bad-request` after a further change. */
  rollBack(): Promise<void>;
}

interface Shelf {
  readonly entry: CatalogEntry;
  /** Other files of the same plugin, which it outranks. */
  readonly outranked: readonly string[];
}

/**
 * The plugins that were uploaded or dropped into a folder: archives (also links to read-only ones), and unpacked folders. A bad
 * one is a problem to show and never a failed start. Changes happen one after the other.
 */
export class PluginCatalog {
  readonly #options: CatalogOptions;
  readonly #folder: PluginFolder;
  #shelves = new Map<string, Shelf>();
  #problems: readonly CatalogProblem[] = [];
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: CatalogOptions) {
    this.#options = options;
    this.#folder = new PluginFolder(options.folder);
  }

  /** Reads the whole folder, changing nothing in it; again for what was dropped or installed since. Never fails. */
  open(): Promise<void> {
    return this.#inTurn(async () => {
      const found: CatalogEntry[] = [];
      const problems: CatalogProblem[] = [];
      try {
        for (const name of await this.#folder.names()) {
          try {
            const entry = await this.#inspect(join(this.#folder.path, name));
            if (entry !== undefined) found.push(entry);
          } catch (error) {
            problems.push({ file: name, sentence: faultOf(error) });
          }
        }
      } catch (error) {
        problems.push({ file: "", sentence: sentenceOf(error) });
      }
      this.#shelves = shelve(found);
      this.#report(problems);
    });
  }

  /** By id. */
  list(): readonly CatalogEntry[] {
    return [...this.#shelves.values()]
      .map(({ entry }) => entry)
      .sort((a, b) => (a.info.id < b.info.id ? -1 : 1));
  }

  problems(): readonly CatalogProblem[] {
    return this.#problems;
  }

  /** @throws RoostError `plugin-missing`. */
  get(id: string): CatalogEntry {
    return this.#shelf(id).entry;
  }

  /** One file of a plugin, read anew. @throws RoostError `plugin-missing`, `not-found`, `plugin-refused`. */
  async read(id: string, name: string): Promise<Uint8Array> {
    const { path } = this.get(id);
    return (await openFiles(path)).read(name);
  }

  /**
   * Validates an archive and takes it up; nothing is left of one that is refused.
   *
   * @throws RoostError `plugin-refused` saying what is wrong with it, `conflict` when there is one of its id, `bad-request` for
   * another id than wanted, `internal` when the disk refuses.
   */
  add(source: AsyncIterable<Uint8Array>, options: AddOptions = {}): Promise<Addition> {
    return this.#inTurn(async () => {
      await this.#folder.open();
      return this.#folder.receive(source, (temporary) => this.#take(temporary, options));
    });
  }

  /** Puts a plugin's files into `trash`. @throws RoostError `plugin-missing`, `internal`. */
  remove(id: string): Promise<void> {
    return this.#inTurn(async () => {
      const { entry, outranked } = this.#shelf(id);
      await this.#folder.discard([entry.path, ...outranked]);
      this.#shelves.delete(keyOf(id));
    });
  }

  async #take(temporary: string, options: AddOptions): Promise<Addition> {
    const inspection = await inspectPlugin(
      openArchive(await readFile(temporary)),
      basename(temporary),
      this.#options.python(),
    );
    const { id, version, obstacle, dependencies } = inspection.info;
    this.#checkId(id);
    const shelf = this.#shelves.get(keyOf(id));
    if (options.id !== undefined && options.id !== id) {
      throw new RoostError(
        "bad-request",
        `The archive holds the plugin ${id}, not ${quote(options.id)}. Upload the right one.`,
      );
    }
    if (shelf !== undefined && options.replace !== true) {
      throw new RoostError(
        "conflict",
        `The plugin ${id} is here already, in version ${shelf.entry.info.version}. Say that it is to be replaced.`,
      );
    }
    const isMissing = dependencies.some(({ isRequired, remedy }) => isRequired && remedy !== undefined);
    if (isMissing && obstacle !== undefined && options.allowMissing !== true) refuse(obstacle);
    const file = `${id}-v${version}.mbp`;
    const path = join(this.#folder.path, file);
    const replaced = shelf === undefined ? [] : [shelf.entry.path, ...shelf.outranked];
    const moves = await this.#folder.place(temporary, file, replaced);
    const entry = { ...inspection, info: { ...inspection.info, file }, path, isFolder: false };
    const now: Shelf = { entry, outranked: [] };
    this.#shelves.set(keyOf(id), now);
    this.#report(this.#problems.filter((problem) => problem.file !== file));
    return {
      entry,
      previous: shelf?.entry,
      rollBack: () => this.#inTurn(() => this.#rollBack(now, shelf, moves)),
    };
  }

  async #rollBack(now: Shelf, before: Shelf | undefined, moves: readonly Move[]): Promise<void> {
    const { id } = now.entry.info;
    if (this.#shelves.get(keyOf(id)) !== now) {
      throw new RoostError(
        "bad-request",
        `The plugin ${id} has changed since then, so there is nothing to undo.`,
      );
    }
    await this.#folder.discard([now.entry.path]);
    await this.#folder.restore(moves);
    if (before === undefined) this.#shelves.delete(keyOf(id));
    else this.#shelves.set(keyOf(id), before);
  }

  /** Undefined for what does not claim to be a plugin, such as a read-me. */
  async #inspect(path: string): Promise<CatalogEntry | undefined> {
    const isFolder = (await stat(path)).isDirectory();
    if (!isFolder && !/\.(?:mbp|zip)$/i.test(path)) return undefined;
    const inspection = await inspectPlugin(await openFiles(path), basename(path), this.#options.python());
    this.#checkId(inspection.info.id);
    return { ...inspection, path, isFolder };
  }

  #checkId(id: string): void {
    if (this.#options.builtIn.some((name) => keyOf(name) === keyOf(id))) {
      refuse(`The id ${id} belongs to a plugin that is built in. Give this one another id in maubot.yaml.`);
    }
  }

  #shelf(id: string): Shelf {
    const shelf = this.#shelves.get(keyOf(id));
    if (shelf !== undefined && shelf.entry.info.id === id) return shelf;
    throw new RoostError("plugin-missing", `There is no plugin ${quote(id)} here. Upload it first.`);
  }

  #report(problems: readonly CatalogProblem[]): void {
    const { log } = this.#options;
    for (const { file, sentence } of problems) {
      const where = file === "" ? this.#folder.path : file;
      log.raise("WARN", { key: keyOfProblem(file) }, `The plugin file ${where} is not used: ${sentence}`);
    }
    const remaining = new Set(problems.map(({ file }) => file));
    for (const { file } of this.#problems) {
      if (!remaining.has(file))
        log.clear(keyOfProblem(file), `The plugin file ${file} is no longer a problem.`);
    }
    this.#problems = problems;
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => undefined);
    return turn;
  }
}

function faultOf(error: unknown): string {
  if (error instanceof RoostError) return error.message;
  return `It cannot be read: ${sentenceOf(error)}. Check that it is there and that Roost's user may read it.`;
}

/** One shelf for each id: the newest version, with a warning that names what it outranks. */
function shelve(entries: readonly CatalogEntry[]): Map<string, Shelf> {
  const shelves = new Map<string, Shelf>();
  const oldestFirst = [...entries].sort((a, b) => compareVersions(a.info.version, b.info.version));
  for (const entry of oldestFirst) {
    const older = shelves.get(keyOf(entry.info.id));
    if (older === undefined) {
      shelves.set(keyOf(entry.info.id), { entry, outranked: [] });
      continue;
    }
    const warning = `${basename(older.entry.path)} (version ${older.entry.info.version}) is the same plugin and not used: the newest is. Remove one of them.`;
    shelves.set(keyOf(entry.info.id), {
      entry: { ...entry, warnings: [...entry.warnings, warning] },
      outranked: [...older.outranked, older.entry.path],
    });
  }
  return shelves;
}

/** Ids that differ only in letter case are one: their files might be. */
function keyOf(id: string): string {
  return id.toLowerCase();
}

function keyOfProblem(file: string): string {
  return `plugin-file ${file}`;
}
