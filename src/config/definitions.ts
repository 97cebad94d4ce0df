import { join } from "node:path";
import { RoostError } from "../core/error.ts";
import type { InstanceId } from "../core/id.ts";
import { isObject, type Json, type JsonObject } from "../core/json.ts";
import type { InstanceChange, InstanceDefinition, InstancePreview, Saved } from "../core/management.ts";
import { ConfigEdit, type Home, refusal } from "./config-edit.ts";
import { entryOf, revisionOf, settingSecretsOf } from "./definition.ts";
import { DefinitionView, placeOf } from "./definition-view.ts";
import { configPosition, configText } from "./entry.ts";
import { type FileChange, writeChanges } from "./file-change.ts";
import { pluginSecretNames } from "./plugin-secrets.ts";
import type { PluginSettings } from "./plugins.ts";
import type { ConfigReader } from "./reader.ts";
import { secretPlaces } from "./schema.ts";
import { SecretFiles } from "./secret-files.ts";
import { readSettingsText, relocate } from "./settings-text.ts";
import { unifiedDiff } from "./unified-diff.ts";

const rememberedVersions = 200;

/** An edit that is ready to be tried, and has not been written. */
interface Draft {
  readonly isNew: boolean;
  readonly changed: FileChange;
  readonly secrets: readonly FileChange[];
  /** The instance as it is, without secrets. */
  readonly before: string;
}

/**
 * The definitions of instances, read from the config's files and written to those that may be written. Every edit is tried on the
 * whole config first; what brings an error is refused, and nothing is written. Edits come one after the other.
 */
export class Definitions {
  readonly #edit: ConfigEdit;
  readonly #plugins: PluginSettings;
  readonly #view: DefinitionView;
  /** What editors have seen, by revision: to tell what changed since. */
  readonly #seen = new Map<string, string>();
  #last: Promise<unknown> = Promise.resolve();

  constructor(reader: ConfigReader) {
    this.#edit = new ConfigEdit(reader);
    this.#plugins = reader.options.plugins;
    this.#view = new DefinitionView(this.#plugins);
  }

  /** Throws RoostError `not-found`, or `config-invalid` if even its account cannot be told. */
  read(id: InstanceId): InstanceDefinition {
    const home = this.#edit.find(placeOf(id));
    if (home === undefined) throw notFound(id);
    return this.#definition(id, home);
  }

  /** The same for several, with the files read once; those that `read` would throw for are left out. */
  readEach(ids: readonly InstanceId[]): ReadonlyMap<InstanceId, InstanceDefinition> {
    const found = new Map<InstanceId, InstanceDefinition>();
    for (const [index, home] of this.#edit.findEach(ids.map(placeOf)).entries()) {
      const id = ids[index];
      if (id === undefined || home === undefined) continue;
      try {
        found.set(id, this.#definition(id, home));
      } catch (error) {
        if (!(error instanceof RoostError)) throw error;
      }
    }
    return found;
  }

  #definition(id: InstanceId, home: Home): InstanceDefinition {
    const definition = this.#view.definition(id, home);
    this.#remember(definition.revision, definition.yaml);
    return definition;
  }

  /** What `save` would write, without secrets. Throws as `save` does, but tells problems instead. */
  preview(id: InstanceId, change: InstanceChange): InstancePreview {
    try {
      return this.#preview(id, this.#draft(id, change));
    } catch (error) {
      if (!(error instanceof RoostError) || change.config === undefined || !isTextual(change.config))
        throw error;
      const { problems } = error;
      if (problems.length === 0) throw error;
      const unread = { yaml: "", diff: "", config: undefined, writesSecrets: false };
      return { ...unread, configYaml: change.config.yaml, problems };
    }
  }

