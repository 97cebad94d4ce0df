import { expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { Socket } from "node:net";
import type { EventId } from "../../src/core/id.ts";
import type { JsonObject } from "../../src/core/json.ts";
import { roles } from "../../src/roles.ts";
import { refusalOf, until } from "../doubles/delivery.ts";
import { mainFile, RuntimeStage } from "../doubles/runtime-stage.ts";

const stageOf = (config: JsonObject = {}, files: Readonly<Record<string, string>> = {}) =>
  new RuntimeStage("process", { config, files, timing: { heartbeatMs: 200, startMs: 3_000 } });

test("a plugin in a process of its own answers, with the contract under the name roost and modules of its own", async () => {
  await using stage = stageOf({ greeting: "salut" });
  expect((await stage.runtime.start()).subscriptions).toContainEqual({ kind: "command", prefix: "!greet" });
  await stage.say("!greet Ada");
  expect(stage.replies).toEqual(["salut Ada"]);
  await until("its memory is known", () => (stage.runtime.resources().memoryBytes ?? 0) > 5_000_000);
  expect(stage.runtime.resources().cpuSeconds).toBeGreaterThanOrEqual(0);
});

const wrongMigration = 'export default { migrations: ["CREATE TABLE a (b)", "CREATE TABEL"], setup() {} };';

test.each([
  ["settings that its schema refuses", { greeting: 5 }, {}, "plugin-config", "greeting"],
  ["a setup that throws", { failSetup: true }, {}, "internal", "cannot set up"],
  ["a setup that refuses its settings", { refuse: true }, {}, "plugin-config", "no such city"],
  ["a wrong migration", {}, { "bot.ts": wrongMigration }, "migration-failed", "Migration 2 of its database"],
  ["code that throws", {}, { "bot.ts": 'throw new Error("no luck");' }, "plugin-refused", "no luck"],
  ["an import of nothing", {}, { "bot.ts": 'import "nil"; export default {};' }, "plugin-refused", "nil"],
  ["no plugin", {}, { "bot.ts": "export const answer = 42;" }, "plugin-refused", "exports no plugin"],
  [
    "a setup without end",
    {},
    { "bot.ts": "export default { setup() { for (;;); } };" },
    "plugin-crashed",
    "within 3 s",
  ],
])("%s fails the start with a sentence", async (_what, config, files, code, message) => {
  await using stage = stageOf(config, files);
  expect(await refusalOf(stage.runtime.start())).toMatchObject({
    code,
    message: expect.stringContaining(message),
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
  await using stage = stageOf();
  await stage.runtime.start();
  expect(await refusalOf(stage.say(`!${command}`))).toMatchObject({ code: "plugin-crashed" });
  expect(stage.exits.map(({ message }) => message).join()).toContain(reason);
});

test("a fork bomb starts nothing", async () => {
  await using stage = stageOf();
  await stage.runtime.start();
  await stage.say("!bomb");
  expect(stage.replies).toEqual(["started 0"]);
});

test("a plugin that sends 1,500 messages at once is answered all, and one that asks for more than its host is to hold is refused the rest", async () => {
  await using stage = stageOf();
  await stage.runtime.start();
  const sent = async (): Promise<EventId> => {
    await Bun.sleep(500);
    return "$sent" as EventId;
  };
  stage.answer = sent;
  await stage.say("!flood 1500");
  const all = Array.from({ length: 1_500 }, (_, number) => `flood ${number}`);
  expect(stage.replies).toEqual([...all, "0 refused"]);
  const { promise, resolve } = Promise.withResolvers<EventId>();
  stage.answer = () => promise;
  setTimeout(() => resolve("$sent" as EventId), 1_500);
  await stage.say("!flood 10500");
  expect(stage.replies.at(-1)).toBe("500 refused: The plugin asks for too much at once: wait for answers.");
});

test("what a plugin prints does not stand in the way of what it says", async () => {
  await using stage = stageOf();
  await stage.runtime.start();
  await stage.say("!chatter");
  expect(stage.replies).toEqual(["said"]);
  await until("all is printed", () => stage.printed.length === 500);
});

test("a plugin's process that is told nonsense goes on, or ends by itself", async () => {
  const child = spawn(process.execPath, [mainFile, roles.plugin], {
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
  await using stage = stageOf();
  await stage.runtime.start();
  await stage.say(`!fetch http://127.0.0.1:${server.port}/`);
  await stage.say("!fetch http://localhost/");
  expect(stage.replies).toEqual([
    "no connection, 127.0.0.1 is not one of the places this bot may fetch from.",
    "no connection, localhost leads to a private address.",
  ]);
});
