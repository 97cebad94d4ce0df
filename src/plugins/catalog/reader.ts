import { existsSync } from "node:fs";
import { copyFile, mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { RoostError, sentenceOf } from "../../core/error.ts";
import { isLeftOut } from "../archive/source-folder.ts";
import { type CatalogEntry, inspectPlugin } from "./entry.ts";
import { openFiles, unpackPlugin } from "./files.ts";
import type { PluginFolder } from "./folder.ts";

/** What became of one file or folder; a file that does not claim to be a plugin has neither entry nor fault. */
export interface Reading {
  readonly file: string;
  readonly entry?: CatalogEntry | undefined;
  /** Why it is no usable plugin. */
  readonly fault?: string | undefined;
}

export interface CatalogReaderOptions {
  readonly folder: PluginFolder;
  /** Where copies of what is read are kept, so that its instances go on when it is removed; undefined keeps none. */
  readonly copies: string | undefined;
  readonly python: () => string | undefined;
  /** Refuses an id that plugins may not take. */
  readonly checkId: (id: string) => void;
}

type Stamped = Reading & { readonly stamp: string };
interface Unsettled {
  readonly stamp: string;
  readonly sinceMs: number;
}

/** What is no plugin yet may still be on its way, copied slowly. */
const doubtMs = 5000;

/** Reads the plugins in a folder, each again only when it has changed and was then left alone from one look to the next. */
export class CatalogReader {
  readonly #options: CatalogReaderOptions;
  readonly #readings = new Map<string, Stamped>();
  /** What changed and was not left alone for long enough. */
  #unsettled: ReadonlyMap<string, Unsettled> = new Map();

  constructor(options: CatalogReaderOptions) {
    this.#options = options;
  }

  /** Reads everything, and forgets copies that nothing uses. @throws RoostError `internal` when the folder cannot be read. */
  async readAll(): Promise<readonly Reading[]> {
    this.#readings.clear();
    for (const name of await this.#options.folder.names())
      this.#readings.set(name, await this.#read(name, await this.#stampOf(name)));
    await this.#sweep();
    return [...this.#readings.values()];
  }

  /** What is there now, at once or as far as it was left alone; undefined when it is what it was. @throws RoostError `internal` when the folder cannot be read. */
  async readChanged(atOnce: boolean): Promise<readonly Reading[] | undefined> {
    const names = await this.#options.folder.names();
    const gone = [...this.#readings.keys()].filter((name) => !names.includes(name));
    let isChanged = gone.length > 0;
    for (const name of gone) this.#readings.delete(name);
    const unsettled = new Map<string, Unsettled>();
    for (const name of names) {
      const stamp = await this.#stampOf(name);
      if (this.#readings.get(name)?.stamp === stamp) continue;
      const known = this.#unsettled.get(name);
      const since = known?.stamp === stamp ? known : { stamp, sinceMs: performance.now() };
      if (atOnce || known === since) {
        const reading = await this.#read(name, stamp);
        if (atOnce || reading.fault === undefined || performance.now() - since.sinceMs > doubtMs) {
          this.#readings.set(name, reading);
          isChanged = true;
          continue;
        }
      }
      unsettled.set(name, since);
    }
    this.#unsettled = unsettled;
    return isChanged ? [...this.#readings.values()] : undefined;
  }

  /** Judges what an entry runs from once more: what it needs may be there by now. @throws RoostError `plugin-refused`. */
  async inspectAgain(entry: CatalogEntry): Promise<CatalogEntry> {
    const inspection = await inspectPlugin(
      await openFiles(entry.copy),
      basename(entry.path),
      this.#options.python(),
    );
    const again = { ...entry, ...inspection };
    const name = basename(entry.path);
    const reading = this.#readings.get(name);
    if (reading?.entry?.digest === entry.digest) this.#readings.set(name, { ...reading, entry: again });
    return again;
  }

  /** Keeps a copy of an archive or unpacked plugin; answers where it is and what it consists of. @throws RoostError `plugin-refused`, `internal`. */
  async keep(path: string): Promise<{ readonly copy: string; readonly digest: string }> {
    const { copies } = this.#options;
    if (copies === undefined) return { copy: path, digest: await digestOf(path) };
    const unfinished = join(copies, ".unfinished");
    try {
      await mkdir(copies, { recursive: true, mode: 0o700 });
      await copyPlugin(path, unfinished);
      const digest = await digestOf(unfinished);
      const copy = join(copies, digest);
      if (!existsSync(copy)) await rename(unfinished, copy);
      return { copy, digest };
    } catch (cause) {
      if (cause instanceof RoostError) throw cause;
      const sentence = `It cannot be copied to ${copies}: ${sentenceOf(cause)}. Check that it may be read, and that the folder belongs to Roost's user and has space left.`;
      throw new RoostError("internal", sentence, { cause });
    } finally {
      await rm(unfinished, { recursive: true, force: true });
    }
  }

  async #read(name: string, stamp: string): Promise<Stamped> {
    try {
      return { file: name, stamp, entry: await this.#inspect(join(this.#options.folder.path, name)) };
    } catch (error) {
      return { file: name, stamp, fault: faultOf(error) };
    }
  }

  /** Undefined for what does not claim to be a plugin, such as a read-me. */
  async #inspect(path: string): Promise<CatalogEntry | undefined> {
    const isFolder = (await stat(path)).isDirectory();
    if (!isFolder && !/\.(?:mbp|zip)$/i.test(path)) return undefined;
    const kept = await this.keep(path);
    const inspection = await inspectPlugin(
      await openFiles(kept.copy),
      basename(path),
      this.#options.python(),
    );
    this.#options.checkId(inspection.info.id);
    return { ...inspection, ...kept, path, isFolder };
  }

  /** Equal as long as nothing has changed. */
  async #stampOf(name: string): Promise<string> {
    const paths = await pathsFrom(join(this.#options.folder.path, name));
    return (await Promise.all(paths.map(stampOfFile))).join("\n");
  }

  async #sweep(): Promise<void> {
    const { copies } = this.#options;
    if (copies === undefined) return;
    const used = new Set([...this.#readings.values()].map(({ entry }) => entry?.copy));
    for (const name of await readdir(copies).catch(() => [])) {
      const copy = join(copies, name);
      if (!used.has(copy)) await rm(copy, { recursive: true, force: true });
    }
  }
}

/** Copies an archive, or an unpacked plugin without what tools leave beside it. @throws RoostError `plugin-refused`. */
export async function copyPlugin(from: string, to: string): Promise<void> {
  await rm(to, { recursive: true, force: true });
  if ((await stat(from)).isDirectory()) await unpackPlugin(from, to);
  else await copyFile(from, to);
}

async function digestOf(path: string): Promise<string> {
  const files = await openFiles(path);
  const hash = new Bun.CryptoHasher("sha256");
  for (const name of files.names) {
    const bytes = await files.read(name);
    hash.update(`${name}\n${bytes.byteLength}\n`).update(bytes);
  }
  return hash.digest("hex");
}

/** The path itself and all below it, but for what is no part of a plugin. */
async function pathsFrom(path: string): Promise<string[]> {
  const children = await readdir(path, { withFileTypes: true }).catch(() => []);
  const kept = children.filter(({ name }) => !isLeftOut(name)).sort((a, b) => (a.name < b.name ? -1 : 1));
  const below = await Promise.all(
    kept.map((child) => {
      const each = join(path, child.name);
      return child.isDirectory() ? pathsFrom(each) : [each];
    }),
  );
  return [path, ...below.flat()];
}

async function stampOfFile(path: string): Promise<string> {
  try {
    const { ino, size, mtimeMs, ctimeMs } = await stat(path);
    return `${path} ${ino} ${size} ${mtimeMs} ${ctimeMs}`;
  } catch (error) {
    return `${path} ${error instanceof Error && "code" in error ? String(error.code) : "unknown"}`;
  }
}

function faultOf(error: unknown): string {
  if (error instanceof RoostError) return error.message;
  return `It cannot be read: ${sentenceOf(error)}. Check that it is there and that Roost's user may read it.`;
}
