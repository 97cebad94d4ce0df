import type { PluginDefinition } from "../core/plugin.ts";
import { builtInLoaders } from "./index.ts";

/** All of them, for the host, which checks their settings. */
export const builtInPlugins: ReadonlyMap<string, PluginDefinition> = new Map(
  await Promise.all(
    [...builtInLoaders].map(
      async ([name, load]): Promise<[string, PluginDefinition]> => [name, (await load()).default],
    ),
  ),
);
