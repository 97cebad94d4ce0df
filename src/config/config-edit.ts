import { dirname, join, resolve } from "node:path";
import { type Config, formatProblem, type LoadedConfig, type Problem } from "../core/config.ts";
import { RoostError } from "../core/error.ts";
import { asInstanceId, type InstanceId, type UserId } from "../core/id.ts";
import { isObject, type Json, stringAt } from "../core/json.ts";
import { entryOf } from "./definition.ts";
import {
  type EntryPlace,
  entryText,
  hasReferences,
  type ParsedText,
  putEntry,
  removeEntry,
  renameEntry,
} from "./entry.ts";
import { ConfigFile } from "./file.ts";
import { type FileChange, obstacleTo, textOf } from "./file-change.ts";
import { formatPath } from "./finding.ts";
import { loadConfig } from "./load.ts";
import type { ConfigReader } from "./reader.ts";
import { indent } from "./yaml-layout.ts";

/** Where an account or instance is defined, and what its file holds. */
export interface Home {
  readonly file: string;
  readonly text: string;
  readonly parsed: ParsedText;
  /** All that the file says. */
  readonly value: Json | undefined;
  /** The entry's own lines. */
  readonly entry: string;
  /** The whole config as it was read with it. */
  readonly loaded: LoadedConfig;
  /** Why it cannot be edited, as a sentence. */
  readonly readOnly: string | undefined;
}

/** What would come of a change. */
export interface Trial {
  /** Undefined if nothing could run then. */
  readonly config: Config | undefined;
  readonly errors: readonly Problem[];
  readonly warnings: readonly Problem[];
}

/** The files of a config, seen as something to edit. */
export class ConfigEdit {
  readonly #reader: ConfigReader;

  constructor(reader: ConfigReader) {
    this.#reader = reader;
  }

  load(changes: readonly FileChange[] = []): LoadedConfig {
    if (changes.length === 0) return this.#reader.read().loaded;
    const texts = new Map(changes.map(({ file, after }) => [resolve(file), after]));
    return loadConfig(this.#reader.file, { ...this.#reader.options, texts });
  }

  dataDir(): string {
    return this.#reader.read().sources.dataDir;
  }

  /** The instances that speak as an account, as far as the files can be read. */
  instancesOf(userId: UserId): InstanceId[] {
    return this.#reader.read().sources.sources.flatMap(({ file }) =>
      file.names("instances").flatMap((name) => {
        const isUser = stringAt(entryOf(file.value, "instances", name), "account") === userId;
        return isUser ? (asInstanceId(name) ?? []) : [];
      }),
    );
  }

  notIncluded(file: string): RoostError {
    const pattern = JSON.stringify(join(dirname(file), "*.yaml"));
    const sentence = `The main file's include does not cover ${file}: add ${pattern} to it. Nothing was written.`;
    return new RoostError("bad-request", sentence);
  }

  /** Undefined if no file defines it. */
  find(place: EntryPlace): Home | undefined {
    return this.findEach([place])[0];
  }

  /** The same for several, with the files read once. */
  findEach(places: readonly EntryPlace[]): (Home | undefined)[] {
    const { sources: read, loaded } = this.#reader.read();
    const { main, sources } = read;
    return places.map((place) => {
      const found = sources.find(({ file }) => file.names(place.section).includes(place.name))?.file;
      if (found === undefined) return undefined;
      const file = resolve(found.name);
      const parsed = found.tree();
      const entry = entryText(parsed, place) ?? "";
      const readOnly = found === main ? ofMainFile(file) : this.#obstacle(found, entry);
      return { file, text: found.text, parsed, value: found.value, entry, loaded, readOnly };
    });
  }

  /** The change of a file that makes an entry say what is wanted; without a home, in a new file or at the end of one. */
  put(
    place: EntryPlace,
    home: Home | undefined,
    wanted: Json,
    options: { newFile: string; config?: string | undefined },
  ): FileChange {
    const file = home?.file ?? join(this.dataDir(), "instances.d", options.newFile);
    const before = home?.text ?? textOf(file);
    const after = asFile(putEntry(asLines(before ?? ""), place, wanted, options.config), before);
    this.#verify(file, before, after, place, options.config === undefined ? wanted : undefined);
    return { file, before, after };
  }

  /** Adds an entry as text, as `find` told it: in a new file or at the end of one. */
  insert({ section, name }: EntryPlace, entry: string, newFile: string): FileChange {
    const file = join(this.dataDir(), "instances.d", newFile);
    const before = textOf(file);
    const lines = indent(entry.trimEnd(), 2).replace(/^ *[^\s:]+:/, `  ${name}:`);
    if (before === undefined) return { file, before, after: `${section}:\n${lines}\n` };
    throw new RoostError("conflict", `There is a file ${file} already: move it away first.`);
  }

