import { builtInPlugins } from "./bots/index.ts";
import { checkSettings, settingsSchemaOf } from "./config/issues.ts";
import type { PluginSettings } from "./config/plugins.ts";

/** What the config needs to know of the built-in plugins. */
export const pluginSettings: PluginSettings = {
  names: () => [...builtInPlugins.keys()],
  find: (name) => {
    const plugin = builtInPlugins.get(name);
    if (plugin === undefined) return undefined;
    return {
      schema: settingsSchemaOf(plugin.config),
      check: (config) => checkSettings(plugin.config, config),
      answersTo: (prefix) => plugin.answersTo(prefix),
    };
  },
};
