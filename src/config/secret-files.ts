import { existsSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { RoostError } from "../core/error.ts";
import { isObject, type Json } from "../core/json.ts";
import { type FileChange, textOf } from "./file-change.ts";
import type { Path } from "./finding.ts";
import { namesSource } from "./setting-secrets.ts";

/** The secrets that an edit brings, each to be kept in a file of its own in `folder` and referred to from the YAML file. */
export class SecretFiles {
  readonly #folder: string;
  readonly #yaml: string;
  /** Files that the YAML refers to already. */
  readonly #taken: ReadonlySet<string>;
  readonly #values = new Map<string, string>();

  /** `old` is what the YAML said so far: no file that it refers to elsewhere is written over. */
  constructor(folder: string, yaml: string, old: Json | undefined) {
    this.#folder = folder;
    this.#yaml = yaml;
    this.#taken = new Set(sourcesIn(old).map((name) => resolve(dirname(yaml), name)));
  }

  /** What to write in the place of a secret. One that had a file of ours before gets the same. */
  place(path: Path, value: string, old: Json | undefined): { readonly file: string } {
    if (value === "" || /[\r\n]/.test(value)) {
      throw new RoostError(
        "bad-request",
        `The secret ${path.join(".")} must be one line of text. Nothing was written.`,
      );
    }
    const file = this.#ownFile(old) ?? this.#freeFile(path);
    this.#values.set(file, value);
    return { file: relative(dirname(this.#yaml), file) };
  }

  /** What has to be written before the YAML is. */
  changes(): FileChange[] {
    return [...this.#values].map(([file, value]) => ({ file, before: textOf(file), after: `${value}\n` }));
  }

  #ownFile(old: Json | undefined): string | undefined {
    if (!namesSource(old) || !("file" in old)) return undefined;
    const file = resolve(dirname(this.#yaml), old.file);
    return dirname(file) === this.#folder && !this.#values.has(file) ? file : undefined;
  }

  #freeFile(path: Path): string {
    const name = path.map((step) => encodeURIComponent(String(step).toWellFormed())).join(".");
    const base = name.replace(/^\./, "%2E").slice(0, 200);
    for (let count = 1; ; count++) {
      const file = join(this.#folder, count === 1 ? base : `${base}-${count}`);
      // Whoever was called so before may still refer to a file that is there: under another name, or from the trash.
      if (!this.#taken.has(file) && !this.#values.has(file) && !existsSync(file)) return file;
    }
  }
}

function sourcesIn(value: Json | undefined): string[] {
  if (namesSource(value)) return "file" in value ? [value.file] : [];
  if (isObject(value)) return Object.values(value).flatMap(sourcesIn);
  return Array.isArray(value) ? value.flatMap(sourcesIn) : [];
}
