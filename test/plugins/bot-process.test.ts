import { expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { Socket } from "node:net";
import { dirname, join } from "node:path";
import type { InboxRow } from "../../src/core/delivery.ts";
import type { RoostError } from "../../src/core/error.ts";
import type { EventId, MxcUri } from "../../src/core/id.ts";
import type { JsonObject } from "../../src/core/json.ts";
import { confinedCommand } from "../../src/plugins/confinement.ts";
import { permittedFetch } from "../../src/plugins/permitted-fetch.ts";
import { processChannel } from "../../src/plugins/process-channel.ts";
import { RemoteRuntime } from "../../src/plugins/remote-runtime.ts";
import { roles } from "../../src/roles.ts";
import { botId, CollectingLogger, instance, messageOf, refusalOf, until } from "../doubles/delivery.ts";
import { temporaryFolder } from "../doubles/folder.ts";
import { misbehaving } from "../doubles/misbehaving-plugin.ts";

const main = join(import.meta.dir, "../../src/main.ts");
const self = [process.execPath, main] as const;

/** A plugin in a real confined process, its host's services played by arrays. */
class Stage {
  readonly #folder = temporaryFolder();
  readonly replies: unknown[] = [];
  readonly printed: string[] = [];
  readonly exits: RoostError[] = [];
  readonly runtime: RemoteRuntime;

  constructor(config: JsonObject = {}, files: Readonly<Record<string, string>> = {}) {
    const folder = this.#folder.path;
    const code = join(folder, "code");
    mkdirSync(code);
    for (const [name, text] of Object.entries({ ...misbehaving, ...files }))
      writeFileSync(join(code, name), text);
    const rules = {
      ...{ readWrite: [folder], readOnly: [dirname(dirname(main))], network: false },
      host: process.pid,
    };
    this.runtime = new RemoteRuntime({
      id: instance,
      setUp: {
        ...{ instance, plugin: "misbehaving", userId: botId, prefix: "!", config, folder },
        databaseFile: join(folder, "data.db"),
        webUrl: "",
        fetchesByHost: true,
        module: { file: join(code, "bot.ts"), exportName: "Bot" },
      },
      openChannel: processChannel({
        command: confinedCommand([...self, roles.confine], rules, [...self, roles.plugin]),
        env: {},
        folder,
        memoryLimitBytes: 200 * 2 ** 20,
        onPrint: (line) => void this.printed.push(line),
      }),
      services: {
        send: async (_row, _type, { body }) => {
          this.replies.push(body);
          return "$sent" as EventId;
        },
        post: async () => "$sent" as EventId,
        defer: () => {},
        upload: async () => "mxc://a/b" as MxcUri,
        takeTurn: () => ({ granted: true }),
        hold: () => {},
        count: () => {},
        fetch: permittedFetch(["allowed.example", "localhost"]),
        rooms: async () => [],
        uploadLimitBytes: async () => 1000,
        setTyping: () => {},
        call: () => Promise.resolve({ status: 404, body: {} }),
        download: () => Promise.resolve(),
        setWishes: () => {},
      },
      log: new CollectingLogger(),
      onExit: (error) => void this.exits.push(error),
      timing: { heartbeatMs: 200, startMs: 3_000 },
    });
  }

  say(body: string): Promise<void> {
    const event = messageOf("$1", body);
    const row: InboxRow = { ...event, id: 1, instance, account: botId, key: "", runAtMs: 0, crashes: 0 };
    return this.runtime.run(row, event);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.runtime.stop();
    this.#folder[Symbol.dispose]();
  }
}

test("a plugin in a process of its own answers, with the contract under the name roost and modules of its own", async () => {
  await using stage = new Stage({ greeting: "salut" });
  expect((await stage.runtime.start()).subscriptions).toContainEqual({ kind: "command", prefix: "!greet" });
  await stage.say("!greet Ada");
  expect(stage.replies).toEqual(["salut Ada"]);
  await until("its memory is known", () => (stage.runtime.resources().memoryBytes ?? 0) > 5_000_000);
  expect(stage.runtime.resources().cpuSeconds).toBeGreaterThanOrEqual(0);
});

test.each([
  ["settings that its schema refuses", { greeting: 5 }, {}, "greeting"],
  ["a setup that throws", { failSetup: true }, {}, "cannot set up"],
  ["code that throws", {}, { "bot.ts": 'throw new Error("no luck");' }, "no luck"],
  ["an import of what is not there", {}, { "bot.ts": 'import "not-there"; export default {};' }, "not-there"],
  ["no plugin among its exports", {}, { "bot.ts": "export const answer = 42;" }, "exports no plugin"],
  ["a setup without end", {}, { "bot.ts": "export default { setup() { for (;;); } };" }, "within 3 s"],
])("%s fails the start with a sentence", async (_what, config, files, sentence) => {
  await using stage = new Stage(config, files);
  expect(await refusalOf(stage.runtime.start())).toMatchObject({
    message: expect.stringContaining(sentence),
  });
});

test.each([
  ["throw", "exit code 1: outside any handler"],
  ["reject", "exit code 1: nobody caught this"],
  ["spin", "did not answer"],
  ["exit", "exit code 3."],
  ["garbage", "said something that no plugin says"],
  ["leak", "its memory_mb allows 200 MB"],
])("!%s ends the plugin's process alone, with the reason", async (command, reason) => {
  await using stage = new Stage();
  await stage.runtime.start();
  expect(await refusalOf(stage.say(`!${command}`))).toMatchObject({ code: "plugin-crashed" });
  expect(stage.exits.map(({ message }) => message).join()).toContain(reason);
});

test("a fork bomb starts nothing", async () => {
  await using stage = new Stage();
  await stage.runtime.start();
  await stage.say("!bomb");
  expect(stage.replies).toEqual(["started 0"]);
});

test("what a plugin prints does not stand in the way of what it says", async () => {
  await using stage = new Stage();
  await stage.runtime.start();
  await stage.say("!chatter");
  expect(stage.replies).toEqual(["said"]);
  await until("all is printed", () => stage.printed.length === 500);
});

test("a plugin's process that is told nonsense goes on, or ends by itself", async () => {
  const child = spawn(self[0], [main, roles.plugin], {
    env: {},
    stdio: ["ignore", "ignore", "ignore", "pipe"],
  });
  const socket = child.stdio[3];
  if (!(socket instanceof Socket)) return expect.unreachable();
  let said = "";
  let isOver = false;
  socket.on("data", (chunk: Buffer) => {
    said += chunk;
  });
  socket.on("error", () => {});
  child.once("exit", () => {
    isOver = true;
  });
  const strange = [
    { say: "launch" },
    { say: "abort", run: -1 },
    { say: "answer", call: "x" },
    { say: "abort" },
    {},
  ];
  for (let line = 0; line < 2_000; line++)
    socket.write(`${JSON.stringify([strange[line % strange.length]])}\n`);
  socket.write('[{"say":"ping"}]\n');
  await until("it answers or is over", () => isOver || said.includes("pong"));
  socket.write("garbage\n");
  await until("it is over", () => isOver);
});

test("a plugin whose permissions name hosts opens no connection itself, and the host fetches from no other", async () => {
  using server = Bun.serve({ port: 0, fetch: () => new Response("inside") });
  await using stage = new Stage();
  await stage.runtime.start();
  await stage.say(`!fetch http://127.0.0.1:${server.port}/`);
  await stage.say("!fetch http://localhost/");
  expect(stage.replies).toEqual([
    "no connection, 127.0.0.1 is not one of the places this bot may fetch from.",
    "no connection, localhost leads to a private address.",
  ]);
});
