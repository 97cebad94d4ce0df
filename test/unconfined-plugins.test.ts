import { expect, test } from "bun:test";
import { join } from "node:path";
import { BotRooms } from "./doubles/bot-rooms.ts";
import { roostCommand } from "./doubles/host.ts";
import { misbehaving } from "./doubles/misbehaving-plugin.ts";
import { needs } from "./doubles/needs.ts";
import { notes, pluginPython } from "./doubles/python-plugins.ts";

const environment = await pluginPython();
const withoutLandlock = [process.execPath, join(import.meta.dir, "doubles/without-landlock.ts")];

needs("Python with mautrix", "lack" in environment ? environment.lack : undefined)(
  "plugins on a kernel without Landlock",
  () => {
    test("run and answer, in processes of their own, and their log says that they are not confined", async () => {
      await using stage = await BotRooms.open({
        bots: ["script", "python"],
        plugins: { "script.mbp": misbehaving, "python.mbp": notes },
        instance: (bot) => `plugin: org.example.${bot === "python" ? "notes" : "misbehaving"}`,
        yaml: `python: ${"python" in environment ? environment.python : ""}\n`,
        command: [...withoutLandlock, ...roostCommand()],
      });
      for (const bot of ["script", "python"]) {
        await stage.host.untilInstance(bot, "running", 30_000);
        stage.say(bot, "!greet Ada");
        await stage.answered(bot, / Ada$/);
      }
      const said = stage.host.output
        .split("\n")
        .filter((line) => line.includes("The plugin is not confined"));
      expect(said.map((line) => JSON.parse(line.slice(3)).instance).sort()).toEqual(["python", "script"]);
      // What needs no Landlock holds all the same: it starts no other program.
      stage.say("script", "!bomb");
      await stage.answered("script", "started 0");
    }, 60_000);
  },
);
