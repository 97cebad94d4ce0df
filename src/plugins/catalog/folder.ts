import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { link, lstat, mkdir, open, readdir, rename, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { RoostError, sentenceOf } from "../../core/error.ts";
import { pluginLimits, refuse } from "../archive/refusal.ts";

/** Something that was put aside, and where it was. */
export interface Move {
  readonly from: string;
  readonly to: string;
}

const uploadPrefix = ".upload-";

/**
 * The folder of plugin archives. What is there is only ever replaced by a rename of a complete, synced file, and what goes away
 * goes to the folder `trash` in it, named by the time (UTC).
 */
export class PluginFolder {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** Makes the folder and removes what interrupted uploads left. @throws RoostError `internal`. */
  open(): Promise<void> {
    return this.#guard(async () => {
      await mkdir(this.path, { recursive: true, mode: 0o700 });
      for (const name of await readdir(this.path)) {
        if (name.startsWith(uploadPrefix)) await rm(join(this.path, name), { force: true });
      }
    });
  }

  /** The names that may be plugins, sorted; none without a folder. @throws RoostError `internal`. */
  names(): Promise<string[]> {
    return this.#guard(async () => {
      if (!existsSync(this.path)) return [];
      const names = await readdir(this.path);
      return names.filter((name) => !name.startsWith(".") && name !== "trash").sort();
    });
  }

  /**
   * Writes an upload to a temporary file and hands it to `use`; the file is gone afterwards unless `use` has moved it.
   * @throws RoostError `plugin-refused` when it is too large, `internal` when the disk refuses, and what `use` or the source throw.
   */
  async receive<T>(source: AsyncIterable<Uint8Array>, use: (path: string) => Promise<T>): Promise<T> {
    const path = join(this.path, uploadPrefix + randomUUID());
    const file = await this.#guard(() => open(path, "wx", 0o600));
    try {
      try {
        let sizeBytes = 0;
        for await (const chunk of source) {
          sizeBytes += chunk.byteLength;
          if (sizeBytes > pluginLimits.totalBytes) {
            refuse(
              `The archive has more than ${pluginLimits.totalBytes / 1e6} MB. Leave out what the plugin does not need.`,
            );
          }
          await this.#guard(() => file.writeFile(chunk));
        }
        await this.#guard(() => file.sync());
      } finally {
        await file.close();
      }
      return await use(path);
    } finally {
      await rm(path, { force: true });
    }
  }

  /**
   * Gives a complete file its name and puts aside what it replaces; answers what was put aside. When that fails, everything is
   * as it was. @throws RoostError `internal`.
   */
  place(temporary: string, name: string, replaced: readonly string[]): Promise<Move[]> {
    return this.#guard(async () => {
      const path = join(this.path, name);
      const moves: Move[] = [];
      try {
        const there = await lstat(path).catch(() => undefined);
        // A second name first, so that at no moment there is no plugin at all.
        if (there !== undefined && !there.isDirectory()) {
          const move = await this.#trashPlace(path);
          await link(path, move.to);
          moves.push(move);
        }
        for (const other of replaced)
          if (other !== path || there?.isDirectory()) moves.push(await this.#moveAway(other));
        await rename(temporary, path);
        await this.#sync();
        return moves;
      } catch (error) {
        await this.#putBack(moves);
        throw error;
      }
    });
  }

  /** Puts files or folders aside. @throws RoostError `internal`. */
  discard(paths: readonly string[]): Promise<Move[]> {
    return this.#guard(async () => {
      const moves: Move[] = [];
      for (const path of paths) moves.push(await this.#moveAway(path));
      await this.#sync();
      return moves;
    });
  }

  /** Brings back what was put aside. @throws RoostError `internal`. */
  restore(moves: readonly Move[]): Promise<void> {
    return this.#guard(async () => {
      await this.#putBack(moves);
      await this.#sync();
    });
  }

  async #putBack(moves: readonly Move[]): Promise<void> {
    for (const { from, to } of moves) await rename(to, from);
  }

  async #moveAway(path: string): Promise<Move> {
    const move = await this.#trashPlace(path);
    await rename(move.from, move.to);
    return move;
  }

  async #trashPlace(path: string): Promise<Move> {
    const trash = join(this.path, "trash");
    await mkdir(trash, { recursive: true, mode: 0o700 });
    const time = new Date().toISOString().replace(/[-:]/g, "");
    let to = join(trash, `${time}-${basename(path)}`);
    for (let copy = 2; (await lstat(to).catch(() => undefined)) !== undefined; copy++) {
      to = join(trash, `${time}-${copy}-${basename(path)}`);
    }
    return { from: path, to };
  }

  async #sync(): Promise<void> {
    const folder = await open(this.path);
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  }

  async #guard<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (cause) {
      throw new RoostError(
        "internal",
        `The plugins folder ${this.path} cannot be changed: ${sentenceOf(cause)}. Check that it belongs to Roost's user and has space left.`,
        { cause },
      );
    }
  }
}
