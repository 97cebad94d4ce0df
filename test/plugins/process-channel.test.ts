import { afterEach, expect, test } from "bun:test";
import type { Channel } from "../../src/plugins/channel/channel.ts";
import { processChannel } from "../../src/plugins/channel/process-channel.ts";
import type { ToHost } from "../../src/plugins/channel/protocol.ts";
import { until } from "../doubles/delivery.ts";
import { temporaryFolder } from "../doubles/folder.ts";

const channels: Channel[] = [];
afterEach(() => {
  for (const channel of channels.splice(0)) channel.kill();
});

/** A child process that runs `code` with `say(text)` for the protocol's descriptor, and what came of it. */
function child(code: string) {
  const folder = temporaryFolder();
  const messages: ToHost[] = [];
  const ends: string[] = [];
  const printed: string[] = [];
  const source = `import { writeSync } from "node:fs"; const say = (text) => { for (let rest = Buffer.from(text); rest.length > 0; ) { try { rest = rest.subarray(writeSync(3, rest)); } catch {} } };\n${code}`;
  const open = processChannel({
    command: [process.execPath, "-e", source],
    env: {},
    folder: folder.path,
    memoryLimitBytes: 2 ** 30,
    onPrint: (line) => void printed.push(line),
  });
  const channel: Channel = open({
    onMessages: (said) => void messages.push(...said),
    onEnd: (sentence) => void ends.push(sentence),
  });
  channels.push(channel);
  return { channel, messages, ends, printed };
}

test("a child's messages arrive checked, and what it prints is kept apart from them", async () => {
  const { channel, messages, printed, ends } = child(
    `console.log("hello"); console.error("x".repeat(5000)); say('[{"say":"pong","memoryBytes":7}]\\n'); setInterval(() => {}, 1000);`,
  );
  await until("what it says", () => messages.length === 1 && printed.length === 2);
  expect(messages).toEqual([{ say: "pong", memoryBytes: 7 }]);
  expect(printed.toSorted((one, other) => one.length - other.length)).toEqual(["hello", "x".repeat(2000)]);
  expect(channel.measure(undefined).memoryBytes).toBeGreaterThan(1_000_000);
  channel.kill();
  expect(ends).toEqual([]);
});

test("the bytes of an upload cross as text and arrive as bytes", async () => {
  const { channel, messages } = child(
    `say('[{"say":"call","call":1,"ask":"upload","mimetype":"a/b","filename":"f","bytes":"aGk="}]\\n'); setInterval(() => {}, 1000);`,
  );
  await until("what it says", () => messages.length === 1);
  const [message] = messages;
  expect(message).toMatchObject({ ask: "upload", filename: "f" });
  if (message?.say === "call" && message.ask === "upload" && "bytes" in message)
    expect(Buffer.from(message.bytes).toString()).toBe("hi");
  else expect.unreachable();
  channel.kill();
});

test.each([
  ["text that is no JSON", `say("garbage\\n")`],
  ["a message nobody knows", `say('[{"say":"launch"}]\\n')`],
  ["a message with a wrong field", `say('[{"say":"settled","run":-1}]\\n')`],
  ["a list in no list", `say('{"say":"stopped"}\\n')`],
  [
    "a kind of event that plugins do not send",
    `say('[{"say":"call","call":1,"ask":"send","run":1,"type":"m.room.member","content":{},"key":"k"}]\\n')`,
  ],
])("a child that says %s is ended with a sentence", async (_what, code) => {
  const { messages, ends } = child(`${code}; setInterval(() => {}, 1000);`);
  await until("the end", () => ends.length === 1);
  expect(ends).toEqual(["The plugin's process said something that no plugin says."]);
  expect(messages).toEqual([]);
});

test("a child that writes without an end to its line is ended", async () => {
  const { ends } = child(`for (;;) say("x".repeat(1000000));`);
  await until("the end", () => ends.length === 1);
  expect(ends).toEqual(["The plugin's process said more at once than a plugin may."]);
});

test("a child that floods its host with valid messages has to wait, and its host goes on with other things", async () => {
  const { messages, ends } = child(
    `const many = JSON.stringify(Array.from({ length: 100 }, () => ({ say: "count", what: "flood" }))) + "\\n"; for (;;) say(many);`,
  );
  await until("it is under way", () => messages.length > 0);
  const [sinceMs, before] = [performance.now(), messages.length];
  await until("much of it came", () => messages.length - before > 30_000);
  expect(performance.now() - sinceMs).toBeGreaterThan(1_000);
  expect(ends).toEqual([]);
});

test("a child that reads nothing of what it is told is ended before that fills the host's memory", async () => {
  const { channel, messages, ends } = child(
    `say('[{"say":"pong","memoryBytes":1}]\\n'); setInterval(() => {}, 1000);`,
  );
  await until("it runs", () => messages.length === 1);
  const message = "x".repeat(2 ** 20);
  for (let megabyte = 0; megabyte < 80 && ends.length === 0; megabyte++)
    channel.post([{ say: "refuse", call: 1, error: { code: "internal", message, causes: [] } }]);
  expect(ends).toEqual(["The plugin's process does not read what it is told."]);
});

test("a child that ends by itself says with which exit code", async () => {
  const { ends } = child("process.exit(3)");
  await until("the end", () => ends.length === 1);
  expect(ends).toEqual(["The plugin's process ended by itself with exit code 3."]);
});

test("what a child has started ends with it", async () => {
  const { channel, printed } = child(
    `import { spawn } from "node:child_process"; const other = spawn("sleep", ["60"]); console.log(other.pid); setInterval(() => {}, 1000);`,
  );
  await until("what it says", () => printed.length === 1);
  const other = Number(printed[0]);
  channel.kill();
  await until("its own child has ended", () => !isRunning(other));
  expect(isRunning(other)).toBe(false);
});

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !Bun.spawnSync(["ps", "-o", "stat=", "-p", String(pid)])
      .stdout.toString()
      .startsWith("Z");
  } catch {
    return false;
  }
}
