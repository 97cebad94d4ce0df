import { parseYaml, type YamlDocument } from "./document.ts";
import { type ParsedText, parseText } from "./entry.ts";
import type { SecretPlace } from "./tree.ts";

/** A file's text as its data with the place of each, and as the tree in which edits look for entries. */
export interface ParsedFile {
  readonly document: YamlDocument;
  readonly tree: () => ParsedText;
}

interface Known {
  readonly text: string;
  readonly secretNames: string;
  readonly parsed: ParsedFile;
}

const mostFiles = 2_000;

/**
 * What the files of a config said when they were last parsed. Parsing is nearly all that reading a config costs, and of fifty
 * files an edit changes one: with this the others are not parsed again. A file is the same only if all of its text is.
 */
export class ParsedFiles {
  readonly #byName = new Map<string, Known>();

  /** `secretNames` tells `isSecret` from that of other plugins. */
  parse(name: string, text: string, isSecret: SecretPlace, secretNames: string): ParsedFile {
    const known = this.#byName.get(name);
    if (known?.text === text && known.secretNames === secretNames) return known.parsed;
    const parsed = parseFile(text, isSecret);
    if (this.#byName.size >= mostFiles) this.#byName.clear();
    this.#byName.set(name, { text, secretNames, parsed });
    return parsed;
  }
}

export function parseFile(text: string, isSecret: SecretPlace): ParsedFile {
  let tree: ParsedText | undefined;
  return {
    document: parseYaml(text, isSecret),
    tree: () => {
      tree ??= parseText(text);
      return tree;
    },
  };
}
