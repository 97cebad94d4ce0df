import { RoostError } from "../../core/error.ts";

/** What an archive or folder may be at most; the same for every way in. */
export const pluginLimits = {
  entries: 2000,
  /** Of all entries together, inflated. */
  totalBytes: 50_000_000,
  /** Inflated bytes for each packed one; small entries may exceed it, because a page of spaces does. */
  ratio: 100,
  ratioFreeBytes: 65_536,
  nameBytes: 512,
  manifestBytes: 65_536,
  baseConfigBytes: 262_144,
  /** A longer base-config.yaml gets no form. */
  formBytes: 65_536,
} as const;

/** Refuses a plugin with a sentence that names what is wrong and says what to do. */
export function refuse(sentence: string, cause?: unknown): never {
  throw new RoostError("plugin-refused", sentence, { cause });
}

/** Text from outside in quotes: cut, and with everything invisible or able to turn the line around escaped. */
export function quote(text: string): string {
  const cut = text.length > 80 ? `${text.slice(0, 80)}...` : text;
  return JSON.stringify(cut).replace(
    /[\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
