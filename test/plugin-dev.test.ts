/** The author's loop as they type it: a room to try the plugin in, reloaded on save, and the way into a host. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { until } from "./doubles/delivery.ts";
import { roost, roostCommand } from "./doubles/host.ts";
import { needs } from "./doubles/needs.ts";
import { pluginPython, pythonPlugin } from "./doubles/python-plugins.ts";
import { SandboxScene } from "./doubles/sandbox-scene.ts";

setDefaultTimeout(60_000);

const environment = await pluginPython();

let cwd = "";
beforeAll(async () => {
  cwd = mkdtempSync(join(tmpdir(), "roost-dev-test-"));
  await roost(["plugin", "new", "hello"], { cwd });
  await roost(["plugin", "build", "hello"], { cwd });
});
afterAll(() => rmSync(cwd, { recursive: true, force: true }));

/** `roost plugin dev` at work, and its room as a browser sees it. */
class DevSession {
  output = "";
  readonly #child: Bun.Subprocess<"ignore", "pipe", "pipe">;

  constructor(folder: string, env: Record<string, string> = {}) {
    this.#child = Bun.spawn([...roostCommand(), "plugin", "dev", folder], {
      cwd,
      env,
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) void this.#collect(stream);
  }

  async untilPrinted(text: string): Promise<void> {
    await until(`it prints ${text}, after ${this.output}`, async () => this.output.includes(text), 30_000);
  }

  async say(body: string): Promise<void> {
    const headers = { origin: this.#url, "content-type": "application/json" };
    const answer = await fetch(`${this.#url}/sandbox/say`, {
      method: "POST",
      headers,
      body: JSON.stringify({ body }),
    });
    expect(answer.status).toBe(200);
  }

  untilShown(text: string): Promise<void> {
    return until(`the room shows ${text}`, async () => (await this.#page()).includes(text), 10_000);
  }

  async stop(): Promise<number> {
    this.#child.kill("SIGTERM");
    return this.#child.exited;
  }

  get #url(): string {
    return /http:\/\/127\.0\.0\.1:\d+/.exec(this.output)?.[0] ?? "";
  }

  /** The page's events up to the one that says that all are there. */
  async #page(): Promise<string> {
    const { body } = await fetch(`${this.#url}/sandbox/events`);
    let text = "";
    for await (const chunk of body ?? []) {
      text += new TextDecoder().decode(chunk);
      if (text.includes("event: ready")) break;
    }
    return text;
  }

  async #collect(stream: ReadableStream<Uint8Array>): Promise<void> {
    for await (const chunk of stream) this.output += new TextDecoder().decode(chunk);
  }
}

test("a new plugin answers in its room, runs what is saved, and goes on when that is broken", async () => {
  const file = join(cwd, "hello/hello.ts");
  const source = readFileSync(file, "utf8");
  const session = new DevSession("hello");
  try {
    await session.untilPrinted("The room, to type into");
    await session.say("!hello Ada");
    await session.untilShown("Hello, Ada!");
    writeFileSync(file, source.replace('"Hello"', '"Ahoy"'));
    await session.untilPrinted("is taken up");
    await session.say("!hello Ada");
    await session.untilShown("Ahoy, Ada!");
    writeFileSync(file, `${source}}`);
    await session.untilPrinted("The version before stays at work.");
    expect(session.output).toContain("hello.ts line 18");
    writeFileSync(file, source.replace("setup(bot) {", 'setup(bot) {\n    throw new Error("no luck");'));
    await session.untilPrinted("no luck");
    await session.say("!hello Bea");
    await session.untilShown("Ahoy, Bea!");
    writeFileSync(file, source);
    writeFileSync(join(cwd, "hello/dev.yaml"), "greeting: Salut\n");
    await until("it is taken up again", async () => session.output.split("is taken up").length === 3, 20_000);
    await session.say("!hello Bea");
    await session.untilShown("Salut, Bea!");
    const where =
      'bot.command("where", async () => { for (const room of await bot.rooms()) await bot.send(room, "Here I am"); });';
    writeFileSync(file, source.replace("setup(bot) {", `setup(bot) {\n    ${where}`));
    await until("the command is there", async () => session.output.split("is taken up").length === 4, 20_000);
    await session.say("!where");
    await session.untilShown("Here I am");
  } finally {
    expect(await session.stop()).toBe(0);
  }
});

