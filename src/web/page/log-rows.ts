/** How high each row of the log is: it has to be known of those that are not drawn. */

import type { KeptRecord } from "../../core/record.ts";

const lineHeight = 20;
const padding = 8;
/** Of the fixed-width typeface at its size, with a little to spare. */
const letterWidth = 7.9;
/** Below it a message stands under its time and its bot instead of beside them. */
const narrowBelow = 640;
/** Who wants to read more opens the record. */
const mostLines = 6;

export interface Row {
  readonly isNarrow: boolean;
  /** How many lines a message takes. */
  linesOf(message: string): number;
}

/** How rows are laid out in a list of this width, in CSS pixels. */
export function rowOf(width: number): Row {
  const isNarrow = width < narrowBelow;
  const columns = Math.max(10, Math.floor((width - (isNarrow ? 24 : 24 + 36 + 280)) / letterWidth));
  // Lines end at words, which leaves some of their width empty.
  const taken = (length: number) => (length <= columns ? 1 : Math.ceil((length * 1.1) / columns));
  return { isNarrow, linesOf: ({ length }) => Math.min(mostLines, taken(length)) };
}

/** Where each row begins, and last where all end. */
export function heightsOf(records: readonly KeptRecord[], width: number): readonly number[] {
  const row = rowOf(width);
  const extra = padding + (row.isNarrow ? lineHeight + 6 : 0);
  let top = 0;
  const tops = [0];
  for (const { message } of records) {
    top += extra + lineHeight * row.linesOf(message);
    tops.push(top);
  }
  return tops;
}

/** The row at a height. */
export function indexAt(tops: readonly number[], height: number): number {
  let [low, high] = [0, tops.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((tops[middle] ?? 0) <= height) low = middle;
    else high = middle - 1;
  }
  return low;
}
