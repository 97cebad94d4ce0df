/** What a plugin's author does, with nothing but the executable in an empty folder. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { openArchive } from "../src/plugins/archive/archive.ts";
import { roost } from "./doubles/host.ts";

setDefaultTimeout(60_000);

let cwd = "";
beforeAll(async () => {
  cwd = mkdtempSync(join(tmpdir(), "roost-author-"));
  expect((await roost(["plugin", "new", "hello"], { cwd })).code).toBe(0);
});
afterAll(() => rmSync(cwd, { recursive: true, force: true }));

function write(files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(cwd, name)), { recursive: true });
    writeFileSync(join(cwd, name), text);
  }
}

async function entriesOf(file: string): Promise<Record<string, string>> {
  const archive = openArchive(readFileSync(join(cwd, file)));
  const read = archive.names.map(async (name) => [name, new TextDecoder().decode(await archive.read(name))]);
  return Object.fromEntries(await Promise.all(read));
}

function compile(folder: string): { status: number | null; stdout: string } {
  const tsc = join(import.meta.dir, "../node_modules/typescript/bin/tsc");
  return spawnSync(process.execPath, [tsc, "-p", join(cwd, folder)], { encoding: "utf8" });
}

test("a new plugin's test passes, and its types fit", async () => {
  const { code, out } = await roost(["plugin", "test", "hello"], { cwd });
  expect(out).toContain("1 pass");
  expect(code).toBe(0);
  expect(compile("hello")).toMatchObject({ status: 0, stdout: "" });
});

test("a test that fails is exit code 1", async () => {
  write({
    "failing/a.test.ts": 'import { expect, test } from "bun:test";\ntest("a", () => expect(1).toBe(2));\n',
  });
  const { code, out } = await roost(["plugin", "test", "failing", "--json"], { cwd });
  expect({ code, ...JSON.parse(out) }).toMatchObject({ code: 1, passed: false });
});

test("the types know a plugin's settings and its commands' arguments", async () => {
  await roost(["plugin", "new", "typed"], { cwd });
  const source = readFileSync(join(cwd, "typed/typed.ts"), "utf8");
  write({
    "typed/typed.ts": source.replace("config.greeting", "config.greting").replace("{ name =", "{ nam ="),
  });
  const { stdout } = compile("typed");
  expect(stdout).toContain("Property 'greting' does not exist");
  expect(stdout).toContain("Property 'nam' does not exist");
});

test("check tells where types do not fit, when there is a compiler, and else how to get one", async () => {
  await roost(["plugin", "new", "checked"], { cwd });
  const source = readFileSync(join(cwd, "checked/checked.ts"), "utf8");
  const without = await roost(["plugin", "check", "checked"], { cwd });
  expect(without.code).toBe(0);
  expect(without.err).toContain("npm install --save-dev typescript");
  const env = { PATH: `${join(import.meta.dir, "../node_modules/.bin")}:${process.env.PATH}` };
  const fits = await roost(["plugin", "check", "checked"], { cwd, env });
  expect(fits).toMatchObject({ code: 0, err: "", out: expect.stringContaining("Types:     they fit") });
  write({ "checked/checked.ts": source.replace("config.greeting", "config.greting") });
  const wrong = await roost(["plugin", "check", "checked"], { cwd, env });
  expect(wrong.code).toBe(1);
  expect(wrong.err).toMatch(/^checked\.ts\(\d+,\d+\): error .*Property 'greting' does not exist/);
  const told = await roost(["plugin", "check", "checked", "--json"], { cwd, env });
  expect(JSON.parse(told.out)).toMatchObject({ types: { state: "wrong" } });
});

test("the same sources give the same bytes from wherever they are built, with the schema of the settings inside", async () => {
  const { code } = await roost(["plugin", "build", "hello"], { cwd });
  expect(code).toBe(0);
  await roost(["plugin", "build"], { cwd: join(cwd, "hello"), env: { TZ: "Pacific/Auckland" } });
  const name = "hello-v0.1.0.mbp";
  expect(readFileSync(join(cwd, "hello", name))).toEqual(readFileSync(join(cwd, name)));
  const entries = await entriesOf(name);
  expect(Object.keys(entries)).toEqual(["hello.js", "maubot.yaml"]);
  expect(entries["maubot.yaml"]).toContain("description: How it greets");
  const checked = JSON.parse((await roost(["plugin", "check", name, "--json"], { cwd })).out);
  expect(checked).toMatchObject({ id: "hello", language: "typescript", permissions: { network: false } });
  expect(checked.answersTo).toEqual(["!hello"]);
});

test("npm packages and the plugin's other modules are inside the one file", async () => {
  write({
    "dice/maubot.yaml":
      "id: dice\nversion: 1.0.0\nmodules: [util, dice]\nmain_class: default\nextra_files: ['words/*.txt']\n",
    "dice/dice.ts":
      'import { definePlugin } from "roost";\nimport sides from "sides";\nimport { say } from "./util.ts";\nexport default definePlugin({ setup: (bot) => bot.command("dice", (message) => void message.reply(say(sides))) });\n',
    "dice/util.ts": "export const say = (sides: number) => String(sides);\n",
    "dice/words/a.txt": "a",
    "dice/notes.txt": "not for others",
    "dice/node_modules/sides/package.json": '{ "name": "sides", "version": "1.0.0", "main": "index.js" }',
    "dice/node_modules/sides/index.js": "module.exports = 20;\n",
  });
  const { code, err } = await roost(["plugin", "build", "dice"], { cwd });
  expect({ code, err }).toEqual({ code: 0, err: "" });
  const entries = await entriesOf("dice-v1.0.0.mbp");
  expect(Object.keys(entries)).toEqual(["dice.js", "maubot.yaml", "words/a.txt"]);
  expect(entries["dice.js"]).toContain("exports = 20");
  expect(entries["dice.js"]).toContain('from "roost"');
});

test("a Python plugin is packed with its modules as they are", async () => {
  write({
    "py/maubot.yaml": "id: py\nversion: 1.0.0\nmodules: [greeter]\nmain_class: Greeter\n",
    "py/greeter/__init__.py": "from maubot import Plugin\nclass Greeter(Plugin): pass\n",
    "py/setup.py": "print('not for others')\n",
  });
  const { code } = await roost(["plugin", "build", "py"], { cwd, env: { PATH: process.env.PATH ?? "" } });
  expect(code).toBe(0);
  expect(Object.keys(await entriesOf("py-v1.0.0.mbp"))).toEqual(["greeter/__init__.py", "maubot.yaml"]);
});

test("what does not bundle or load is refused with the place, and nothing is written", async () => {
  write({
    "broken/maubot.yaml": "id: broken\nversion: 1.0.0\nmodules: [broken]\nmain_class: default\n",
    "broken/broken.ts": 'import x from "no-such-package";\nexport default x;\n',
  });
  const missing = await roost(["plugin", "build", "broken"], { cwd });
  expect(missing.code).toBe(1);
  expect(missing.err).toContain("no-such-package");
  expect(missing.err).toContain("broken.ts:1:");
  expect(missing.err).toContain("npm install");
  write({ "broken/broken.ts": "export default { answer: 42 };\n" });
  expect((await roost(["plugin", "check", "broken"], { cwd })).err).toContain("definePlugin");
  expect((await roost(["plugin", "check", "nowhere"], { cwd })).code).toBe(2);
});

test("a name that is taken, built in or no name is refused", async () => {
  for (const [name, sentence] of [
    ["hello", "there already"],
    ["Instagram", "built into Roost"],
    ["../up", "letters and digits"],
  ] as const) {
    const { code, err } = await roost(["plugin", "new", name], { cwd });
    expect(code).not.toBe(0);
    expect(err).toContain(sentence);
  }
});
