/** Stands in the place of src/bots/index.ts in the laboratory's executable: the built-in bots and one that can be told to break. */
import type { PluginDefinition } from "../../src/core/plugin.ts";
import { labBot } from "./bot.ts";

export const builtInLoaders: ReadonlyMap<string, () => Promise<{ readonly default: PluginDefinition }>> =
  new Map([
    ["echo", () => import("../../src/bots/echo/index.ts")],
    ["instagram", () => import("../../src/bots/instagram/index.ts")],
    ["lab", async () => ({ default: labBot })],
  ]);
