import type { z } from "zod";
import type { Problem } from "../core/config.ts";
import { isObject, type Json, type JsonObject } from "../core/json.ts";
import { parseYaml, type YamlDocument } from "./document.ts";
import { excerptAt, positionOf, quote } from "./excerpt.ts";
import { type Finding, formatPath, isWithin, type Path } from "./finding.ts";
import { findIssues } from "./issues.ts";
import { isSecretPlace } from "./schema.ts";
import { readText } from "./text.ts";

const maxBytes = 1024 * 1024;
const emptyDocument: YamlDocument = {
  text: "",
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
  readonly #document: YamlDocument;
  readonly #findings: Finding[] = [];

  private constructor(name: string, document: YamlDocument, findings: readonly Finding[]) {
    this.name = name;
    this.#document = document;
    this.broken = document.broken;
    this.#findings.push(...findings);
  }

  static read(name: string): ConfigFile {
    const content = readText(name, maxBytes);
    if ("sentence" in content)
      return new ConfigFile(name, emptyDocument, [{ path: [], message: content.sentence }]);
    const document = parseYaml(content.text, isSecretPlace);
    return new ConfigFile(name, document, document.findings);
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
    const sound = this.#errors().reduceRight<Json>((rest, { path }) => without(rest, path), value);
    const result = lenient.safeParse(sound);
    return result.success ? result.data : undefined;
  }

  /** Adds a finding, unless the same place is already known to be wrong. */
  report(finding: Finding): void {
    const known = this.#errors().some(
      ({ path }) => isWithin(finding.path, path) || isWithin(path, finding.path),
    );
    if (!known || finding.severity === "warning") this.#findings.push(finding);
  }

  /** Every problem, in the order of the lines. */
  problems(): Problem[] {
    const problems = this.#findings.map((finding) => this.#locate(finding));
    return problems.sort((a, b) => a.line - b.line || a.column - b.column);
  }

  /** The errors that harm what is at a path: there, inside of it, or around it; of a broken file, all. */
  errorsAt(path: Path): Problem[] {
    return this.#errors()
      .filter((finding) => this.broken || isWithin(finding.path, path) || isWithin(path, finding.path))
      .map((finding) => this.#locate(finding));
  }

  /** `file:line:column` of a key. */
  placeOf(path: Path): string {
    const { line, column } = positionOf(
      this.#document.text,
      this.#offsetOf({ path, message: "", atKey: true }),
    );
    return `${this.name}:${line}:${column}`;
  }

  #errors(): Finding[] {
    return this.#findings.filter(({ severity }) => severity !== "warning");
  }

  #locate(finding: Finding): Problem {
    const { text, hidden } = this.#document;
    const offset = this.#offsetOf(finding);
    const excerpt = excerptAt(text, offset, hidden);
    return {
      file: this.name,
      ...positionOf(text, offset),
      path: formatPath(finding.path),
      severity: finding.severity ?? "error",
      message: finding.message,
      hint: finding.quoteIt ? this.#quotingHint(finding.path, offset) : finding.hint,
      excerpt: excerpt.trim() === "^" ? undefined : excerpt,
    };
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
    const secret = this.#document.hidden.some(([start, end]) => start <= offset && offset < end);
    return source === undefined || secret ? "put it in quotes" : `put it in quotes: ${quote(source)}`;
  }
}

/** The value without what stands at a path; an account or instance goes as a whole. */
function without(value: Json, path: Path): Json {
  const [step, ...rest] =
    path.length > 2 && /^(accounts|instances)$/.test(`${path[0]}`) ? path.slice(0, 2) : path;
  if (typeof step === "number" && Array.isArray(value)) {
    const items: readonly Json[] = value;
    return rest.length === 0
      ? items.filter((_, index) => index !== step)
      : items.map((item, index) => (index === step ? without(item, rest) : item));
  }
  if (typeof step !== "string" || !isObject(value) || !Object.hasOwn(value, step)) return value;
  const { [step]: inner, ...others } = value;
  if (rest.length === 0 || inner === undefined) return others;
  const kept: JsonObject = { ...others, [step]: without(inner, rest) };
  return kept;
}
