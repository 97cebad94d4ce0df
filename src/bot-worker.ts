/** Entry point of every bot's worker: one plugin, built in or trusted, driven by the host through messages. */
import { builtInLoaders } from "./bots/index.ts";
import { createHttp } from "./plugins/http.ts";
import type { ToRuntime } from "./plugins/protocol.ts";
import { Runtime } from "./plugins/runtime.ts";
import { ownThreadId } from "./plugins/thread-time.ts";
import { type Packed, pack, unpack } from "./plugins/worker-wire.ts";
import { closeDatabase, openDatabase } from "./store/database.ts";

declare const self: Worker;

const runtime = new Runtime({
  plugin: async ({ plugin, module }) => {
    if (module === undefined) return (await builtInLoaders.get(plugin)?.())?.default;
    const { loadPluginModule } = await import("./plugins/plugin-module.ts");
    return loadPluginModule(module);
  },
  openDatabase: openDatabase,
  closeDatabase,
  http: createHttp(),
  threadId: ownThreadId(),
  memoryBytes: () => process.memoryUsage().heapUsed,
  post: (messages) => self.postMessage(pack(messages)),
});
self.onmessage = ({ data }: MessageEvent<Packed<ToRuntime>>) => runtime.receive(unpack(data));
