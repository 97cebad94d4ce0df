const contextLines = 3;
/** Beyond this many comparisons the changed part is shown as a whole: nobody reads it line by line. */
const maxCells = 4_000_000;

interface Line {
  readonly kind: " " | "-" | "+";
  readonly text: string;
}

/** What turns one text into another, in the form of `diff -u`, without file names; empty if they are equal. */
export function unifiedDiff(before: string, after: string): string {
  if (before === after) return "";
  const lines = compare(linesOf(before), linesOf(after));
  const shown = lines.map((_, index) =>
    lines.slice(Math.max(0, index - contextLines), index + contextLines + 1).some(({ kind }) => kind !== " "),
  );
  let text = "";
  let [oldLine, newLine] = [1, 1];
  for (let index = 0; index < lines.length; index++) {
    if (shown[index] === true && shown[index - 1] !== true) {
      const end = shown.indexOf(false, index);
      text += header(lines.slice(index, end === -1 ? undefined : end), oldLine, newLine);
    }
    const line = lines[index];
    if (line === undefined) break;
    if (shown[index] === true) text += `${line.kind}${line.text}\n`;
    if (line.kind !== "+") oldLine++;
    if (line.kind !== "-") newLine++;
  }
  return text;
}

function header(hunk: readonly Line[], oldLine: number, newLine: number): string {
  const range = (line: number, other: Line["kind"]) => {
    const count = hunk.filter(({ kind }) => kind !== other).length;
    return `${count === 0 ? line - 1 : line},${count}`;
  };
  return `@@ -${range(oldLine, "+")} +${range(newLine, "-")} @@\n`;
}

function linesOf(text: string): string[] {
  return text === "" ? [] : text.replace(/\n$/, "").split("\n");
}

function compare(before: readonly string[], after: readonly string[]): Line[] {
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) start++;
  let same = 0;
  const rest = Math.min(before.length, after.length) - start;
  while (same < rest && before.at(-1 - same) === after.at(-1 - same)) same++;
  const mark = (kind: Line["kind"], lines: readonly string[]): Line[] =>
    lines.map((text) => ({ kind, text }));
  const [gone, come] = [before.slice(start, before.length - same), after.slice(start, after.length - same)];
  return [
    ...mark(" ", before.slice(0, start)),
    ...(gone.length * come.length > maxCells ? [...mark("-", gone), ...mark("+", come)] : align(gone, come)),
    ...mark(" ", before.slice(before.length - same)),
  ];
}

/** By the longest common subsequence. */
function align(before: readonly string[], after: readonly string[]): Line[] {
  const width = after.length + 1;
  const common = new Uint32Array((before.length + 1) * width);
  const at = (i: number, j: number) => common[i * width + j] ?? 0;
  for (let i = before.length - 1; i >= 0; i--) {
    for (let j = after.length - 1; j >= 0; j--) {
      common[i * width + j] =
        before[i] === after[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const lines: Line[] = [];
  for (let [i, j] = [0, 0]; i < before.length || j < after.length; ) {
    const [gone, come] = [before[i], after[j]];
    if (gone !== undefined && gone === come) {
      lines.push({ kind: " ", text: gone });
      i++;
      j++;
    } else if (gone !== undefined && (come === undefined || at(i + 1, j) >= at(i, j + 1))) {
      lines.push({ kind: "-", text: gone });
      i++;
    } else if (come !== undefined) {
      lines.push({ kind: "+", text: come });
      j++;
    }
  }
  return lines;
}
