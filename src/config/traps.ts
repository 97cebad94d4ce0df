import type { ErrorCode, YAMLError } from "yaml";
import { quote } from "./excerpt.ts";

/** An explanation of what the YAML parser stumbled over. `fatal`: what follows cannot be relied on. */
export interface Trap {
  readonly offset: number;
  /** Where the value begins that this is about, if not at `offset`: a tag stands before its value. */
  readonly about?: number;
  /** The place of that value says more than `offset`, which may be many lines below. */
  readonly atValue?: boolean;
  readonly message: string;
  readonly hint?: string | undefined;
  readonly fatal: boolean;
}

const matrixId = /^[!@#][^\s:]*:(?:\[[\da-fA-F:.]+\])?[A-Za-z0-9.:-]*[A-Za-z0-9]|^![A-Za-z0-9_-]{20,}/;
/** In a list on one line, `[#ops:x` and `, #ops:x` are comments that swallow the rest of the line. */
const swallowed = /[[{,]([ \t]*)(#[^\s:#,\]}"']+:[A-Za-z0-9.:-]*[A-Za-z0-9])/g;

/** For errors that the parser makes of what it found earlier. */
export const vague = "this is not valid YAML";
/** Before everything that has a path. */
const wholeFile = -1;

const sentences: Partial<Record<ErrorCode, string>> = {
  TAB_AS_INDENT: "this line is indented with a tab: YAML allows only spaces there",
  BAD_INDENT:
    "the indentation does not fit the lines above, or a bracket that was opened above is not closed before this place",
  BLOCK_AS_IMPLICIT_KEY:
    'there is a second ": " on this line: if it belongs to the value, put the value in quotes',
  MULTILINE_IMPLICIT_KEY:
    'this is neither "key: value" nor a list item: is a ":" missing, or the indentation wrong?',
  MULTIPLE_DOCS: 'a second document begins here with "---": the file may hold only one',
  BAD_DQ_ESCAPE:
    "after a backslash in double quotes only certain letters may follow: write the backslash twice, or use single quotes",
  KEY_OVER_1024_CHARS: "a key is longer than 1024 characters: a quotation mark or a line break is missing",
  RESOURCE_EXHAUSTION: "there are too many brackets or lists inside each other",
  BAD_DIRECTIVE:
    'a line that begins with "%" is an instruction to the parser, which Roost does not use: remove it',
};

/** Says what is wrong in words for people. The parser's own message is not used: it may quote a password. */
export function explainError(
  error: YAMLError,
  text: string,
  reading: { hides(offset: number): boolean },
): Trap {
  const offset = Math.min(error.pos[0], text.length);
  const token = /^\S*/.exec(text.slice(offset, offset + 300))?.[0] ?? "";
  if (error.code === "TAG_RESOLVE_FAILED") {
    const tag = text.slice(offset, error.pos[1]);
    return { offset, about: error.pos[1], fatal: false, ...explainStart(tag, reading.hides(offset)) };
  }
  if (error.code === "BAD_SCALAR_START") {
    return { offset, fatal: false, ...explainStart(token, reading.hides(offset)) };
  }
  if (error.code === "BAD_ALIAS") {
    return { offset, fatal: false, message: `${startSentence(token)} must be in quotes` };
  }
  if (error.code === "MISSING_CHAR" && /closing/.test(error.message)) {
    return {
      offset,
      atValue: true,
      fatal: true,
      message: "a quotation mark that is opened here is never closed",
    };
  }
  const about = error.code === "MULTIPLE_DOCS" || error.code === "BAD_DIRECTIVE" ? wholeFile : offset;
  return { offset, about, fatal: true, message: sentences[error.code] ?? vague };
}

/** Matrix aliases that became comments inside a list on one line. */
export function findSwallowed(text: string): Trap[] {
  return [...text.matchAll(swallowed)].map((match) => ({
    offset: match.index + 1 + (match[1]?.length ?? 0),
    fatal: false,
    ...mustBeQuoted(match[2] ?? ""),
  }));
}

/** The same text, letter by letter, in which those aliases are read as words. */
export function quoteSwallowed(text: string): string {
  return text.replace(swallowed, (match) => match.replace("#", "x"));
}

export function mustBeQuoted(id: string): { message: string; hint: string } {
  const sample = { "!": "!abc", "#": "#ops" }[id[0] ?? ""] ?? "@bot";
  return { message: `Matrix IDs must be quoted: "${sample}:example.org"`, hint: `write ${quote(id)}` };
}

function explainStart(token: string, hidden: boolean): { message: string; hint?: string } {
  const id = matrixId.exec(token)?.[0];
  if (id !== undefined && !hidden) return mustBeQuoted(id);
  return { message: `${startSentence(token)} must be in quotes` };
}

function startSentence(token: string): string {
  return `text that begins with "${token[0] ?? ""}"`;
}
