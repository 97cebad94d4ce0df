import type { LoadedConfig } from "../core/config.ts";
import { RoostError } from "../core/error.ts";
import { asRoomAlias, asRoomId, asUserId, type InstanceId } from "../core/id.ts";
import { isObject, type JsonObject, stringAt } from "../core/json.ts";
import type { InstanceDefinition } from "../core/management.ts";
import type { RoomRule } from "../core/room-rule.ts";
import type { Home } from "./config-edit.ts";
import { entryOf, revisionOf, settingSecretsOf, showInstance } from "./definition.ts";
import { configText, type EntryPlace, entryText } from "./entry.ts";
import type { PluginSettings } from "./plugins.ts";

/** Instances as they may be shown, without secrets. */
export class DefinitionView {
  readonly #plugins: PluginSettings;
  /** By what was read: to parse an entry and cut it takes longer than all else that a look at an instance needs. */
  readonly #known = new WeakMap<LoadedConfig, Map<InstanceId, InstanceDefinition>>();

  constructor(plugins: PluginSettings) {
    this.#plugins = plugins;
  }

  /** Throws RoostError `config-invalid` if even its account cannot be told. */
  definition(id: InstanceId, home: Home): InstanceDefinition {
    const known = this.#known.get(home.loaded) ?? new Map<InstanceId, InstanceDefinition>();
    this.#known.set(home.loaded, known);
    const definition = known.get(id) ?? this.#describe(id, home);
    known.set(id, definition);
    return { ...definition, readOnly: home.readOnly };
  }

  yaml(id: InstanceId, home: Home): string {
    const text = entryText(home.parsed, placeOf(id)) ?? "";
    const settings = settingSecretsOf(this.#plugins, entryOf(home.value, "instances", id));
    return showInstance(text, settings, home.loaded.secrets);
  }

  /** Its settings as they are written. */
  settings(entry: unknown): JsonObject {
    const written = isObject(entry) ? entry.config : undefined;
    const shown = settingSecretsOf(this.#plugins, entry).cut(written ?? {});
    return isObject(shown) ? shown : {};
  }

  #describe(id: InstanceId, home: Home): InstanceDefinition {
    const entry = entryOf(home.value, "instances", id);
    const account = asUserId(stringAt(entry, "account") ?? "");
    if (!isObject(entry) || account === undefined) {
      const sentence = `${id} is defined in ${home.file} without a valid account: mend that file by hand.`;
      throw new RoostError("config-invalid", sentence);
    }
    const yaml = this.yaml(id, home);
    return {
      id,
      plugin: stringAt(entry, "plugin") ?? "",
      account,
      rooms: roomsOf(entry.rooms),
      enabled: entry.enabled !== false,
      prefix: stringAt(entry, "prefix") ?? "!",
      config: this.settings(entry),
      configYaml: configText(yaml),
      yaml,
      revision: revisionOf(yaml),
      readOnly: home.readOnly,
    };
  }
}

export function placeOf(id: InstanceId): EntryPlace {
  return { section: "instances", name: id };
}

function roomsOf(written: unknown): RoomRule {
  if (written === "any") return written;
  const rooms = Array.isArray(written) ? written : [];
  return rooms.flatMap((room) =>
    typeof room === "string" ? (asRoomId(room) ?? asRoomAlias(room) ?? []) : [],
  );
}
