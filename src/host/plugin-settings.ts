import { builtInPlugins } from "../bots/all.ts";
import { checkSettings, settingsSchemaOf } from "../config/issues.ts";
import type { PluginSettings } from "../config/plugins.ts";

/** Made once: turning a schema into a JSON Schema takes longer than reading a config. */
const known = new Map(
  [...builtInPlugins].map(([name, plugin]) => {
    const schema = settingsSchemaOf(plugin.config);
    const check = (config: unknown) => checkSettings(plugin.config, config);
    return [name, { schema, check, answersTo: (prefix: string) => plugin.answersTo(prefix) }];
  }),
);

/** What the config needs to know of the built-in plugins. */
export const pluginSettings: PluginSettings = {
  names: () => [...known.keys()],
  find: (name) => known.get(name),
};