test("a plugin that needs settings says where to write them; there $ROOM is the room, and its own pages are there", async () => {
  await roost(["plugin", "new", "hook"], { cwd });
  writeFileSync(
    join(cwd, "hook/hook.ts"),
    `import { definePlugin, z } from "roost";
export default definePlugin({
  config: z.strictObject({ room: z.string() }),
  setup(bot) {
    bot.web.post("/hook", async (context) => {
      await bot.send(bot.config.room, await context.req.text());
      return context.text(bot.webUrl);
    });
  },
});
`,
  );
  const without = await roost(["plugin", "dev", "hook"], { cwd });
  expect(without.code).toBe(1);
  const settings = join(cwd, "hook/dev.yaml");
  expect(without.err).toContain(`room: is missing. Write its settings into ${settings}`);
  writeFileSync(settings, "room: $ROOM\n");
  const session = new DevSession("hook");
  try {
    await session.untilPrinted("Its own pages");
    const pages = /Its own pages, if it has some: (\S+)/.exec(session.output)?.[1] ?? "";
    const answer = await fetch(`${pages}hook`, { method: "POST", body: "the hook was called" });
    expect(await answer.text()).toBe(pages);
    await session.untilShown("the hook was called");
  } finally {
    expect(await session.stop()).toBe(0);
  }
});

needs("Python with mautrix", "lack" in environment ? environment.lack : undefined)(
  "a plugin written for maubot",
  () => {
    test("is tried with the environment that the machine's config has", async () => {
      const greeter = pythonPlugin(
        "greeter",
        "from maubot import Plugin\nfrom maubot.handlers import command\n\n\nclass Bot(Plugin):\n    @command.new()\n    async def hi(self, evt):\n        await evt.reply('Hello from Python')\n",
      );
      for (const [name, text] of Object.entries(greeter)) {
        mkdirSync(join(cwd, "greeter"), { recursive: true });
        writeFileSync(join(cwd, "greeter", name), text);
      }
      const python = "python" in environment ? environment.python : "";
      mkdirSync(join(cwd, "data/python"), { recursive: true });
      symlinkSync(dirname(dirname(python)), join(cwd, "data/python/venv"));
      const config = join(cwd, "config.yaml");
      writeFileSync(config, "homeserver: { url: https://matrix.example.org }\ndata_dir: ./data\n");
      const session = new DevSession("greeter", { ROOST_CONFIG: config });
      try {
        await session.untilPrinted("The room, to type into");
        await session.say("!hi");
        await session.untilShown("Hello from Python");
      } finally {
        expect(await session.stop()).toBe(0);
      }
    });
  },
);

test("an archive is installed into a host that runs, and into the folder of one that does not", async () => {
  const archive = join(cwd, "hello-v0.1.0.mbp");
  await using scene = await SandboxScene.open({ dialect: "conduwuit" });
  const { host } = scene;
  const room = scene.ada.createRoom({ public: true });
  scene.configure(
    `accounts: { "@bot:sandbox": {} }\ninstances:\n  greeter: { plugin: hello, account: "@bot:sandbox", rooms: ["${room}"] }\n`,
  );
  const before = await host.command("plugin", "install", archive, "--json");
  expect(before.err).toBe("");
  expect(JSON.parse(before.out)).toMatchObject({ id: "hello", version: "0.1.0", isRunning: false });
  host.start();
  await host.untilInstance("greeter", "running");
  const now = await host.command("plugin", "install", archive, "--json");
  expect(JSON.parse(now.out)).toMatchObject({ id: "hello", isRunning: true });
  await host.untilInstance("greeter", "running");
  writeFileSync(join(cwd, "notes.txt"), "no archive");
  const refused = await host.command("plugin", "install", join(cwd, "notes.txt"));
  expect(refused.code).toBe(1);
  await host.untilInstance("greeter", "running");
});
