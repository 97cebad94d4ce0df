import type { z } from "zod";
import type { Problem } from "../core/config.ts";
import { isObject, type Json } from "../core/json.ts";
import type { YamlDocument } from "./document.ts";
import { type ParsedText, parseText } from "./entry.ts";
import { excerptAt, positionOf, quote } from "./excerpt.ts";
import { type Finding, formatPath, isWithin, type Path } from "./finding.ts";
import { findIssues } from "./issues.ts";
import { type ParsedFile, parseFile } from "./parsed-files.ts";
import { readText, type Texts } from "./text.ts";
import type { SecretPlace } from "./tree.ts";

const maxBytes = 1024 * 1024;
const maxProblems = 100;
const emptyDocument: YamlDocument = {
  text: "",
  lineStarts: [0],
  value: undefined,
  broken: true,
  findings: [],
  places: new Map(),
  hidden: [],
};

/** One YAML file: what it says, and every problem found in it so far, each with its path, so that it harms only what is there. */
export class ConfigFile {
  readonly name: string;
  /** Unreadable or not YAML: nothing in it can be relied on. */
  readonly broken: boolean;
  /** As the tree in which edits look for entries. */
  readonly tree: () => ParsedText;
  readonly #document: YamlDocument;
  readonly #findings: Finding[] = [];
  /** The places of the errors, and with all that they lie in. */
  readonly #wrong = new Set<string>();
  readonly #around = new Set<string>();

  private constructor(name: string, { document, tree }: ParsedFile, findings = document.findings) {
    this.name = name;
    this.tree = tree;
    this.#document = document;
    this.broken = document.broken;
    for (const finding of findings) this.#keep(finding);
  }

  static read(name: string, parse: (text: string) => ParsedFile, texts?: Texts): ConfigFile {
    const content = readText(name, maxBytes, texts);
    if ("text" in content) return new ConfigFile(name, parse(content.text));
    const unread = { document: emptyDocument, tree: () => parseText("") };
    return new ConfigFile(name, unread, [{ path: [], message: `the file ${content.sentence}` }]);
  }

  static parse(name: string, text: string, isSecret: SecretPlace): ConfigFile {
    return new ConfigFile(name, parseFile(text, isSecret));
  }

  get text(): string {
    return this.#document.text;
  }

  get value(): Json | undefined {
    return this.#document.value;
  }

