import type { PluginDefinition } from "../core/plugin.ts";

/**
 * The plugins that come with the executable, by the name that `plugin:` in the YAML uses. Each is loaded where it is needed: a
 * worker that held them all would cost a host of fifty bots a hundred megabytes.
 */
export const builtInLoaders: ReadonlyMap<string, () => Promise<{ readonly default: PluginDefinition }>> =
  new Map([
    ["echo", () => import("./echo/index.ts")],
    ["instagram", () => import("./instagram/index.ts")],
  ]);
