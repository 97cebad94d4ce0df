import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BotRooms } from "./doubles/bot-rooms.ts";
import { until } from "./doubles/delivery.ts";
import { roostCommand } from "./doubles/host.ts";
import { type Lack, needs } from "./doubles/needs.ts";

const limitBytes = 256 * 1024 * 1024;
const id = "org.example.hungry";

/** Takes memory until so much of the limit is used, and keeps it. It runs in the host's own process, so it can see that. */
const hungry = (cgroup: string) => ({
  "maubot.yaml": `id: ${id}\nversion: 1.0.0\nmodules: [bot]\nmain_class: Bot\nroost: { runtime: typescript }\n`,
  "bot.ts": `
import { readFileSync } from "node:fs";
import { definePlugin, z } from "roost";

const usedBytes = () => Number(readFileSync("${cgroup}/memory.usage_in_bytes", "utf8"));

export default definePlugin({
  config: z.object({}),
  answersTo: () => ["!eat", "!ping"],
  setup(bot) {
    const kept = [];
    bot.command("ping", (message) => message.reply("pong"));
    bot.command("eat", async (message) => {
      await message.reply("I eat");
      for (; usedBytes() < ${0.93 * limitBytes}; await Bun.sleep(1)) kept.push(new Uint8Array(1_000_000).fill(1));
    });
  },
});
`,
});

/** A cgroup of its own for the host, within that of the tests. */
const cgroup = (() => {
  const [, own] = /^\d+:memory:(.+)$/m.exec(readFileSync("/proc/self/cgroup", "utf8")) ?? [];
  return own === undefined ? undefined : join("/sys/fs/cgroup/memory", own, `roost-test-${process.pid}`);
})();

function lackOfLimit(): Lack | undefined {
  if (cgroup === undefined) return { of: "kernel", why: "the kernel does not count memory in cgroup v1" };
  try {
    mkdirSync(cgroup);
    return undefined;
  } catch (error) {
    return { of: "privilege", why: `a cgroup cannot be made: ${String(error)}` };
  }
}

needs("a memory limit", lackOfLimit())("a host within a memory limit", () => {
  const bots = ["hungry", "modest"];
  const limited = cgroup ?? "";
  let rooms: BotRooms;

  beforeAll(async () => {
    writeFileSync(join(limited, "memory.limit_in_bytes"), String(limitBytes));
    const enter = `echo $$ > ${limited}/cgroup.procs && exec "$0" "$@"`;
    rooms = await BotRooms.open({
      bots,
      plugins: { "hungry.mbp": hungry(limited) },
      instance: () => `plugin: ${id}, trusted: true`,
      command: ["/bin/sh", "-c", enter, ...roostCommand()],
    });
    for (const bot of bots) await rooms.host.untilInstance(bot, "running");
  });
  afterAll(async () => {
    await rooms.host.kill();
    await until("the cgroup is empty", () => readFileSync(join(limited, "cgroup.procs"), "utf8") === "");
    rmdirSync(limited);
    await rooms[Symbol.asyncDispose]();
  });

  test("restarts the bot that has grown most before the kernel would end them all, and says so", async () => {
    const { pid } = rooms.host;
    rooms.say("hungry", "!eat");
    await rooms.answered("hungry", "I eat");
    await until(
      "it is told",
      () => rooms.host.output.includes("the bot that has grown most is restarted"),
      20_000,
    );
    expect(rooms.host.output).toMatch(/The host uses 9\d % of 256 MB of memory/);
    await rooms.host.untilInstance("hungry", "running");
    for (const bot of bots) {
      rooms.say(bot, "!ping");
      await rooms.answered(bot, "pong");
    }
    expect(rooms.host.pid).toBe(pid);
    process.kill(pid, 0);
  }, 60_000);
});
