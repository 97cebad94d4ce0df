/** The exit codes of docs/operating.md, for every command: what is no usage error but cannot be done ends with 1 and a sentence. */
import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { commandLine } from "../src/commands/command-line.ts";
import { temporaryFolder } from "./doubles/folder.ts";
import { roost } from "./doubles/host.ts";

setDefaultTimeout(30_000);

const folder = temporaryFolder();
afterAll(() => folder[Symbol.dispose]());
const at = (name: string) => join(folder.path, name);
/** A config that is right, of a host that does not run and whose homeserver is not there. */
const config = at("config.yaml");
writeFileSync(
  config,
  'homeserver: { url: "http://127.0.0.1:9", registration_token: x }\ndata_dir: data\naccounts: { "@bot:example.org": {} }\ninstances: { echo: { plugin: echo, account: "@bot:example.org", rooms: ["!a:example.org"] } }\n',
  { mode: 0o600 },
);
writeFileSync(at("broken.yaml"), "homeserver: {\n", { mode: 0o600 });
writeFileSync(at("wrong.yaml"), "homeserver: { url: nowhere }\n", { mode: 0o600 });
mkdirSync(at("empty"));
mkdirSync(at("failing"));
writeFileSync(
  at("failing/maubot.yaml"),
  "id: org.example.failing\nversion: 0.1.0\nmodules: [bot]\nmain_class: Bot\nroost: { runtime: typescript }\n",
);
writeFileSync(at("failing/bot.ts"), "export default 1;\n");
writeFileSync(
  at("failing/bot.test.ts"),
  'import { test } from "roost/test";\n\nthrow new Error("broken");\n',
);
writeFileSync(at("broken.mbp"), "no archive");

const ofConfig = ["--config", config];
const cases: readonly (readonly [args: readonly string[], code: number, says: string])[] = [
  [["serve", "--config", at("broken.yaml")], 78, "Check it with: roost check"],
  [["serve", "--config", at("missing.yaml")], 78, "missing.yaml"],
  [["check", "--config", at("wrong.yaml")], 1, "wrong.yaml:1:"],
  [["check", ...ofConfig], 0, "is fine"],
  [["schema"], 0, "$schema"],
  [["hash-password"], 1, "at least 12 characters"],
  [["status", ...ofConfig], 1, "roost serve"],
  [["doctor", ...ofConfig], 1, "See that it runs"],
  [["health", ...ofConfig], 1, "fail: "],
  [["logs", ...ofConfig], 1, "roost serve"],
  [["backup", ...ofConfig], 1, "There is no data folder"],
  [["backup", "list", ...ofConfig], 0, "There is no backup yet"],
  [["restore", "echo", ...ofConfig], 1, "There is no data folder"],
  [["start", "echo", ...ofConfig], 1, "roost serve"],
  [["stop", "echo", ...ofConfig], 1, "roost serve"],
  [["restart", "echo", ...ofConfig], 1, "roost serve"],
  [["instagram", "show", at("missing.json")], 1, "missing.json"],
  [["instagram", "parse", "https://www.instagram.com/p/CTU-Mz7oxfR/"], 0, "CTU-Mz7oxfR"],
  [["plugin", "new", "hello", ...ofConfig], 0, "hello"],
  [["plugin", "new", "hello", ...ofConfig], 1, "hello"],
  [["plugin", "check", at("failing"), ...ofConfig], 1, "definePlugin"],
  [["plugin", "build", at("empty"), ...ofConfig], 1, "maubot.yaml"],
  [["plugin", "test", at("failing")], 1, "broken"],
  [["plugin", "install", at("broken.mbp"), ...ofConfig], 1, "archive"],
  [["install", "--systemd"], 0, "[Service]"],
  [["install", "--systemd", "--write", "--root", "/proc/nowhere"], 1, "could not be written"],
  [["uninstall", "--root", at("empty")], 1, "nothing to take away"],
  [["init", ...ofConfig], 1, "is there already"],
  [["register", "@new:example.org", ...ofConfig], 1, "nothing listens at its address"],
  [["import-maubot", at("empty"), ...ofConfig], 1, "maubot"],
  [["completions", "bash"], 0, "complete "],
];

for (const [args, code, says] of cases) {
  test(`roost ${args.map((word) => word.replace(`${folder.path}/`, "")).join(" ")} ends with ${code}`, async () => {
    const answer = await roost(args, { cwd: folder.path, stdin: "short\n" });
    expect({ ...answer, says: answer.out + answer.err }).toMatchObject({
      code,
      says: expect.stringContaining(says),
    });
    if (code !== 0 && !["health", "doctor", "plugin"].includes(args[0] ?? "")) expect(answer.out).toBe("");
  });
}

test("every command is tried here, but the demo, which test/command-line.test.ts runs", () => {
  const nothing = { env: {}, isTerminal: false, version: "0", self: ["roost"] as const, draw: undefined };
  const rest = { out: () => {}, err: () => {}, stopRequested: () => new Promise<void>(() => {}) };
  const names = commandLine({ ...nothing, ...rest }, () => {}).commands.map(({ name }) => name);
  const tried = new Set(cases.map(([[name = ""]]) => name));
  expect(names.filter((name) => !tried.has(name))).toEqual(["demo"]);
});
