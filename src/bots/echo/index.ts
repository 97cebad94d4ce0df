import { z } from "zod";
import { definePlugin } from "../../core/plugin.ts";

/** The smallest bot: it shows how a plugin is written, and that a room is heard and answered. */
export default definePlugin({
  config: z.strictObject({}),
  answersTo: (prefix) => [`${prefix}echo`, `${prefix}ping`],
  setup(bot) {
    bot.command("echo", async (message, text) => {
      await message.reply(text === "" ? `Write something after ${bot.prefix}echo.` : text);
    });
    bot.command("ping", async (message, text) => {
      await message.reply(`pong ${text}`.trimEnd());
    });
  },
});
