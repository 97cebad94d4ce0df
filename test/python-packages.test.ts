import { expect, test } from "bun:test";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { BotRooms } from "./doubles/bot-rooms.ts";
import { needs } from "./doubles/needs.ts";
import { pluginPython, pythonPlugin } from "./doubles/python-plugins.ts";
import { zip } from "./doubles/zip.ts";

const environment = await pluginPython();
const python = "python" in environment ? environment.python : "";

const wishful = pythonPlugin(
  "wishful",
  `
import wished_for
from maubot import MessageEvent, Plugin
from maubot.handlers import command


class Bot(Plugin):
    @command.new("wish")
    async def wish(self, evt: MessageEvent) -> None:
        await evt.reply(wished_for.answer)
`,
);

/** Such as pip installs without a network. */
function makeWheel(folder: string): string {
  const name = "wished_for-1.0";
  const file = join(folder, `${name}-py3-none-any.whl`);
  const info = `${name}.dist-info`;
  const texts = {
    "wished_for.py": "answer = 'granted'\n",
    [`${info}/METADATA`]: "Metadata-Version: 2.1\nName: wished-for\nVersion: 1.0\n",
    [`${info}/WHEEL`]: "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
  };
  const record = [...Object.keys(texts), `${info}/RECORD`].map((path) => `${path},,\n`).join("");
  const entries = Object.entries({ ...texts, [`${info}/RECORD`]: record });
  writeFileSync(file, zip(entries.map(([path, data]) => ({ name: path, data }))));
  return file;
}

/** The environment that `roost plugin python` makes, with the libraries that are installed elsewhere already. */
function makeEnvironment(dataDir: string): void {
  const folder = join(dataDir, "python/venv");
  mkdirSync(dirname(folder), { recursive: true });
  expect(Bun.spawnSync([python, "-m", "venv", folder]).success).toBe(true);
  const packagesOf = (environmentFolder: string) => {
    const lib = join(environmentFolder, "lib");
    return join(lib, readdirSync(lib).find((name) => name.startsWith("python3")) ?? "", "site-packages");
  };
  writeFileSync(join(packagesOf(folder), "elsewhere.pth"), `${packagesOf(dirname(dirname(python)))}\n`);
}

needs("Python with mautrix", "lack" in environment ? environment.lack : undefined)(
  "a package that a plugin lacks",
  () => {
    test("is told with what installs it, and once `roost plugin python` has installed it a running host starts the bot", async () => {
      await using stage = await BotRooms.open({
        bots: ["wishful"],
        plugins: { "wishful.mbp": wishful },
        instance: () => "plugin: org.example.wishful",
      });
      const { host } = stage;
      await host.untilInstance("wishful", "failed");
      makeEnvironment(host.dataDir);
      expect((await host.command("restart", "wishful")).err).toContain("wished_for (which is not installed)");
      const wheel = makeWheel(host.dataDir);
      const { out, err, code } = await host.command("plugin", "python", wheel);
      expect({ code, err: code === 0 ? "" : err }).toEqual({ code: 0, err: "" });
      expect(out).toContain("wishful is running.");
      stage.say("wishful", "!wish");
      await stage.answered("wishful", "granted");
    }, 90_000);
  },
);
