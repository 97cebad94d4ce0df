/** Entry point of every bot's worker: one plugin, built in or trusted, driven by the host through messages. */
import { builtInLoaders } from "./bots/index.ts";
import { runBotInWorker } from "./plugins/channel/worker-side.ts";
import { closeDatabase, openDatabase } from "./store/database.ts";

runBotInWorker({
  plugin: async ({ plugin, module }) => {
    if (module === undefined) return (await builtInLoaders.get(plugin)?.())?.default;
    const { loadPluginModule } = await import("./plugins/runtime/plugin-module.ts");
    return loadPluginModule(module);
  },
  openDatabase,
  closeDatabase,
});
