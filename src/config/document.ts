import { parseDocument } from "yaml";
import type { Json } from "../core/json.ts";
import type { Range } from "./excerpt.ts";
import type { Finding } from "./finding.ts";
import { explainError, findSwallowed, type Trap } from "./traps.ts";
import { type Place, type SecretPlace, TreeReading } from "./tree.ts";

/** A YAML text as plain values, with the place of each. */
export interface YamlDocument {
  readonly text: string;
  /** Plain data; undefined for an empty text. The best guess where the text is broken. */
  readonly value: Json | undefined;
  /** A syntax error makes the value a guess. */
  readonly broken: boolean;
  readonly findings: readonly Finding[];
  /** Keyed by `JSON.stringify(path)`. */
  readonly places: ReadonlyMap<string, Place>;
  /** What an excerpt must not show. */
  readonly hidden: readonly Range[];
}

const maxFindings = 100;

/** Reads any text whatever: what is wrong with it is in the findings. */
export function parseYaml(text: string, isSecret: SecretPlace): YamlDocument {
  const first = parseOnce(text, text, [], isSecret);
  if (!first.broken) return first;
  // An unquoted alias in a one-line list breaks everything after it: read on as if it were quoted, and report only it.
  const traps = findSwallowed(text);
  if (traps.length === 0) return first;
  const repaired = traps.reduce(
    (all, { offset }) => `${all.slice(0, offset)}x${all.slice(offset + 1)}`,
    text,
  );
  const second = parseOnce(text, repaired, traps, isSecret);
  return second.findings.length <= first.findings.length + traps.length ? second : first;
}

function parseOnce(
  text: string,
  repaired: string,
  known: readonly Trap[],
  isSecret: SecretPlace,
): YamlDocument {
  const tree = parseDocument(repaired, {
    prettyErrors: false,
    uniqueKeys: false,
    resolveKnownTags: false,
    logLevel: "error",
    keepSourceTokens: false,
  });
  const errors = [...tree.errors, ...tree.warnings].slice(0, maxFindings);
  const reading = new TreeReading(text, isSecret, tree.errors.length > 0);
  const value = tree.contents === null ? undefined : reading.read(tree.contents, []);
  const traps = [...known, ...errors.map((error) => explainError(error, text, (at) => reading.hides(at)))];
  const syntax: Finding[] = onePerLine(text, traps).map(({ offset, about, atValue, message, hint }) => ({
    path: reading.pathAt(about ?? offset),
    message,
    hint,
    ...(!atValue && { offset }),
  }));
  const others = reading.findings.filter((finding) => !traps.some(({ offset }) => offset === finding.offset));
  return {
    text,
    value,
    broken: traps.some((trap) => trap.fatal),
    findings: [...syntax, ...others].slice(0, maxFindings),
    places: reading.places,
    hidden: reading.hidden,
  };
}

/** One slip often makes several errors on its line: only the first is kept, unless none of them is fatal. */
function onePerLine(text: string, traps: readonly Trap[]): Trap[] {
  let lastEnd = -1;
  return traps
    .toSorted((a, b) => a.offset - b.offset)
    .filter((trap) => {
      if (trap.offset <= lastEnd && trap.fatal) return false;
      const end = text.indexOf("\n", trap.offset);
      lastEnd = end === -1 ? text.length : end;
      return true;
    });
}
