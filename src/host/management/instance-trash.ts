import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { RoostError } from "../../core/error.ts";
import { asInstanceId, asUserId, type InstanceId, type UserId } from "../../core/id.ts";
import { stringAt } from "../../core/json.ts";
import type { TrashedInstance } from "../../core/management.ts";
import { flush } from "../../store/file.ts";
import { stampOf } from "../../store/swap.ts";

/** What is kept of a deleted instance beside its data. */
export interface Discarded {
  readonly id: InstanceId;
  /** Its section of the YAML as it was, secrets included. */
  readonly yaml: string;
  readonly account: UserId;
  readonly displayname: string | undefined;
  readonly isStopped: boolean;
}

/**
 * Where deleted instances wait to be brought back: `trash/<UTC>-NAME` in the data folder, with `instance.yaml`, `instance.json`
 * and `data`, the instance's own folder.
 */
export class InstanceTrash {
  readonly #dataDir: string;

  constructor(dataDir: string) {
    this.#dataDir = dataDir;
  }

  /** Newest first; other folders are left alone. */
  list(): TrashedInstance[] {
    const folders = existsSync(this.#root) ? readdirSync(this.#root) : [];
    return folders
      .flatMap((folder): TrashedInstance[] => {
        const [, day, hour, minute, second, name = ""] =
          /^(\d{4}-\d\d-\d\d)T(\d\d)-(\d\d)-(\d\d)Z-(.+)$/.exec(folder) ?? [];
        const id = asInstanceId(name);
        const deletedAtMs = Date.parse(`${day}T${hour}:${minute}:${second}Z`);
        const isWhole = existsSync(join(this.#root, folder, "instance.json"));
        return id === undefined || Number.isNaN(deletedAtMs) || !isWhole ? [] : [{ id, folder, deletedAtMs }];
      })
      .sort((a, b) => b.deletedAtMs - a.deletedAtMs);
  }

  /** Takes in the data and all that is needed to bring the instance back. */
  put(discarded: Discarded): TrashedInstance {
    const { id, yaml, ...rest } = discarded;
    let deletedAtMs = Math.floor(Date.now() / 1000) * 1000;
    while (existsSync(join(this.#root, `${stampOf(deletedAtMs)}-${id}`))) deletedAtMs += 1000;
    const folder = `${stampOf(deletedAtMs)}-${id}`;
    const path = join(this.#root, folder);
    mkdirSync(path, { recursive: true, mode: 0o700 });
    writeFileSync(join(path, "instance.yaml"), yaml, { mode: 0o600 });
    writeFileSync(join(path, "instance.json"), JSON.stringify({ id, ...rest }), { mode: 0o600 });
    const data = this.#dataOf(id);
    if (existsSync(data)) renameSync(data, join(path, "data"));
    flush(path);
    return { id, folder, deletedAtMs };
  }

  /** Throws RoostError `not-found`. */
  read(folder: string): Discarded {
    const id = this.list().find((each) => each.folder === folder)?.id;
    if (id === undefined) throw new RoostError("not-found", `There is nothing deleted under ${folder}.`);
    const path = join(this.#root, folder);
    const kept: unknown = JSON.parse(readFileSync(join(path, "instance.json"), "utf8"));
    const account = asUserId(stringAt(kept, "account") ?? "");
    if (account === undefined)
      throw new RoostError(
        "not-found",
        `What was kept of ${id} is damaged: ${path}/instance.json names no account.`,
      );
    return {
      id,
      yaml: readFileSync(join(path, "instance.yaml"), "utf8"),
      account,
      displayname: stringAt(kept, "displayname"),
      isStopped: typeof kept === "object" && kept !== null && "isStopped" in kept && kept.isStopped === true,
    };
  }

  /** Puts the data back where it was; the way back if the rest fails is the answer. Throws RoostError `conflict`. */
  putBack(folder: string, id: InstanceId): () => void {
    this.requireNoData(id);
    const [from, to] = [join(this.#root, folder, "data"), this.#dataOf(id)];
    if (!existsSync(from)) return () => {};
    mkdirSync(join(this.#dataDir, "instances"), { recursive: true, mode: 0o700 });
    renameSync(from, to);
    return () => renameSync(to, from);
  }

  /** What is left of it after its data was put back. */
  remove(folder: string): void {
    rmSync(join(this.#root, folder), { recursive: true, force: true });
  }

  rename(from: InstanceId, to: InstanceId): void {
    if (existsSync(this.#dataOf(from))) renameSync(this.#dataOf(from), this.#dataOf(to));
  }

  /** Throws RoostError `conflict` when a folder of that name is there, of an instance that was only taken out of the YAML. */
  requireNoData(id: InstanceId): void {
    const path = this.#dataOf(id);
    if (existsSync(path))
      throw new RoostError(
        "conflict",
        `There is data of an instance ${id} already, in ${path}: move it away first.`,
      );
  }

  get #root(): string {
    return join(this.#dataDir, "trash");
  }

  #dataOf(id: InstanceId): string {
    return join(this.#dataDir, "instances", id);
  }
}
