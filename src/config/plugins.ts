import type { JsonObject } from "../core/json.ts";

/** One thing wrong with a plugin's settings; the path begins inside of them. */
export interface SettingsIssue {
  readonly path: readonly (string | number)[];
  readonly message: string;
  readonly hint?: string | undefined;
}

/** What the config has to know of the plugins; the app hands it in, for config knows no bots. */
export interface PluginSettings {
  /** Every plugin's name, to suggest one for a name that is not known. */
  names(): readonly string[];
  find(plugin: string):
    | {
        /** JSON Schema of the settings as an admin writes them; `"writeOnly": true` marks secrets. Undefined where none is known. */
        readonly schema: JsonObject | undefined;
        /** The settings completed with defaults, or what is wrong with them. Never throws. */
        check(
          config: unknown,
        ): { readonly value: JsonObject } | { readonly issues: readonly SettingsIssue[] };
        /** What makes it answer, in words, as in the plugin contract. */
        answersTo(prefix: string): readonly string[];
        /** It runs in a process of its own whatever its admin says. */
        readonly isAlwaysConfined?: boolean;
      }
    | undefined;
}
