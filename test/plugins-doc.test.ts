/** docs/plugins.md does what it says: its commands are run and its programs compiled, in an empty folder. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { roost, roostCommand } from "./doubles/host.ts";

setDefaultTimeout(60_000);

const text = readFileSync(join(import.meta.dir, "../docs/plugins.md"), "utf8");
const blocksOf = (language: string) =>
  [...text.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, "gms"))].map(([, block = ""]) => block);
const commands = blocksOf("sh").flatMap((block) => block.trim().split("\n"));

let cwd = "";
beforeAll(() => {
  cwd = mkdtempSync(join(tmpdir(), "roost-doc-"));
  writeFileSync(
    join(cwd, "config.yaml"),
    "homeserver: { url: https://matrix.example.org }\ndata_dir: ./data\n",
  );
});
afterAll(() => rmSync(cwd, { recursive: true, force: true }));

/** Runs `roost plugin dev` until its room is there. */
async function tryOut(args: readonly string[]): Promise<void> {
  const child = Bun.spawn([...roostCommand(), ...args], { cwd, env: {}, stdout: "pipe", stderr: "inherit" });
  let out = "";
  for await (const chunk of child.stdout) {
    out += new TextDecoder().decode(chunk);
    if (out.includes("The room, to type into: http://127.0.0.1:")) child.kill("SIGTERM");
  }
  expect(await child.exited).toBe(0);
  expect(out).toContain("The room");
}

for (const line of commands) {
  test(`\`${line}\` works`, async () => {
    const [program, ...args] = line.split(" ");
    expect(program).toBe("roost");
    if (args[1] === "dev") return tryOut(args);
    // With a compiler, as `check` wishes for.
    const PATH = `${join(import.meta.dir, "../node_modules/.bin")}:${process.env.PATH}`;
    const env = { ROOST_CONFIG: join(cwd, "config.yaml"), PATH };
    const { code, err } = await roost(args, { cwd, env });
    expect({ code, err }).toEqual({ code: 0, err: "" });
  });
}

test("its programs fit the types and pass the checks", async () => {
  const [plugin = "", its = ""] = blocksOf("ts");
  expect(its).toBe(readFileSync(join(cwd, "hello/hello.test.ts"), "utf8"));
  await roost(["plugin", "new", "greeter"], { cwd });
  writeFileSync(join(cwd, "greeter/greeter.ts"), plugin);
  const tsc = join(import.meta.dir, "../node_modules/typescript/bin/tsc");
  const compiled = spawnSync(process.execPath, [tsc, "-p", join(cwd, "greeter")], { encoding: "utf8" });
  expect(compiled).toMatchObject({ status: 0, stdout: "" });
  const checked = await roost(["plugin", "check", "greeter", "--json"], { cwd });
  expect(JSON.parse(checked.out)).toMatchObject({
    settings: { properties: { greeting: { default: "Hello" }, token: { writeOnly: true } } },
  });
});

test("its program answers as its comments say", async () => {
  writeFileSync(
    join(cwd, "greeter/greeter.test.ts"),
    `import { expect, test } from "bun:test";
import { TestBot } from "roost/testing";
import plugin from "./greeter.ts";

test("answers", async () => {
  const bot = await TestBot.start(plugin, { internet: ({ url }) => Response.json({ title: url }) });
  for (const said of ["!greet Ada", "!hi Ada", "!greet", "!dice roll 1", "see ticket-12"]) await bot.post(said);
  const [hello, hi, usage, sides, ticket] = bot.replies;
  expect([hello, hi]).toEqual(["Hello, Ada!", "Hello, Ada!"]);
  expect(usage).toContain("name is missing");
  expect(sides).toContain("sides");
  expect(ticket).toBe("https://tickets.example.org/12.json");
  await bot.happen({ type: "m.reaction", content: { "m.relates_to": { event_id: "$x", key: "🗑️" } } });
  expect(bot.sent.at(-1)?.content).toEqual({ redacts: "$x" });
  await bot.happen({ type: "m.room.member", content: { membership: "join" } });
  expect(bot.replies.at(-1)).toContain("Welcome, @ada");
  expect(await (await bot.ask("/seen")).json()).toEqual([{ name: "Ada", times: 2 }]);
  await bot.runTimers();
  expect(bot.replies.at(-1)).toBe("Time for a glass of water.");
  expect(await (await bot.ask("/seen")).json()).toEqual([]);
});
`,
  );
  const { code, out } = await roost(["plugin", "test", "greeter"], { cwd });
  expect({ code, out: code === 0 ? "" : out }).toEqual({ code: 0, out: "" });
});
