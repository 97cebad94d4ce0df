import { lstatSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { RoostError, sentenceOf } from "../../core/error.ts";
import type { HostLogger } from "../../core/log.ts";
import { openArchive } from "../archive/archive.ts";
import { quote, refuse } from "../archive/refusal.ts";
import { type CatalogEntry, inspectPlugin } from "./entry.ts";
import { openFiles } from "./files.ts";
import { PluginFolder } from "./folder.ts";
import { CatalogReader, copyPlugin, type Reading } from "./reader.ts";
import { isSame, keyOf, type Shelf, shelve, shown } from "./shelf.ts";

export interface CatalogOptions {
  /** `data_dir/plugins`. */
  readonly folder: string;
  readonly log: HostLogger;
  /** The absolute path of the interpreter that runs Python plugins; undefined when there is none. */
  readonly python: () => string | undefined;
  /** Ids that uploads may not take. */
  readonly builtIn: readonly string[];
  /** Copies what it reads, so that what runs goes on whatever becomes of the files. */
  readonly keepsCopies?: boolean;
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

/**
 * The plugins that were uploaded or dropped into a folder: archives (also links to read-only ones), and unpacked folders. A bad
 * one is a problem to show and never a failed start. Changes happen one after the other.
 */
export class PluginCatalog {
  readonly #options: CatalogOptions;
  readonly #folder: PluginFolder;
  readonly #reader: CatalogReader;
  #shelves = new Map<string, Shelf>();
  #problems: readonly CatalogProblem[] = [];
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: CatalogOptions) {
    this.#options = options;
    this.#folder = new PluginFolder(options.folder);
    this.#reader = new CatalogReader({
      folder: this.#folder,
      copies: options.keepsCopies === true ? join(options.folder, ".kept") : undefined,
      python: options.python,
      checkId: (id) => this.#checkId(id),
    });
  }

  /** Reads the whole folder, changing nothing in it. Never fails. */
  open(): Promise<void> {
    return this.#inTurn(async () => {
      try {
        const readings = await this.#reader.readAll();
        this.#shelves = shelve(entriesOf(readings));
        this.#report(problemsOf(readings));
      } catch (error) {
        this.#shelves = new Map();
        this.#report([{ file: "", sentence: sentenceOf(error) }]);
      }
    });
  }

  /**
   * Takes up what was dropped, changed or removed in the folder since, at once or as far as it was left alone since the last look.
   * Answers the plugins that are others now. One whose file is bad now, or gone while it `isUsed`, stays as it is. Never fails.
   */
  look(isUsed: (id: string) => boolean, { atOnce = false } = {}): Promise<readonly Addition[]> {
    return this.#inTurn(async () => {
      try {
        const readings = await this.#reader.readChanged(atOnce);
        return readings === undefined ? [] : this.#takeUp(readings, isUsed);
      } catch (error) {
        this.#report([{ file: "", sentence: sentenceOf(error) }]);
        return [];
      }
    });
  }

  /** Judges Python plugins once more, or one: what they lacked may have been installed since. */
  inspectAgain(id?: string): Promise<void> {
    return this.#inTurn(async () => {
      for (const [key, { entry, outranked }] of this.#shelves) {
        if (entry.info.language !== "python" || (id !== undefined && key !== keyOf(id))) continue;
        const again = await this.#reader.inspectAgain(entry).catch(() => entry);
        this.#shelves.set(key, { entry: again, outranked });
      }
    });
  }

  /** By id. */
  list(): readonly CatalogEntry[] {
    return [...this.#shelves.values()].map(shown).sort((a, b) => (a.info.id < b.info.id ? -1 : 1));
  }

  problems(): readonly CatalogProblem[] {
    return this.#problems;
  }

  /** @throws RoostError `plugin-missing`. */
  get(id: string): CatalogEntry {
    return shown(this.#shelf(id));
  }

  /** One file of a plugin, read anew. @throws RoostError `plugin-missing`, `not-found`, `plugin-refused`. */
  async read(id: string, name: string): Promise<Uint8Array> {
    const { copy } = this.get(id);
    return (await openFiles(copy)).read(name);
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
      await this.#folder.discard([entry, ...outranked].map(({ path }) => path).filter(isThere));
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
    const replaced = shelf === undefined ? [] : [shelf.entry, ...shelf.outranked];
    const kept = await this.#reader.keep(temporary);
    const moves = await this.#folder.place(
      temporary,
      file,
      replaced.map((entry) => entry.path).filter(isThere),
    );
    const copy = kept.copy === temporary ? path : kept.copy;
    const entry = {
      ...inspection,
      info: { ...inspection.info, file },
      ...{ path, copy, digest: kept.digest, isFolder: false },
    };
    const now: Shelf = { entry, outranked: [] };
    this.#shelves.set(keyOf(id), now);
    this.#report(this.#problems.filter((problem) => problem.file !== file));
    return this.#addition(now, shelf, () => this.#folder.restore(moves));
  }

  /** Puts what is there on the shelves; what is bad or gone stays there where it may. */
  #takeUp(readings: readonly Reading[], isUsed: (id: string) => boolean): Addition[] {
    const before = this.#shelves;
    const now = shelve(entriesOf(readings));
    const problems = new Map(problemsOf(readings).map(({ file, sentence }) => [file, sentence]));
    for (const [key, shelf] of before) {
      const { id, version } = shelf.entry.info;
      const file = basename(shelf.entry.path);
      const fault = problems.get(file);
      const isGone = fault === undefined && !isThere(shelf.entry.path);
      if (fault === undefined && (now.has(key) || (isGone && !isUsed(id)))) continue;
      now.set(key, shelf);
      // One that was uploaded a moment ago is read at the next look.
      if (fault === undefined && !isGone) continue;
      const why = fault ?? "It was removed while bots use it. Put it back, or delete those bots.";
      problems.set(file, `${why} Until Roost restarts, ${id} ${version} stays in use.`);
    }
    this.#shelves = now;
    for (const [key, { entry }] of before) {
      if (!now.has(key)) this.#options.log.info(`The plugin ${entry.info.id} was removed.`);
    }
    this.#report([...problems].map(([file, sentence]) => ({ file, sentence })));
    return [...now]
      .filter(([key, shelf]) => !isSame(shelf, before.get(key)))
      .map(([key, shelf]) => this.#addition(shelf, before.get(key), () => bringBack(before.get(key))));
  }

  #addition(now: Shelf, before: Shelf | undefined, restore: () => Promise<void>): Addition {
    return {
      entry: now.entry,
      previous: before?.entry,
      rollBack: () => this.#inTurn(() => this.#rollBack(now, before, restore)),
    };
  }

  async #rollBack(now: Shelf, before: Shelf | undefined, restore: () => Promise<void>): Promise<void> {
    const { id } = now.entry.info;
    if (!isSame(this.#shelves.get(keyOf(id)), now)) {
      throw new RoostError(
        "bad-request",
        `The plugin ${id} has changed since then, so there is nothing to undo.`,
      );
    }
    await this.#folder.discard([now.entry.path]);
    await restore();
    if (before === undefined) this.#shelves.delete(keyOf(id));
    else this.#shelves.set(keyOf(id), before);
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
      if (this.#problems.some((known) => known.file === file && known.sentence === sentence)) continue;
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

function entriesOf(readings: readonly Reading[]): CatalogEntry[] {
  return readings.map(({ entry }) => entry).filter((entry) => entry !== undefined);
}

function problemsOf(readings: readonly Reading[]): CatalogProblem[] {
  return readings.flatMap(({ file, fault }) => (fault === undefined ? [] : [{ file, sentence: fault }]));
}

function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

/** Puts a plugin's file back under its name, when another stood there. */
async function bringBack(shelf: Shelf | undefined): Promise<void> {
  if (shelf !== undefined && !isThere(shelf.entry.path)) await copyPlugin(shelf.entry.copy, shelf.entry.path);
}

function keyOfProblem(file: string): string {
  return `plugin-file ${file}`;
}
