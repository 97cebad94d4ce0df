/** Entry point of every bot's worker: one plugin, built in or trusted, driven by the host through messages. */
import { builtInPlugins } from "./bots/index.ts";
import { createHttp } from "./plugins/http.ts";
import { loadPluginModule } from "./plugins/plugin-module.ts";
import type { ToRuntime } from "./plugins/protocol.ts";
import { Runtime } from "./plugins/runtime.ts";
import { ownThreadId } from "./plugins/thread-time.ts";
import { closeDatabase, openDatabase } from "./store/database.ts";

declare const self: Worker;

const runtime = new Runtime({
  plugin: ({ plugin, module }) =>
    module === undefined ? builtInPlugins.get(plugin) : loadPluginModule(module),
  openDatabase: openDatabase,
  closeDatabase,
  http: createHttp(),
  threadId: ownThreadId(),
  memoryBytes: () => process.memoryUsage().heapUsed,
  post: (messages) => self.postMessage(messages),
});
self.onmessage = ({ data }: MessageEvent<readonly ToRuntime[]>) => runtime.receive(data);
