/** Every command in README and docs/ is run as it stands, on a host like the one the text speaks of. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { chmodSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { commandLine } from "../src/commands/command-line.ts";
import { roostCommand } from "./doubles/host.ts";
import { run } from "./doubles/run.ts";
import { SandboxScene } from "./doubles/sandbox-scene.ts";

setDefaultTimeout(60_000);

/** What cannot be run here as it stands, and what runs it instead. */
const notRun: readonly (readonly [line: RegExp, insteadOf: string])[] = [
  [/^npm start/, "runs until it is stopped: test/command-line.test.ts runs `roost demo --once`"],
  [/^roost serve/, "runs until it is stopped: test/main-job.test.ts"],
  [/^roost plugin dev/, "runs until it is stopped: test/plugin-dev.test.ts"],
  [/^roost init/, "asks: test/terminal.test.ts types the answers"],
  [
    /^nix shell|^sops secrets.yaml|^nixos-rebuild/,
    "needs NixOS: test/nix builds and evaluates what they would",
  ],
  [/^systemctl status roost$/, "needs the unit: npm run bench:newcomer"],
];
/** `npm run bench:newcomer` runs every command of it in order, on a real systemd: it sets a machine up. */
const runAsAWhole = "docs/install-debian.md";
/** These answer 1 when they have found something to do, and a room that nobody invited the bot to is such a thing. */
const mayFind = new Set(["doctor", "health"]);

const root = join(import.meta.dir, "..");
const documents = [
  "README.md",
  ...readdirSync(join(root, "docs")).flatMap((name) => (name.endsWith(".md") ? [`docs/${name}`] : [])),
];
const silent = {
  out: () => {},
  err: () => {},
  draw: undefined,
  stopRequested: () => new Promise<void>(() => {}),
};
const cli = commandLine({ ...silent, env: {}, isTerminal: false, version: "0", self: ["roost"] }, () => {});
const known = cli.commands.map(({ name }) => name);

let scene: SandboxScene;
let folder: string;

beforeAll(async () => {
  scene = await SandboxScene.open({ serverName: "example.org", dialect: "conduwuit" });
  folder = dirname(scene.host.configFile);
  const room = scene.ada.createRoom({ public: true });
  scene.configure(`accounts: { "@bot:example.org": {} }
instances:
  instagram: { plugin: instagram, account: "@bot:example.org", rooms: ["${room}"] }
`);
  writeFileSync(join(folder, "password.txt"), "correct horse battery\n");
  writeFileSync(join(folder, "roost"), `#!/bin/sh\nexec ${roostCommand().join(" ")} "$@"\n`);
  chmodSync(join(folder, "roost"), 0o755);
  scene.host.start();
  await scene.host.untilInstance("instagram", "running");
  await scene.joined(room, "@bot:example.org");
});
afterAll(() => scene[Symbol.asyncDispose]());

/** The commands in a document's shell blocks, comments cut. */
function commandsOf(name: string): string[] {
  const text = readFileSync(join(root, name), "utf8");
  const blocks = [...text.matchAll(/^```sh\n(.*?)^```/gms)].map(([, block = ""]) => block);
  const lines = blocks.flatMap((block) => block.split("\n"));
  return lines.map((line) => line.replace(/\s+#.*$/, "").trim()).filter((line) => line !== "");
}

for (const name of documents.filter((each) => each !== runAsAWhole)) {
  for (const written of commandsOf(name)) {
    const line = written.replace(/^sudo /, "");
    if (notRun.some(([pattern]) => pattern.test(line))) continue;
    test(`${name}: ${written}`, async () => {
      const [, command = ""] = /^roost (\S+)/.exec(line) ?? [];
      expect(known).toContain(command);
      const { code, out, err } = await run(["sh", "-c", line], {
        cwd: folder,
        env: { PATH: `${folder}:${process.env.PATH}`, ROOST_CONFIG: scene.host.configFile },
      });
      expect({ line, code, out, err }).toMatchObject({ code: mayFind.has(command) && code === 1 ? 1 : 0 });
    });
  }
}

test("what is not run here is still in the documents", () => {
  const lines = documents.flatMap(commandsOf).map((line) => line.replace(/^sudo /, ""));
  for (const [pattern] of notRun) expect(lines.some((line) => pattern.test(line))).toBe(true);
});
