/** Stands in the place of src/bots/index.ts in the laboratory's executable: the built-in bots and one that can be told to break. */
import echo from "../../src/bots/echo/index.ts";
import instagram from "../../src/bots/instagram/index.ts";
import type { PluginDefinition } from "../../src/core/plugin.ts";
import { labBot } from "./bot.ts";

export const builtInPlugins: ReadonlyMap<string, PluginDefinition> = new Map<string, PluginDefinition>([
  ["echo", echo],
  ["instagram", instagram],
  ["lab", labBot],
]);