  #preview(id: InstanceId, { before, changed, secrets }: Draft): InstancePreview {
    const place = placeOf(id);
    const { config, errors } = this.#edit.tryOut(place, [...secrets, changed]);
    const yaml = config?.definitions.get(id)?.() ?? "";
    return {
      yaml,
      diff: unifiedDiff(before, yaml),
      configYaml: configText(yaml),
      config: this.#view.settings(entryOf(this.#edit.valueOf(changed), "instances", id)),
      problems: relocate(errors, id, configPosition(changed.after ?? "", place)),
      writesSecrets: secrets.length > 0,
    };
  }

  /**
   * Creates the instance, or changes what the change names. Throws RoostError: `config-invalid` with the problems (those of
   * settings given as YAML text have its lines), `bad-request` for what cannot be edited here, `conflict` with the difference
   * if somebody else was faster, `internal` if it cannot be written.
   */
  save(id: InstanceId, change: InstanceChange): Promise<Saved> {
    return this.alone(async () => {
      const { isNew, changed, secrets } = this.#draft(id, change);
      const { config, warnings } = this.#check(id, [...secrets, changed], changed.after ?? "");
      if (!config.definitions.has(id)) throw this.#edit.notIncluded(changed.file);
      await writeChanges(changed.before === changed.after ? [] : [changed], secrets);
      return { isNew, definition: this.read(id), warnings: warnings.map(({ message }) => message) };
    });
  }

  /** Takes the instance out of its file. The answer is its text as it was, secrets included, for `restore`. */
  remove(id: InstanceId): Promise<string> {
    return this.alone(async () => {
      const place = placeOf(id);
      const home = this.#edit.find(place);
      if (home === undefined) throw notFound(id);
      if (home.readOnly !== undefined) throw readOnly(id, home.readOnly);
      const changes = [this.#edit.remove(place, home)];
      this.#edit.check(place, changes);
      await writeChanges(changes, []);
      return home.entry;
    });
  }

  /** Gives the instance another name where it is defined. Its secrets stay in the files where they are. */
  rename(id: InstanceId, to: InstanceId): Promise<InstanceDefinition> {
    return this.alone(async () => {
      const home = this.#edit.find(placeOf(id));
      if (home === undefined) throw notFound(id);
      if (home.readOnly !== undefined) throw readOnly(id, home.readOnly);
      if (this.#edit.find(placeOf(to)) !== undefined) throw isTaken(to);
      const changes = [this.#edit.rename(placeOf(id), home, to)];
      this.#edit.check(placeOf(to), changes);
      await writeChanges(changes, []);
      return this.read(to);
    });
  }

  /** Brings back what `remove` answered, under the same name or another that is free. */
  restore(id: InstanceId, entry: string): Promise<Saved> {
    return this.alone(async () => {
      const place = placeOf(id);
      if (this.#edit.find(place) !== undefined) throw isTaken(id);
      const changes = [this.#edit.insert(place, entry, `${id}.yaml`)];
      const { warnings } = this.#edit.check(place, changes);
      await writeChanges(changes, []);
      return { isNew: true, definition: this.read(id), warnings: warnings.map(({ message }) => message) };
    });
  }

  /** Runs an edit when the one before it is done, whatever became of that. */
  alone<Result>(edit: () => Promise<Result>): Promise<Result> {
    const result = this.#last.then(edit);
    this.#last = result.catch(() => {});
    return result;
  }

  #draft(id: InstanceId, change: InstanceChange): Draft {
    const place = placeOf(id);
    const home = this.#edit.find(place);
    this.#refuseConflict(id, change.revision, home);
    if (home?.readOnly !== undefined) throw readOnly(id, home.readOnly);
    const found = entryOf(home?.value, "instances", id);
    const old = isObject(found) ? found : undefined;
    const base = baseOf(id, old, change);
    const newFile = `${id}.yaml`;
    const yamlFile = home?.file ?? join(this.#edit.dataDir(), "instances.d", newFile);
    const secretFiles = new SecretFiles(join(this.#edit.dataDir(), "secrets", id), yamlFile, old);
    const { wanted, config } = this.#settings(base, old?.config, change, secretFiles);
    const changed = this.#edit.put(place, home, wanted, { newFile, config });
    return {
      isNew: home === undefined,
      changed,
      secrets: secretFiles.changes(),
      before: home === undefined ? "" : this.#view.yaml(id, home),
    };
  }

  /** `text` is the file that holds the settings: problems in those get the lines that they have in `configYaml`. */
  #check(id: InstanceId, changes: readonly FileChange[], text: string) {
    const place = placeOf(id);
    try {
      return this.#edit.check(place, changes);
    } catch (error) {
      if (!(error instanceof RoostError)) throw error;
      const problems = relocate(error.problems, id, configPosition(text, place));
      throw refusal(problems[0], problems);
    }
  }

  /** The entry to write, secrets already in files; and its settings as text if they were given so. */
  #settings(
    base: JsonObject,
    old: Json | undefined,
    { config }: InstanceChange,
    files: SecretFiles,
  ): { wanted: JsonObject; config?: string } {
    if (config === undefined) return { wanted: base };
    const options = {
      place: files.place.bind(files),
      refuse: (sentence: string): never => {
        throw new RoostError("bad-request", `${sentence} Nothing was written.`);
      },
    };
    const settings = settingSecretsOf(this.#plugins, base);
    if (!isTextual(config)) {
      const parsed: unknown = JSON.parse(JSON.stringify(config));
      const plain = isObject(parsed) ? parsed : {};
      return { wanted: { ...base, config: settings.keep(old, plain, { ...options, keepsLeftOut: true }) } };
    }
    const isSecret = secretPlaces(pluginSecretNames(this.#plugins));
    const text = readSettingsText(config.yaml, isSecret, (written) =>
      settings.keep(old, written, { ...options, keepsLeftOut: false }),
    );
    return { wanted: { ...base, config: null }, config: text };
  }

  #refuseConflict(id: InstanceId, revision: string | undefined, home: Home | undefined): void {
    if (revision === undefined) return;
    const now = home === undefined ? "" : this.#view.yaml(id, home);
    if (home !== undefined && revisionOf(now) === revision) return;
    const seen = this.#seen.get(revision);
    const sentence = home === undefined ? "was removed" : "was changed";
    throw new RoostError(
      "conflict",
      `${id} ${sentence} by somebody else since you opened it. Nothing was written; open it again and repeat your change.`,
      seen === undefined ? {} : { difference: unifiedDiff(seen, now) },
    );
  }

  #remember(revision: string, yaml: string): void {
    this.#seen.delete(revision);
    this.#seen.set(revision, yaml);
    const [oldest] = this.#seen.keys();
    if (this.#seen.size > rememberedVersions && oldest !== undefined) this.#seen.delete(oldest);
  }
}

/** What the entry says but for its settings, with the change. A new one begins with what each instance has. */
function baseOf(id: InstanceId, old: JsonObject | undefined, change: InstanceChange): JsonObject {
  const { plugin, account, rooms, enabled, prefix } = change;
  if (old === undefined && (plugin === undefined || account === undefined)) {
    throw new RoostError("bad-request", `The new instance ${id} needs a plugin and an account.`);
  }
  const given = Object.entries({ plugin, account, rooms, enabled, prefix }).filter(
    ([, value]) => value !== undefined,
  );
  return { ...(old ?? { plugin: "", account: "", rooms: [] }), ...Object.fromEntries(given) };
}

function isTextual(config: JsonObject | { readonly yaml: string }): config is { readonly yaml: string } {
  return Object.keys(config).join() === "yaml" && typeof config.yaml === "string";
}

function notFound(id: string): RoostError {
  return new RoostError("not-found", `There is no instance ${id}.`);
}

function isTaken(id: string): RoostError {
  return new RoostError("conflict", `There is an instance ${id} already: choose another name.`);
}

function readOnly(id: string, sentence: string): RoostError {
  return new RoostError("bad-request", `${id} cannot be edited here. ${sentence}`);
}
