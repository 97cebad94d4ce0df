/** The laboratory's bot: it keeps a row of every message it handled, and breaks in every way a bot can when it is told to. */
import { z } from "zod";
import { definePlugin } from "../../src/core/plugin.ts";

export const labBot = definePlugin({
  config: z.strictObject({ spins: z.boolean().default(false).describe("Spins over every ping.") }),
  answersTo: (prefix) =>
    ["ping", "say", "chatter", "collect", "file", "throw", "crash", "spin", "leak", "hang"].map(
      (name) => prefix + name,
    ),
  setup(bot) {
    bot.db.run("CREATE TABLE IF NOT EXISTS said (event TEXT PRIMARY KEY)");
    bot.db.run("CREATE TABLE IF NOT EXISTS broken (event TEXT PRIMARY KEY)");
    const note = (event: string) => bot.db.run("INSERT OR IGNORE INTO said VALUES (?)", [event]);
    /** Whether the bot has not yet broken over this message: most bugs do not come back. */
    const isFirst = (event: string) =>
      bot.db.run("INSERT OR IGNORE INTO broken VALUES (?)", [event]).changes > 0;

    bot.command("ping", async (message, text) => {
      while (bot.config.spins);
      await message.reply(`pong ${text}`);
    });
    bot.command("say", async (message, text) => {
      note(message.event.eventId);
      await message.reply(text);
    });
    bot.command("chatter", async (message, perSecond) => {
      const every20Ms = Math.max(1, Math.round(Number(perSecond) / 50));
      setInterval(() => {
        for (let count = 0; count < every20Ms; count++)
          bot.log.info("The laboratory's bot talks.", { count });
      }, 20);
      await message.reply("I talk.");
    });
    bot.command("collect", () => Bun.gc(true));
    bot.command("file", async (message, text) => {
      const bytes = new TextEncoder().encode(text);
      const url = await bot.upload({ mimetype: "text/plain", filename: "said.txt", bytes });
      note(message.event.eventId);
      await message.reply({ msgtype: "m.file", body: text, filename: "said.txt", url });
    });
    bot.command("throw", () => {
      throw new Error("the laboratory's handler threw");
    });
    bot.command("crash", async ({ event }, times) => {
      if (times === "once" && !isFirst(event.eventId)) return;
      setTimeout(() => {
        throw new Error("the laboratory's bot crashed");
      }, 0);
      await new Promise(() => {});
    });
    bot.command("spin", ({ event }, times) => {
      while (times !== "once" || isFirst(event.eventId)) {
        if (times === "once") for (;;);
      }
    });
    bot.command("leak", async ({ event }, megabytes) => {
      if (!isFirst(event.eventId)) return;
      const kept: Uint8Array[] = [];
      for (let held = 0; held < Number(megabytes); held += 16) {
        kept.push(new Uint8Array(16 * 1024 * 1024).fill(1));
        await Bun.sleep(100);
      }
      await Bun.sleep(10_000);
      bot.log.info("The laboratory's bot lets its memory go.", { pieces: kept.length });
    });
    bot.command("hang", async ({ event }) => {
      if (isFirst(event.eventId)) await new Promise(() => {});
    });
  },
});
