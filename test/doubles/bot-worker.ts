/** A worker like the executable's, with plugins that misbehave in every way a test needs. */
import { z } from "zod";
import { RoostError } from "../../src/core/error.ts";
import { definePlugin, type PluginDefinition } from "../../src/core/plugin.ts";
import { runBotInWorker } from "../../src/plugins/channel/worker-side.ts";
import { closeDatabase, openDatabase } from "../../src/store/database.ts";

const misbehaving = definePlugin({
  config: z.strictObject({ greeting: z.string().default("hello"), failSetup: z.boolean().default(false) }),
  answersTo: () => [],
  setup(bot) {
    if (bot.config.failSetup) throw new Error("cannot set up");
    bot.db.run("CREATE TABLE IF NOT EXISTS runs (event TEXT)");
    bot.command("greet", async (message, rest) => {
      bot.db.run("INSERT INTO runs VALUES (?)", [message.event.eventId]);
      await message.reply(`${bot.config.greeting} ${rest}`);
      await message.reply("second", { key: "named" });
    });
    bot.command("later", (message) => message.defer("again", 12345));
    bot.command("hoard", async (message) => {
      for (let number = 0; ; number++) await message.defer(`number ${number}`, 12345);
    });
    bot.command("flood", async (message) => {
      await Promise.all(Array.from({ length: 1_500 }, (_, number) => message.reply(`flood ${number}`)));
    });
    bot.command("throw", () => {
      throw new RoostError("network", "the handler failed");
    });
    bot.command("spin", () => {
      for (;;);
    });
    bot.command("reject", () => {
      setTimeout(() => {
        throw new Error("outside any handler");
      }, 0);
    });
    bot.command(
      "dawdle",
      (message) =>
        new Promise((_, reject) =>
          message.signal.addEventListener("abort", () => reject(message.signal.reason)),
        ),
    );
    bot.command("pause", async (message) => {
      await new Promise((resolve, reject) => {
        setTimeout(resolve, 1_150);
        message.signal.addEventListener("abort", () => reject(message.signal.reason));
      });
      await message.reply("done");
    });
    bot.command("upload", async (message) => {
      const address = await bot.upload({
        bytes: new Uint8Array(1),
        mimetype: "image/png",
        filename: "a.png",
      });
      await message.reply(address);
    });
    bot.command("ignore", () => new Promise(() => {}));
    bot.message(["Needle"], async (message) => void (await message.reply(`found in: ${message.body}`)));
  },
});

const plugins = new Map<string, PluginDefinition>([["misbehaving", misbehaving]]);
runBotInWorker({ plugin: ({ plugin }) => plugins.get(plugin), openDatabase, closeDatabase });
