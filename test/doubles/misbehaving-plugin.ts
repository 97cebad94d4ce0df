/** A TypeScript plugin that does, on command, all that a plugin must not get away with. */
export const misbehaving: Readonly<Record<string, string>> = {
  "maubot.yaml":
    "id: org.example.misbehaving\nversion: 1.0.0\nmodules: [bot]\nmain_class: Bot\nroost: { runtime: typescript }\n",
  "bot.ts": `
import { writeSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { definePlugin, RoostError, z } from "roost";
import { look } from "./look.ts";

export default definePlugin({
  config: z.object({ greeting: z.string().default("hello"), failSetup: z.boolean().default(false), refuse: z.boolean().default(false) }),
  answersTo: () => ["!greet"],
  setup(bot) {
    if (bot.config.failSetup) throw new Error("cannot set up");
    if (bot.config.refuse) throw new RoostError("plugin-config", "there is no such city");
    bot.db.run("CREATE TABLE IF NOT EXISTS attempts (event TEXT)");
    bot.command("greet", async (message, rest) => { await message.reply(bot.config.greeting + " " + rest); });
    bot.command("look", async (message, rest) => { await message.reply(JSON.stringify(await look(rest.split(" ")))); });
    bot.command("throw", () => { setTimeout(() => { throw new Error("outside any handler"); }, 0); return new Promise(() => {}); });
    bot.command("reject", () => { void Promise.reject(new Error("nobody caught this")); return new Promise(() => {}); });
    bot.command("spin", () => { for (;;); });
    bot.command("leak", async () => { for (const kept = []; ; await Bun.sleep(1)) kept.push(new Uint8Array(4_000_000).fill(1)); });
    bot.command("exit", () => process.exit(3));
    bot.command("garbage", () => { writeSync(3, "\\u0000 no protocol \\n"); return new Promise(() => {}); });
    bot.command("flood", async (message, rest) => {
      const sent = await Promise.allSettled(Array.from({ length: Number(rest) }, (_, number) => message.reply("flood " + number)));
      const refused = sent.filter(({ status }) => status === "rejected");
      await message.reply(refused.length + " refused" + (refused.length === 0 ? "" : ": " + refused[0].reason.message));
    });
    bot.command("chatter", async (message) => { for (let line = 0; line < 500; line++) console.log("chatter " + line); await message.reply("said"); });
    bot.command("fetch", async (message, rest) => {
      const options = { timeoutMs: 1000, maxBytes: 1000, allow: () => true, signal: message.signal };
      const own = await fetch(rest).then(() => "reached", () => "no connection");
      const told = await bot.http.get(rest, options).then(({ status }) => "status " + status, (error) => error.message);
      await message.reply(own + ", " + told);
    });
    bot.command("bomb", async (message) => {
      let started = 0;
      for (let attempt = 0; attempt < 50; attempt++) if (spawnSync("/bin/sleep", ["5"]).error === undefined) started++;
      await message.reply("started " + started);
    });
    bot.command("die", async (message) => {
      bot.db.run("INSERT INTO attempts VALUES (?)", [message.event.eventId]);
      const { attempts } = bot.db.query("SELECT count(*) AS attempts FROM attempts WHERE event = ?").get(message.event.eventId);
      await message.reply("answered", { key: "only" });
      if (attempts === 1) process.kill(process.pid, "SIGKILL");
      await message.reply("attempt " + attempts, { key: "last" });
    });
  },
});
`,
  "look.ts": `
import { readdirSync, readFileSync } from "node:fs";
/** What comes of reading each of these files or folders. */
export async function look(paths: string[]): Promise<string[]> {
  const found = paths.map((path) => {
    for (const read of [readFileSync, readdirSync]) {
      try { read(path === "PARENT" ? "/proc/" + process.ppid + "/environ" : path); return "seen"; } catch (error) { if (error.code !== "EISDIR") return error.code; }
    }
  });
  return [...found, "environment " + Object.values(process.env).filter((value) => value !== undefined).length];
}
`,
};
