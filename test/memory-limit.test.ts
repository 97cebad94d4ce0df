import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "./doubles/delivery.ts";
import { roostCommand } from "./doubles/host.ts";
import { type Lack, needs } from "./doubles/needs.ts";
import { archiveOf } from "./doubles/plugin-archive.ts";
import { SandboxScene } from "./doubles/sandbox-scene.ts";

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
  let scene: SandboxScene;
  const rooms = new Map<string, string>();
  const limited = cgroup ?? "";
  const say = (bot: string, body: string) => scene.ada.say(rooms.get(bot) ?? "", body);
  const answered = (bot: string, body: string) =>
    scene.answered(rooms.get(bot) ?? "", body, `@${bot}:sandbox`);

  beforeAll(async () => {
    writeFileSync(join(limited, "memory.limit_in_bytes"), String(limitBytes));
    const enter = `echo $$ > ${limited}/cgroup.procs && exec "$0" "$@"`;
    scene = await SandboxScene.open({ command: ["/bin/sh", "-c", enter, ...roostCommand()] });
    for (const bot of ["hungry", "modest"]) rooms.set(bot, scene.ada.createRoom({ name: bot, public: true }));
    mkdirSync(join(scene.host.dataDir, "plugins"), { recursive: true });
    writeFileSync(join(scene.host.dataDir, "plugins/hungry.mbp"), archiveOf(hungry(limited)));
    const instance = (bot: string) =>
      `  ${bot}: { plugin: ${id}, trusted: true, account: "@${bot}:sandbox", rooms: ["${rooms.get(bot)}"] }\n`;
    scene.configure(
      `accounts: { "@hungry:sandbox": {}, "@modest:sandbox": {} }\ninstances:\n${instance("hungry")}${instance("modest")}`,
    );
    scene.host.start();
    for (const bot of rooms.keys()) await scene.host.untilInstance(bot, "running");
  });
  afterAll(async () => {
    await scene.host.kill();
    await until("the cgroup is empty", () => readFileSync(join(limited, "cgroup.procs"), "utf8") === "");
    rmdirSync(limited);
    await scene[Symbol.asyncDispose]();
  });

  test("restarts the bot that has grown most before the kernel would end them all, and says so", async () => {
    const { pid } = scene.host;
    say("hungry", "!eat");
    await answered("hungry", "I eat");
    await until(
      "it is told",
      () => scene.host.output.includes("the bot that has grown most is restarted"),
      20_000,
    );
    expect(scene.host.output).toMatch(/The host uses 9\d % of 256 MB of memory/);
    await scene.host.untilInstance("hungry", "running");
    for (const bot of rooms.keys()) {
      say(bot, "!ping");
      await answered(bot, "pong");
    }
    expect(scene.host.pid).toBe(pid);
    process.kill(pid, 0);
  }, 60_000);
});
