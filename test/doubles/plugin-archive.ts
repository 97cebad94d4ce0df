import type { ZipEntry } from "./zip.ts";
import { zip } from "./zip.ts";

/** A little Python plugin for maubot's API, as its files. */
export const greeter: Readonly<Record<string, string>> = {
  "maubot.yaml":
    "maubot: 0.3.0\nid: org.example.greeter\nversion: 1.2.0\nlicense: MIT\nmodules: [greeter]\nmain_class: Greeter\nconfig: true\n",
  "base-config.yaml":
    "# Whom to greet.\nname: world\n# How often, at most.\ntimes: 3\nloud: false\nrooms:\n  - general\nlimits:\n  # Seconds between two greetings.\n  pause: 1.5\napi_token: ''\n",
  "greeter/__init__.py": "from .bot import Greeter\n",
  "greeter/bot.py":
    'from maubot import Plugin\nfrom maubot.handlers import command\n\n\nclass Greeter(Plugin):\n    @command.new("greet")\n    async def greet(self, evt):\n        await evt.reply("Hello")\n',
};

/** A little TypeScript plugin. */
export const clock: Readonly<Record<string, string>> = {
  "maubot.yaml":
    "id: org.example.clock\nversion: 0.1.0\nmodules: [clock]\nmain_class: Clock\nroost:\n  runtime: typescript\n  permissions: { network: [api.example.org] }\n  settings: { type: object, properties: { zone: { type: string, default: UTC } } }\n",
  "clock.ts":
    'import { now } from "./time.ts";\n\nexport default { setup(bot: { command(name: string, run: () => string): void }) { bot.command("time", now); } };\n',
  "time.ts": "export const now = (): string => new Date().toISOString();\n",
};

/** An archive of these files, some of them others or (undefined) left out, and with further entries. */
export function archiveOf(
  files: Readonly<Record<string, string>>,
  changes: Readonly<Record<string, string | undefined>> = {},
  ...more: readonly ZipEntry[]
): Uint8Array<ArrayBuffer> {
  const entries = Object.entries({ ...files, ...changes }).flatMap(([name, data]) =>
    data === undefined ? [] : [{ name, data }],
  );
  return zip([...entries, ...more]);
}
