import { isObject, type Json, type JsonObject } from "../core/json.ts";
import { formatPath, type Path } from "./finding.ts";
import { isDefaultAt, isWriteOnlyAt } from "./json-schema.ts";
import { isNamedSecret } from "./schema.ts";

/** What stands for a secret that is not shown; written back, it leaves the secret as it is. */
export const redacted = "[redacted]";
const login = /\/\/[^/\s]*@/;

/** Tells which settings are secrets: by the plugin's schema, or where none is known by their names. */
export class SettingSecrets {
  readonly #schema: JsonObject | undefined;

  constructor(schema: JsonObject | undefined) {
    this.#schema = schema;
  }

  /** Whether `{ file: PATH }` may stand there. */
  isDeclared(path: Path): boolean {
    return this.#schema !== undefined && isWriteOnlyAt(this.#schema, path);
  }

  isSecret(path: Path): boolean {
    return this.#schema === undefined ? isNamedSecret(path) : this.isDeclared(path);
  }

  /** Whether a value must not be shown. Where a secret is may be. */
  isHidden(path: Path, value: unknown): boolean {
    if (value === null || value === undefined || value === "" || namesSource(value)) return false;
    if (this.#isDefault(path, value)) return false;
    if (typeof value === "object") return this.isDeclared(path);
    return this.isSecret(path) || (typeof value === "string" && login.test(value));
  }

  #isDefault(path: Path, value: unknown): boolean {
    return this.#schema !== undefined && isDefaultAt(this.#schema, path, value);
  }

  cut(value: Json, path: Path = []): Json {
    if (this.isHidden(path, value)) return redacted;
    if (isObject(value)) {
      return Object.fromEntries(
        Object.entries(value).map(([key, inner]) => [key, this.cut(inner ?? null, [...path, key])]),
      );
    }
    return Array.isArray(value) ? value.map((item, index) => this.cut(item, [...path, index])) : value;
  }

  /**
   * New settings with the secrets of the old ones in the places that do not give others. `place` takes a secret that is new and
   * answers what to write in its stead. `keepsLeftOut`: what is not mentioned stays as well.
   */
  keep(old: Json | undefined, wanted: JsonObject, options: KeepOptions): JsonObject {
    const kept = this.#keep(old, wanted, [], options);
    return isObject(kept) ? kept : {};
  }

  #keep(old: Json | undefined, wanted: Json | undefined, path: Path, options: KeepOptions): Json | undefined {
    if (wanted === redacted) {
      if (old === undefined)
        options.refuse(`${formatPath(path)} must be given anew: what it was cannot be told.`);
      return old;
    }
    if (this.isSecret(path)) {
      if (wanted === undefined) return old;
      if (wanted === null) return undefined;
      const isNew = typeof wanted === "string" && wanted !== "" && wanted !== old && this.isDeclared(path);
      return isNew && !this.#isDefault(path, wanted) ? options.place(path, wanted, old) : wanted;
    }
    if (isObject(wanted)) return this.#keepKeys(isObject(old) ? old : {}, wanted, path, options);
    if (!Array.isArray(wanted)) return wanted;
    const items: readonly Json[] = wanted;
    const partners = this.#pairUp(Array.isArray(old) ? old : [], items, path);
    return items.map((item, index) => this.#keep(partners[index], item, [...path, index], options) ?? null);
  }

  #keepKeys(old: JsonObject, wanted: JsonObject, path: Path, options: KeepOptions): JsonObject {
    const leftOut = Object.keys(old).filter((key) => !Object.hasOwn(wanted, key));
    const stay = options.keepsLeftOut ? leftOut.filter((key) => this.isSecret([...path, key])) : [];
    const entries = [...Object.keys(wanted), ...stay].map((key) => {
      const before = Object.hasOwn(old, key) ? old[key] : undefined;
      const after = Object.hasOwn(wanted, key) ? wanted[key] : undefined;
      return [key, this.#keep(before, after, [...path, key], options)] as const;
    });
    return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
  }

  /** Which old item each new one stems from. A secret must not end up beside an address that it was not meant for. */
  #pairUp(old: readonly Json[], wanted: readonly Json[], path: Path): (Json | undefined)[] {
    const free = new Set(old.keys());
    const shown = old.map((item, index) => this.cut(item, [...path, index]));
    const equal = wanted.map((item) => {
      const found = [...free].find((index) => Bun.deepEquals(shown[index], item, true));
      if (found !== undefined) free.delete(found);
      return found;
    });
    return equal.map((found, index) => {
      if (found !== undefined) return old[found];
      return old.length === wanted.length && free.has(index) ? old[index] : undefined;
    });
  }
}

export interface KeepOptions {
  readonly keepsLeftOut: boolean;
  place(path: Path, value: string, old: Json | undefined): Json;
  refuse(sentence: string): never;
}

/** `{ file: PATH }` or `{ env: NAME }`. */
export function namesSource(value: unknown): value is { readonly file: string } | { readonly env: string } {
  if (!isObject(value) || Object.keys(value).length !== 1) return false;
  return typeof value.file === "string" || typeof value.env === "string";
}
