import type { InstanceId } from "./id.ts";
import type { JsonObject } from "./json.ts";

/** A plugin that instances can be made of. */
export interface PluginInfo {
  readonly id: string;
  readonly version: string;
  readonly origin: "built-in" | "uploaded";
  readonly language: "typescript" | "python";
  /** The archive's name within the plugins folder; undefined for built-in ones. */
  readonly file: string | undefined;
  readonly sizeBytes: number | undefined;
  readonly license: string | undefined;
  readonly modules: readonly string[];
  /** What it answers to, such as `!echo` (with the usual prefix) or `Instagram links`; empty where that is not known. */
  readonly answersTo: readonly string[];
  readonly hasDatabase: boolean;
  readonly hasWebapp: boolean;
  readonly dependencies: readonly PluginDependency[];
  /** What its archive holds, such as `bot.py`. */
  readonly entries: readonly string[];
  readonly instances: readonly InstanceId[];
  /** JSON Schema (draft-07) of its settings; undefined where none can be told. A secret one says `"writeOnly": true`. */
  readonly settingsSchema: JsonObject | undefined;
  /** The settings' defaults as YAML, with the author's comments where there are some. */
  readonly baseConfig: string | undefined;
  /** What it asks for; undefined for a built-in one. Until it is agreed to, no instance starts whose own `network` says nothing. */
  readonly permissions: PluginPermissions | undefined;
  /** Why no instance of it can run here, as a sentence. */
  readonly obstacle: string | undefined;
}

export interface PluginPermissions {
  /** Whether it may open connections: anywhere, or to these hosts by `bot.http`. */
  readonly network: boolean | readonly string[];
  readonly agreed: boolean;
}

export interface PluginDependency {
  readonly name: string;
  /** As declared, such as `>=1.2,<2`; empty for one that is only imported. */
  readonly wanted: string;
  readonly found: string | undefined;
  /** A soft one is missed without harm. */
  readonly isRequired: boolean;
  /** The command that installs it; undefined when it is there. */
  readonly remedy: string | undefined;
}
