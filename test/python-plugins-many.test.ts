import { expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Homeserver } from "../src/sandbox/homeserver.ts";
import { until } from "./doubles/delivery.ts";
import { temporaryFolder } from "./doubles/folder.ts";
import { freePort, HostProcess } from "./doubles/host.ts";
import { needs } from "./doubles/needs.ts";
import { archiveOf } from "./doubles/plugin-archive.ts";
import { notes, pluginPython } from "./doubles/python-plugins.ts";

const environment = await pluginPython();

needs("Python with mautrix", "lack" in environment ? environment.lack : undefined)(
  "many instances of plugins written for maubot",
  () => {
    test("run at once, twenty of them, and each answers in its own room", async () => {
      using folder = temporaryFolder();
      const homeserver = new Homeserver({
        serverName: "sandbox",
        dialect: "synapse",
        registrationToken: "letmein",
      });
      await homeserver.open();
      await using _ = { [Symbol.asyncDispose]: () => homeserver.close() };
      const ada = homeserver.createUser("ada");
      const bots = Array.from({ length: 20 }, (_, index) => `bot${index}`);
      const rooms = bots.map((bot) => ada.createRoom({ name: bot, public: true }));
      await using host = new HostProcess(join(folder.path, "host"), await freePort());
      mkdirSync(join(host.dataDir, "plugins"), { recursive: true });
      writeFileSync(join(host.dataDir, "plugins/notes.mbp"), archiveOf(notes));
      const python = "python" in environment ? environment.python : "";
      const accounts = bots.map((bot) => `"@${bot}:sandbox": {}`).join(", ");
      const instances = bots.map(
        (bot, index) =>
          `  ${bot}: { plugin: org.example.notes, account: "@${bot}:sandbox", rooms: ["${rooms[index]}"] }\n`,
      );
      host.configure(
        homeserver.url,
        `python: ${python}\naccounts: {${accounts}}\ninstances:\n${instances.join("")}`,
      );
      host.start();
      for (const bot of bots) await host.untilInstance(bot, "running", 60_000);
      for (const room of rooms) ada.say(room, "!greet all");
      const answers = (room: string) =>
        homeserver.timeline(room).filter(({ content }) => content.body === "_Hello_ all");
      await until("all have answered", () => rooms.every((room) => answers(room).length > 0));
      expect(
        rooms.map((room, index) => answers(room).map(({ sender }) => sender === `@bot${index}:sandbox`)),
      ).toEqual(rooms.map(() => [true]));
    }, 90_000);
  },
);
