import type { PluginDefinition } from "../core/plugin.ts";
import echo from "./echo/index.ts";
import instagram from "./instagram/index.ts";

/** The plugins that come with the executable, by the name that `plugin:` in the YAML uses. */
export const builtInPlugins: ReadonlyMap<string, PluginDefinition> = new Map<string, PluginDefinition>([
  ["echo", echo],
  ["instagram", instagram],
]);
