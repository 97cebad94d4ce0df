import { asUserId } from "../core/id.ts";
import { quote } from "./excerpt.ts";

/** Where in a document: the keys and list positions that lead there. */
export type Path = readonly (string | number)[];

/** A problem before it is given its line and column. */
export interface Finding {
  readonly path: Path;
  readonly message: string;
  readonly hint?: string | undefined;
  readonly severity?: "error" | "warning" | undefined;
  /** Points at the key instead of the value. */
  readonly atKey?: boolean;
  /** The value is no text but should be: the hint then shows it in quotes. */
  readonly quoteIt?: boolean;
  /** Points here in the text, whatever the path. */
  readonly offset?: number;
}

/** `instances.insta.rooms[0]`; a name that is not a plain word stands in brackets:
 * `accounts["@bot:example.org"]`. */
export function formatPath(path: Path): string {
  return path
    .map((step, index) => {
      if (typeof step === "number") return `[${step}]`;
      if (!isPlainName(step)) return '["?"]';
      if (!/^[\w-]+$/.test(step)) return `[${quote(step)}]`;
      return index === 0 ? step : `.${step}`;
    })
    .join("");
}

/**
 * Whether a key is surely a name. Anything else is not repeated: where a space or colon is missing, as in `password:abc`, a key
 * holds the secret itself.
 */
export function isPlainName(key: string): boolean {
  return /^[\w.-]{1,64}$/.test(key) || asUserId(key) !== undefined;
}

/** Whether `path` is `prefix` or lies inside of it. */
export function isWithin(path: Path, prefix: Path): boolean {
  return path.length >= prefix.length && prefix.every((step, index) => path[index] === step);
}
