import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { landlockVersion } from "../src/plugins/confinement/landlock.ts";
import { BotRooms } from "./doubles/bot-rooms.ts";
import { until } from "./doubles/delivery.ts";
import type { HostProcess } from "./doubles/host.ts";
import { misbehaving } from "./doubles/misbehaving-plugin.ts";

const bots = ["one", "two", "trusted", "broken", "echo"];
const id = "org.example.misbehaving";

describe("instances of an uploaded TypeScript plugin", () => {
  let stage: BotRooms;
  let host: HostProcess;
  const say = (bot: string, body: string) => stage.say(bot, body);
  const replies = (bot: string) => stage.replies(bot);
  const answered = (bot: string, body: string | RegExp) => stage.answered(bot, body);

  beforeAll(async () => {
    const more: Readonly<Record<string, string>> = {
      one: ", config: { greeting: salut }",
      trusted: ", trusted: true",
      broken: ", config: { greeting: 5 }",
    };
    stage = await BotRooms.open({
      bots,
      plugins: { "dropped.mbp": misbehaving },
      instance: (bot) => `plugin: ${bot === "echo" ? "echo" : id}, memory_mb: 96${more[bot] ?? ""}`,
      env: { SECRET: "of the host" },
    });
    host = stage.host;
    for (const bot of bots) await host.untilInstance(bot, bot === "broken" ? "failed" : "running");
  });
  afterAll(() => stage[Symbol.asyncDispose]());

  test("answer in their rooms with settings of their own, from an archive that was dropped into the folder", async () => {
    say("one", "!greet Ada");
    say("two", "!greet Ada");
    say("trusted", "!greet Ada");
    await answered("one", "salut Ada");
    await answered("two", "hello Ada");
    await answered("trusted", "hello Ada");
  });

  test("fail alone when their settings are refused, and say why", async () => {
    const { out } = await host.command("status");
    expect(out).toContain("greeting");
  });

  test("see neither a credential, nor the host's database, nor another instance's folder, nor any environment", async () => {
    const { dataDir } = host;
    const [credential = ""] = readdirSync(join(dataDir, "credentials"));
    const hidden = [
      ...[join(dataDir, "credentials", credential), join(dataDir, "host/roost.db"), host.configFile],
      ...[
        join(dataDir, "instances/two"),
        join(dataDir, "instances/two/data.db"),
        join(dataDir, "plugins"),
        "PARENT",
      ],
    ];
    say("one", `!look ${hidden.join(" ")} ${join(dataDir, "instances/one/data.db")}`);
    await answered("one", /environment/);
    const seen = JSON.parse(replies("one").at(-1) ?? "");
    const outcome = landlockVersion() > 0 ? "EACCES" : "seen";
    expect(seen).toEqual([...hidden.map(() => outcome), "seen", "environment 0"]);
  });

  test("that are killed in the middle of a message handle it after the restart, and answer it once", async () => {
    say("two", "!die");
    await answered("two", "attempt 2");
    expect(replies("two").filter((reply) => reply === "answered").length).toBe(1);
  });

  test("answer everything that is said while their process starts, once", async () => {
    const before = replies("two").length;
    const restart = host.command("restart", "two");
    const asked = Array.from({ length: 30 }, (_, index) => `hello guest${index}`);
    for (const line of asked) {
      say("two", `!greet ${line.slice("hello ".length)}`);
      await Bun.sleep(20);
    }
    await restart;
    await until("all are answered", () => replies("two").length >= before + asked.length);
    expect(replies("two").slice(before).toSorted()).toEqual(asked.toSorted());
  });

  test("that outgrow their memory are ended alone, with the reason, and come back", async () => {
    say("one", "!leak");
    await until("it is told", () => host.output.includes("its memory_mb allows 96 MB"));
    say("echo", "!echo still here");
    await answered("echo", "still here");
  });
});
