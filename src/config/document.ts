import { parseDocument } from "yaml";
import type { Json } from "../core/json.ts";
import { lineStartsOf, type Range } from "./excerpt.ts";
import type { Finding } from "./finding.ts";
import { explainError, findSwallowed, quoteSwallowed, type Trap, vague } from "./traps.ts";
import { type Place, type SecretPlace, TreeReading } from "./tree.ts";

/** A YAML text as plain values, with the place of each. */
export interface YamlDocument {
  readonly text: string;
  readonly lineStarts: readonly number[];
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

/** A text with more errors than this is not worth guessing at. */
const maxTraps = 300;

/** Reads any text whatever: what is wrong with it is in the findings. */
export function parseYaml(text: string, isSecret: SecretPlace): YamlDocument {
  const first = parseOnce(text, text, [], isSecret);
  if (!first.broken) return first;
  // An unquoted alias in a one-line list breaks everything after it: read on as if it were quoted, and report only it.
  const traps = findSwallowed(text).slice(0, maxTraps);
  if (traps.length === 0) return first;
  const second = parseOnce(text, quoteSwallowed(text), traps, isSecret);
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
  const lineStarts = lineStartsOf(text);
  const errors = [...tree.errors, ...tree.warnings];
  const reading = new TreeReading(text, lineStarts, isSecret, tree.errors.length > 0);
  const value = tree.contents === null ? undefined : reading.read(tree.contents, []);
  const explained = errors.slice(0, maxTraps).map((error) => explainError(error, text, reading));
  const traps = withoutEchoes(text, [...known, ...explained]);
  const syntax: Finding[] = traps.map(({ offset, about, atValue, message, hint }) => ({
    path: reading.pathAt(about ?? offset),
    message,
    hint,
    ...(!atValue && { offset }),
  }));
  const others = reading.findings.filter((finding) => !traps.some(({ offset }) => offset === finding.offset));
  const broken = reading.overflowed || errors.length > maxTraps || explained.some((trap) => trap.fatal);
  return {
    text,
    lineStarts,
    value,
    broken,
    findings: [...syntax, ...others],
    places: reading.places,
    hidden: broken ? [...reading.hidden, ...secretLines(text, isSecret)] : reading.hidden,
  };
}

/** One slip often makes several errors on its line, and vague ones on the lines below: they are left out. */
function withoutEchoes(text: string, traps: readonly Trap[]): Trap[] {
  let lastEnd = -1;
  let isBroken = false;
  return traps
    .toSorted((a, b) => a.offset - b.offset)
    .filter((trap) => {
      if (trap.fatal && (trap.offset <= lastEnd || (isBroken && trap.message === vague))) return false;
      const end = text.indexOf("\n", trap.offset);
      lastEnd = end === -1 ? text.length : end;
      isBroken ||= trap.fatal;
      return true;
    });
}

/** In a broken text the tree may lack any part, so whatever looks like a secret's name hides the rest of its line. */
function secretLines(text: string, isSecret: SecretPlace): Range[] {
  // A line that begins with a brace or quote is no section's name: it may be what is left of an account's.
  const lines: Range[] = [...text.matchAll(/^[{["'].*$/gm)].map(({ index, 0: line }) => [
    index,
    index + line.length,
  ]);
  let end = -1;
  for (const match of text.matchAll(/([\w-]+)["']?[ \t]*(:?)[ \t]*/g)) {
    const start = match.index + match[0].length;
    const rest = text.slice(start, start + 20);
    if (match.index < end || /^\{ *(file|env)\b/.test(rest)) continue;
    const name = match[1] ?? "";
    const isNamedSecret = isSecret(["instances", "", "config", name], "scalar") !== "open";
    const isUnknown = match[2] === ":" && !rest.startsWith("{") && isSecret([name], "scalar") !== "open";
    if (!isNamedSecret && !isUnknown) continue;
    const newline = text.indexOf("\n", start);
    end = newline === -1 ? text.length : newline;
    lines.push([start, end]);
  }
  return lines;
}
