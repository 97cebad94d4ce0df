/**
 * What could forge a log line or turn its text around: C0 and C1 controls (newlines and terminal escapes among them), Unicode's
 * line and paragraph separators, bidirectional marks, embeddings, overrides and isolates, and half surrogate pairs.
 */
const unsafe = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** The text on one line with everything unsafe spelt out (`\n`, `\u{1b}`), at most `maxLength` characters long. */
export function escapeUnsafe(text: string, maxLength: number): string {
  const short = text.length > maxLength ? `${text.slice(0, maxLength)}…` : text;
  return short.replace(unsafe, (character) => {
    if (character === "\n") return "\\n";
    if (character === "\r") return "\\r";
    if (character === "\t") return "\\t";
    return `\\u{${character.codePointAt(0)?.toString(16)}}`;
  });
}
