/** The plugin role: one uploaded TypeScript plugin in this process, driven by the host through descriptor 3. */
import { eagerCompiling, startingUp } from "./core/eager-compiling.ts";
import { sentenceOf } from "./core/error.ts";
import { ChildChannel } from "./plugins/channel/child-channel.ts";
import { createHttp } from "./plugins/http/http.ts";
import { loadPluginModule } from "./plugins/runtime/plugin-module.ts";
import { Runtime } from "./plugins/runtime/runtime.ts";
import { closeDatabase, openDatabase } from "./store/database.ts";

/** Resolves when the host has gone. */
export async function runBotProcess(): Promise<void> {
  startingUp();
  process.on("uncaughtException", end);
  process.on("unhandledRejection", end);
  // They were for Bun; a plugin has no environment.
  for (const name of Object.keys(eagerCompiling)) delete process.env[name];
  const channel = new ChildChannel();
  const runtime = new Runtime({
    plugin: async ({ module }) => (module === undefined ? undefined : loadPluginModule(module)),
    openDatabase,
    closeDatabase,
    http: createHttp(),
    threadId: undefined,
    memoryBytes: () => process.memoryUsage().heapUsed,
    post: channel.post,
  });
  await channel.listen((messages) => runtime.receive(messages));
}

/** The host tells the last line that was printed as the reason. */
function end(error: unknown): never {
  process.stderr.write(`${sentenceOf(error)}\n`);
  process.exit(1);
}