  rename(place: EntryPlace, home: Home, to: string): FileChange {
    const after = asFile(renameEntry(asLines(home.text), place, to), home.text);
    return { file: home.file, before: home.text, after };
  }

  remove(place: EntryPlace, home: Home): FileChange {
    const after = removeEntry(asLines(home.text), place);
    const change = {
      file: home.file,
      before: home.text,
      after: after === "" ? undefined : asFile(after, home.text),
    };
    if (change.after !== undefined) this.#verify(home.file, home.text, change.after, place, undefined);
    return change;
  }

  /** Loads what the files would say. Throws RoostError `config-invalid` with what `tryOut` finds. */
  check(place: EntryPlace, changes: readonly FileChange[]): Pick<Trial, "warnings"> & { config: Config } {
    const { config, errors, warnings } = this.tryOut(place, changes);
    if (errors.length === 0 && config !== undefined) return { config, warnings };
    throw refusal(errors[0] ?? this.load(changes).problems[0], errors);
  }

  /** The same without a refusal: the problems that the change brings, or leaves in what it changes; others are not its affair. */
  tryOut(place: EntryPlace, changes: readonly FileChange[]): Trial {
    const path = formatPath([place.section, place.name]);
    const concerns = (problem: Problem) =>
      problem.path === path || problem.path.startsWith(`${path}.`) || problem.path.startsWith(`${path}[`);
    const known = new Set(this.load().problems.map(fingerprint));
    const { config, problems } = this.load(changes);
    const own = problems.filter((problem) => concerns(problem) || !known.has(fingerprint(problem)));
    const ofSeverity = (wanted: Problem["severity"]) => own.filter(({ severity }) => severity === wanted);
    return { config, errors: ofSeverity("error"), warnings: ofSeverity("warning") };
  }

  /** What a file would say after a change. */
  valueOf({ file, after }: FileChange): Json | undefined {
    return ConfigFile.parse(file, after ?? "", () => "open").value;
  }

  #obstacle(file: ConfigFile, entry: string): string | undefined {
    const name = resolve(file.name);
    const reason = obstacleTo(name);
    if (reason !== undefined)
      return `It is defined in ${name}, ${reason}: edit it there, then restart the instance.`;
    if (file.broken)
      return `It is defined in ${name}, which is not valid YAML: mend that file by hand first.`;
    if (entry !== "" && !hasReferences(entry)) return undefined;
    return `It is written in ${name} with anchors, aliases or keys that are no plain text: edit it there by hand.`;
  }

  /** Text edits are trusted only if exactly what was meant has changed. */
  #verify(
    file: string,
    before: string | undefined,
    after: string,
    place: EntryPlace,
    wanted: Json | undefined,
  ): void {
    const read = (text: string) => ConfigFile.parse(file, text, () => "open");
    const [old, next] = [read(before ?? ""), read(after)];
    const others = (value: unknown) => withoutEntry(value, place);
    const isSame = Bun.deepEquals(others(old.value), others(next.value));
    const isWanted =
      wanted === undefined || Bun.deepEquals(entryOf(next.value, place.section, place.name) ?? null, wanted);
    if (!next.broken && isSame && isWanted) return;
    const problems = next.problems();
    if (problems[0] !== undefined && old.problems().length === 0) {
      throw refusal(problems[0], problems);
    }
    throw new RoostError(
      "config-invalid",
      `${file} is written in a way that Roost cannot edit safely. Nothing was written; edit the file by hand.`,
    );
  }
}

/** Says the first of the problems. */
export function refusal(first: Problem | undefined, problems: readonly Problem[]): RoostError {
  const sentence =
    first === undefined ? "the config cannot be read" : formatProblem({ ...first, excerpt: undefined });
  return new RoostError("config-invalid", `Nothing was written: ${sentence}`, { problems });
}

function ofMainFile(file: string): string {
  return `It is defined in the main file, ${file}, which Roost never writes: edit it there, then restart the instance.`;
}

function fingerprint(problem: Problem): string {
  return JSON.stringify([problem.file, problem.path, problem.severity, problem.message]);
}

function withoutEntry(value: unknown, { section, name }: EntryPlace): unknown {
  if (!isObject(value)) return {};
  const entries = isObject(value[section]) ? value[section] : {};
  const others = Object.entries(entries).filter(([key]) => key !== name);
  const rest = Object.entries(value).filter(([key, inner]) => key !== section && inner !== null);
  const left = others.length === 0 ? [] : [[section, Object.fromEntries(others)]];
  return Object.fromEntries([...rest, ...left]);
}

function asLines(text: string): string {
  return text.replaceAll("\r\n", "\n");
}

/** With the line breaks that the file had. */
function asFile(text: string, before: string | undefined): string {
  return before?.includes("\r\n") ? text.replaceAll("\n", "\r\n") : text;
}
