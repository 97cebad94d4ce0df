import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Recorded answers of Instagram, kept beside the project where there are any; they are no part of it. */
export const corpusFolder = join(import.meta.dir, "../../../../shared/instagram-corpus");
export const hasCorpus = existsSync(join(corpusFolder, "INDEX.tsv"));

export interface CorpusRow {
  readonly file: string;
  readonly shape: string;
  readonly status: number;
  readonly body: string;
  /** `key=value` pairs of the index's last column; a value may hold anything but `; key=`. */
  readonly expected: ReadonlyMap<string, string>;
  readonly note: string;
}

export function readCorpus(): CorpusRow[] {
  return readTable("INDEX.tsv").map(([file = "", shape = "", , , , , , , note = ""]) => ({
    file,
    shape,
    status: Number(/\/(\d{3})_/.exec(file)?.[1] ?? 200),
    body: readFileSync(join(corpusFolder, file), "utf8"),
    expected: new Map(
      [...note.matchAll(/(?:^|; )([a-z_0-9:]+)=(.*?)(?=; [a-z_0-9:]+=|; ?$|$)/g)].map((match) => [
        match[1] ?? "",
        (match[2] ?? "").replace(/; .*$/, ""),
      ]),
    ),
    note,
  }));
}

export function readTable(name: string): string[][] {
  return readFileSync(join(corpusFolder, name), "utf8")
    .trim()
    .split("\n")
    .slice(1)
    .map((line) => line.split("\t"));
}

/** What Python's repr wrote: quotes off, escapes undone. */
export function unquote(literal: string): string {
  return literal
    .slice(1, -1)
    .replace(/\\(n|t|'|"|\\|x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8})/g, (_, code: string) =>
      code === "n"
        ? "\n"
        : code === "t"
          ? "\t"
          : /^[xuU]/.test(code)
            ? String.fromCodePoint(Number.parseInt(code.slice(1), 16))
            : code,
    );
}
