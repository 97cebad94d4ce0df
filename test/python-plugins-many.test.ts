import { expect, test } from "bun:test";
import { BotRooms } from "./doubles/bot-rooms.ts";
import { needs } from "./doubles/needs.ts";
import { notes, pluginPython } from "./doubles/python-plugins.ts";

const environment = await pluginPython();

needs("Python with mautrix", "lack" in environment ? environment.lack : undefined)(
  "many instances of plugins written for maubot",
  () => {
    test("run at once, twenty of them, and each answers in its own room", async () => {
      const bots = Array.from({ length: 20 }, (_, index) => `bot${index}`);
      await using stage = await BotRooms.open({
        bots,
        plugins: { "notes.mbp": notes },
        instance: () => "plugin: org.example.notes",
        yaml: `python: ${"python" in environment ? environment.python : ""}\n`,
      });
      for (const bot of bots) await stage.host.untilInstance(bot, "running", 60_000);
      for (const bot of bots) stage.say(bot, "!greet all");
      for (const bot of bots) await stage.answered(bot, "_Hello_ all");
      const senders = (bot: string) =>
        stage.homeserver
          .timeline(stage.roomOf(bot))
          .filter(({ content }) => content.body === "_Hello_ all")
          .map(({ sender }) => String(sender));
      expect(bots.map(senders)).toEqual(bots.map((bot) => [`@${bot}:sandbox`]));
    }, 90_000);
  },
);
