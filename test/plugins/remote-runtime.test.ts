import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { RoostError } from "../../src/core/error.ts";
import type { EventId, MxcUri } from "../../src/core/id.ts";
import type { JsonObject } from "../../src/core/json.ts";
import type { RuntimeTiming } from "../../src/plugins/remote/remote-runtime.ts";
import { refusalOf, until } from "../doubles/delivery.ts";
import { RuntimeStage } from "../doubles/runtime-stage.ts";

const stageOf = (config: JsonObject = {}, timing: Partial<RuntimeTiming> = {}, plugin = "misbehaving") =>
  new RuntimeStage("worker", { config, timing, plugin });

test("a plugin says what it listens to, answers commands, and has a database of its own", async () => {
  await using stage = stageOf({ greeting: "salut" });
  const { subscriptions } = await stage.runtime.start();
  expect(subscriptions).toContainEqual({ kind: "command", prefix: "!greet" });
  await stage.say("!greet Ada");
  expect(stage.sends.map(({ key, content }) => [key, content.body, content.msgtype])).toEqual([
    ["#0", "salut Ada", "m.notice"],
    ["named", "second", "m.notice"],
  ]);
  expect(new Database(stage.databaseFile).query("SELECT event FROM runs").all()).toEqual([{ event: "$1" }]);
});

test("replies name the message they answer, stay in its thread, and ping nobody", async () => {
  await using stage = stageOf();
  await stage.runtime.start();
  await stage.say("!greet", { "m.relates_to": { rel_type: "m.thread", event_id: "$root" } });
  expect(stage.sends[0]?.content).toMatchObject({
    "m.mentions": {},
    "m.relates_to": { rel_type: "m.thread", event_id: "$root", "m.in_reply_to": { event_id: "$1" } },
  });
});

test("a command is its whole word, and words quoted in a reply are not the sender's own", async () => {
  await using stage = stageOf();
  await stage.runtime.start();
  const relation = { "m.relates_to": { "m.in_reply_to": { event_id: "$0" } } };
  await stage.say("!greetings");
  await stage.say("> <@ada:test> see needle\n\nnice", relation);
  expect(stage.sends).toEqual([]);
  await stage.say("> <@ada:test> hello\n\nthe needle", relation);
  expect(stage.sends[0]?.content.body).toBe("found in: the needle");
});

test("settings that the plugin's schema refuses, and a setup that throws, fail the start with a sentence", async () => {
  await using wrong = stageOf({ greeting: 5 });
  expect(await refusalOf(wrong.runtime.start())).toMatchObject({ code: "plugin-config" });
  await using throwing = stageOf({ failSetup: true });
  expect(await refusalOf(throwing.runtime.start())).toMatchObject({
    message: expect.stringContaining("cannot set up"),
  });
  await using missing = stageOf({}, {}, "nothing");
  expect(await refusalOf(missing.runtime.start())).toMatchObject({ code: "plugin-missing" });
});

test("an error in a handler stays with that message", async () => {
  await using stage = stageOf();
  await stage.runtime.start();
  expect(await refusalOf(stage.say("!throw"))).toMatchObject({
    code: "network",
    message: "the handler failed",
  });
  await stage.say("!greet");
  expect(stage.sends.length).toBe(2);
});

test("a refused send reaches the handler as the host's error", async () => {
  await using stage = stageOf();
  await stage.runtime.start();
  stage.answer = () => Promise.reject(new RoostError("room-forbidden", "not allowed here"));
  expect(await refusalOf(stage.say("!greet"))).toMatchObject({
    code: "room-forbidden",
    message: "not allowed here",
  });
});

test("a defer reaches the host with its key and time", async () => {
  await using stage = stageOf();
  await stage.runtime.start();
  await stage.say("!later");
  expect(stage.defers).toEqual([{ key: "again", atMs: 12345 }]);
});

test("a message is put off under so many keys, and no more", async () => {
  await using stage = stageOf();
  await stage.runtime.start();
  expect(await refusalOf(stage.say("!hoard"))).toMatchObject({ code: "bad-request" });
  expect(stage.defers.length).toBe(100);
});

test("1,500 messages sent at once are all sent, in their order", async () => {
  await using stage = stageOf();
  await stage.runtime.start();
  stage.answer = async () => {
    await Bun.sleep(50);
    return "$sent" as EventId;
  };
  await stage.say("!flood");
  expect(stage.replies).toEqual(Array.from({ length: 1_500 }, (_, number) => `flood ${number}`));
});

