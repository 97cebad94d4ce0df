/** From the first offset up to, not including, the second. */
export type Range = readonly [start: number, end: number];

const widthChars = 100;
/** Control, bidirectional and line-separator characters: they could rewrite a terminal's line. */
const unprintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** Text from outside as it may stand in a sentence: quoted, on one line, at most 60 characters. */
export function quote(text: string): string {
  const short = text.length > 60 ? `${text.slice(0, 57)}...` : text;
  return `"${short.replace(unprintable, "\uFFFD")}"`;
}

/** The offsets at which the lines of a text begin. */
export function lineStartsOf(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return starts;
}

/** Line and column of an offset, both counted from 1. */
export function positionOf(lineStarts: readonly number[], offset: number): { line: number; column: number } {
  let low = 0;
  let high = lineStarts.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((lineStarts[middle] ?? 0) <= offset) low = middle;
    else high = middle;
  }
  return { line: low + 1, column: offset - (lineStarts[low] ?? 0) + 1 };
}

/** The line around an offset with a caret below it. What lies in `hidden` (secrets) is replaced. */
export function excerptAt(text: string, offset: number, hidden: readonly Range[]): string {
  const at = Math.min(offset, text.length);
  const start = text.slice(0, at).lastIndexOf("\n") + 1;
  const newline = text.indexOf("\n", at);
  const end = newline === -1 ? text.length : newline;
  let shown = "";
  let caret: number | undefined;
  for (let next = start; next < end; ) {
    const cover = hidden.find(([from, to]) => from <= next && next < to);
    const stop = Math.min(end, cover?.[1] ?? nextStart(hidden, next, end));
    if (at >= next && at < stop) caret = shown.length + (cover === undefined ? at - next : 0);
    shown += cover === undefined ? text.slice(next, stop) : "[redacted]";
    next = stop;
  }
  return render(shown.replace(unprintable, " ").trimEnd(), caret ?? shown.length);
}

function nextStart(hidden: readonly Range[], from: number, end: number): number {
  return hidden.reduce((least, [start]) => (start > from && start < least ? start : least), end);
}

function render(line: string, caret: number): string {
  const cut = line.length > widthChars ? Math.max(0, caret - widthChars / 2) : 0;
  const lead = cut > 0 ? "..." : "";
  const tail = line.length > cut + widthChars ? "..." : "";
  return `${lead}${line.slice(cut, cut + widthChars)}${tail}\n${" ".repeat(lead.length + caret - cut)}^`;
}