  get isEmpty(): boolean {
    return !this.broken && (this.#document.value ?? null) === null;
  }

  /** The names under a section (or of the sections), also of entries that have problems; the best guess of a broken file. */
  names(section?: "accounts" | "instances"): string[] {
    const root = isObject(this.#document.value) ? this.#document.value : {};
    const value = section === undefined ? root : root[section];
    return isObject(value) ? Object.keys(value) : [];
  }

  /**
   * The file's settings, all that `strict` finds wrong reported. What has an error is left out (an account or instance as a
   * whole), so that the rest counts; undefined if even `lenient` cannot read the rest.
   */
  settings<Schema extends z.ZodType>(strict: z.ZodType, lenient: Schema): z.output<Schema> | undefined {
    if (this.broken) return undefined;
    const value = this.#document.value ?? {};
    for (const finding of findIssues(strict, value)) this.report(finding);
    const result = lenient.safeParse(this.#soundPart(value, []));
    return result.success ? result.data : undefined;
  }

  /** Adds a finding, unless the same place is already known to be wrong. */
  report(finding: Finding): void {
    if (finding.severity === "warning" || !this.#isHarmed(finding.path)) this.#keep(finding);
  }

  /** The problems in the order of the lines; of very many the first hundred, and how many more there are. */
  problems(): Problem[] {
    const placed = this.#findings.map((finding) => ({ finding, offset: this.#offsetOf(finding) }));
    const sorted = placed.sort((a, b) => a.offset - b.offset).map(({ finding }) => finding);
    const problems = sorted.slice(0, maxProblems).map((finding) => this.#locate(finding));
    const more = sorted.length - problems.length;
    if (more > 0) {
      problems.push(this.#locate({ path: [], message: `there are ${more} more problems in this file` }));
    }
    return problems;
  }

  /** The errors that harm what is at a path: there, inside of it, or around it; of a broken file, all. */
  errorsAt(path: Path): Problem[] {
    if (!this.broken && !this.#isHarmed(path)) return [];
    return this.#findings
      .filter(({ severity }) => severity !== "warning")
      .filter((finding) => this.broken || isWithin(finding.path, path) || isWithin(path, finding.path))
      .slice(0, maxProblems)
      .map((finding) => this.#locate(finding));
  }

  /** `file:line:column` of a key. */
  placeOf(path: Path): string {
    const { line, column } = positionOf(
      this.#document.lineStarts,
      this.#offsetOf({ path, message: "", atKey: true }),
    );
    return `${this.name}:${line}:${column}`;
  }

  #keep(finding: Finding): void {
    this.#findings.push(finding);
    if (finding.severity === "warning") return;
    this.#wrong.add(JSON.stringify(finding.path));
    for (let end = finding.path.length; end >= 0; end--) {
      this.#around.add(JSON.stringify(finding.path.slice(0, end)));
    }
  }

  /** Whether there is an error at a path, inside of it or around it. */
  #isHarmed(path: Path): boolean {
    if (this.#around.has(JSON.stringify(path))) return true;
    return path.some((_, end) => this.#wrong.has(JSON.stringify(path.slice(0, end))));
  }

  /** The value without what is wrong. */
  #soundPart(value: Json, path: Path): Json {
    if (!this.#around.has(JSON.stringify(path))) return value;
    if (isObject(value)) {
      const kept = Object.entries(value).filter(([key]) => !this.#isLeftOut([...path, key]));
      return Object.fromEntries(
        kept.map(([key, inner]) => [key, this.#soundPart(inner ?? null, [...path, key])]),
      );
    }
    if (typeof value !== "object" || value === null) return value;
    return value.flatMap((item, index) =>
      this.#isLeftOut([...path, index]) ? [] : [this.#soundPart(item, [...path, index])],
    );
  }

  #isLeftOut(path: Path): boolean {
    const isEntry = path.length === 2 && (path[0] === "accounts" || path[0] === "instances");
    return (isEntry ? this.#around : this.#wrong).has(JSON.stringify(path));
  }

  #locate(finding: Finding): Problem {
    const { text, lineStarts, hidden } = this.#document;
    const offset = this.#offsetOf(finding);
    const excerpt = excerptAt(text, offset, hidden);
    return {
      file: this.name,
      ...positionOf(lineStarts, offset),
      path: formatPath(this.#shownPath(finding.path)),
      severity: finding.severity ?? "error",
      message: finding.message,
      hint: finding.quoteIt ? this.#quotingHint(finding.path, offset) : finding.hint,
      excerpt: excerpt.trim() === "^" ? undefined : excerpt,
    };
  }

  /** In a broken file a piece of a secret can look like a key: the path ends before it. */
  #shownPath(path: Path): Path {
    const end = path.findIndex((_, index) => {
      const key = this.#document.places.get(JSON.stringify(path.slice(0, index + 1)))?.key;
      return key !== undefined && this.#hides(key);
    });
    return end === -1 ? path : path.slice(0, end);
  }

  #hides(offset: number): boolean {
    return this.#document.hidden.some(([start, end]) => start <= offset && offset < end);
  }

  /** Where the value begins; where there is none, its key, or else the nearest that is there. */
  #offsetOf(finding: Finding): number {
    if (finding.offset !== undefined) return finding.offset;
    for (let path = finding.path; ; path = path.slice(0, -1)) {
      const place = this.#document.places.get(JSON.stringify(path));
      if (place !== undefined) {
        const atKey = finding.atKey || place.isNull || path.length < finding.path.length;
        return atKey ? (place.key ?? place.value) : place.value;
      }
      if (path.length === 0) return 0;
    }
  }

  #quotingHint(path: Path, offset: number): string {
    const source = this.#document.places.get(JSON.stringify(path))?.source;
    return source === undefined || this.#hides(offset)
      ? "put it in quotes"
      : `put it in quotes: ${quote(source)}`;
  }
}