test("an error outside any handler ends the worker, and the host learns why", async () => {
  await using stage = stageOf();
  await stage.runtime.start();
  await stage.say("!reject").catch(() => {});
  await until("the host was told", () => stage.exits.length === 1);
  expect(stage.exits[0]?.message).toBe("The plugin broke: outside any handler");
});

test("code that never yields is noticed by its missing heartbeat and ended, its message left open", async () => {
  await using stage = stageOf({}, { heartbeatMs: 50 });
  await stage.runtime.start();
  expect(await refusalOf(stage.say("!spin"))).toMatchObject({ code: "plugin-crashed" });
  expect(stage.exits.length).toBe(1);
});

test("a handler that takes too long is told to stop, and is not waited for if it does not", async () => {
  await using stage = stageOf({}, { heartbeatMs: 20, handlerMs: 50 });
  await stage.runtime.start();
  expect(await refusalOf(stage.say("!dawdle"))).toMatchObject({ code: "handler-timeout" });
  expect(await refusalOf(stage.say("!ignore"))).toMatchObject({ code: "handler-timeout" });
  expect(stage.exits).toEqual([]);
});

test("time spent waiting for the homeserver does not count as the handler's", async () => {
  await using stage = stageOf({}, { heartbeatMs: 30, handlerMs: 60 });
  await stage.runtime.start();
  stage.answer = async () => {
    await Bun.sleep(250);
    return "$late" as EventId;
  };
  await stage.say("!greet");
  expect(stage.sends.length).toBe(2);
});

test("neither does the time of an upload", async () => {
  await using stage = stageOf({}, { heartbeatMs: 30, handlerMs: 60 });
  await stage.runtime.start();
  stage.upload = async () => {
    await Bun.sleep(250);
    return "mxc://test/picture" as MxcUri;
  };
  await stage.say("!upload");
  expect(stage.sends[0]?.content.body).toBe("mxc://test/picture");
});

test("handlers that go on for ever end their worker when there are ten, and others are heard meanwhile", async () => {
  await using stage = stageOf({}, { heartbeatMs: 10, handlerMs: 20 });
  await stage.runtime.start();
  const refusals = Array.from({ length: 9 }, () => refusalOf(stage.say("!ignore")));
  for (const refusal of await Promise.all(refusals))
    expect(refusal).toMatchObject({ code: "handler-timeout" });
  await stage.say("!greet");
  expect(stage.sends.length).toBe(2);
  expect(stage.exits).toEqual([]);
  await refusalOf(stage.say("!ignore"));
  expect(stage.exits[0]?.message).toContain("had to be ended");
});

test("a process that was stopped takes neither its handlers nor its plugin for hanging", async () => {
  await using stage = stageOf({}, { heartbeatMs: 50, handlerMs: 400 });
  await stage.runtime.start();
  const dawdling = stage.say("!pause");
  await Bun.sleep(60);
  // As after SIGSTOP and SIGCONT: nothing of this thread runs for a while, and its timers come late.
  Bun.sleepSync(1000);
  await dawdling;
  expect(stage.sends[0]?.content.body).toBe("done");
  expect(stage.exits).toEqual([]);
});

test("a stop lets what is in hand finish, and leaves what does not finish open for the next start", async () => {
  const stage = stageOf({}, { graceMs: 100 });
  await stage.runtime.start();
  stage.answer = async () => {
    await Bun.sleep(30);
    return "$slow" as EventId;
  };
  const finishing = stage.say("!greet");
  const hanging = stage.say("!ignore").catch((error: unknown) => error);
  await until("it is in hand", () => stage.sends.length === 1);
  await stage.runtime.stop();
  await finishing;
  expect(await hanging).toMatchObject({ code: "cancelled" });
  expect(stage.exits).toEqual([]);
});

test("it tells the size of its heap, and on Linux its processor time, which grows while it spins and answers nobody", async () => {
  await using stage = stageOf({}, { heartbeatMs: 100 });
  await stage.runtime.start();
  await until("it told of its heap", () => (stage.runtime.resources().memoryBytes ?? 0) > 100_000);
  if (process.platform !== "linux") return;
  await until("the kernel told of its time", () => stage.runtime.resources().cpuSeconds !== undefined);
  const before = stage.runtime.resources().cpuSeconds ?? Number.NaN;
  const handled = refusalOf(stage.say("!spin"));
  await until("it has used time", () => (stage.runtime.resources().cpuSeconds ?? 0) >= before + 0.05);
  expect(await handled).toMatchObject({ code: "plugin-crashed" });
});
