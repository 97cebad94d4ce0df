import { z } from "zod";
import { RoostError, sentenceOf } from "../../core/error.ts";
import type { PluginDefinition } from "../../core/plugin.ts";
import * as authorModule from "../author/author-module.ts";
import type { PluginModule } from "../channel/protocol.ts";

/**
 * Loads an uploaded plugin's main module, in the runtime that is to run it: its code runs here. `import ... from "roost"` in it is
 * this program's own contract.
 *
 * @throws RoostError `plugin-refused` when it throws, or exports no plugin.
 */
export async function loadPluginModule({ file, exportName }: PluginModule): Promise<PluginDefinition> {
  Bun.plugin({
    name: "roost",
    setup: (build) => void build.module("roost", () => ({ exports: { ...authorModule }, loader: "object" })),
  });
  let loaded: unknown;
  try {
    loaded = await import(file);
  } catch (error) {
    throw new RoostError("plugin-refused", `Its code cannot be loaded: ${sentenceOf(error)}.`, {
      cause: error,
    });
  }
  const found = exportOf(loaded, "default") ?? exportOf(loaded, exportName);
  if (isPlugin(found)) return { answersTo: () => [], config: z.looseObject({}), ...found };
  const sentence =
    "Its main module exports no plugin. Write `export default definePlugin({ setup(bot) { ... } })` there.";
  throw new RoostError("plugin-refused", sentence);
}

function exportOf(loaded: unknown, name: string): unknown {
  return typeof loaded === "object" && loaded !== null ? Reflect.get(loaded, name) : undefined;
}

/** An author's definition may leave out everything but `setup`. */
function isPlugin(value: unknown): value is Partial<PluginDefinition> & Pick<PluginDefinition, "setup"> {
  return typeof exportOf(value, "setup") === "function";
}
