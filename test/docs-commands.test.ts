/** Every `roost` command in README and docs/ is run as it stands, on a host like the one the text speaks of. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { chmodSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { commandLine } from "../src/commands/command-line.ts";
import { roostCommand } from "./doubles/host.ts";
import { run } from "./doubles/run.ts";
import { SandboxScene } from "./doubles/sandbox-scene.ts";

setDefaultTimeout(60_000);

/** What a test cannot run as it stands, and which test runs it instead. */
const notRun: ReadonlyMap<string, string> = new Map([
  ["serve", "runs until it is stopped: test/main-job.test.ts"],
  ["init", "asks: test/init.test.ts"],
  ["install", "changes the machine: test/install.test.ts"],
  ["uninstall", "changes the machine: test/install.test.ts"],
  ["import-maubot", "needs a maubot: test/import-maubot.test.ts"],
  ["plugin", "needs a plugin's folder: the tests of plugins"],
]);
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

/** The lines of a document's shell blocks that begin with `roost`, comments cut. */
function linesOf(name: string): string[] {
  const text = readFileSync(join(root, name), "utf8");
  const blocks = [...text.matchAll(/^```sh\n(.*?)^```/gms)].map(([, block = ""]) => block);
  const lines = blocks
    .flatMap((block) => block.split("\n"))
    .map((line) => line.replace(/\s+#.*$/, "").trim());
  return lines.filter((line) => /^(sudo (-u \S+ )?)?roost /.test(line));
}

for (const name of documents) {
  for (const line of linesOf(name)) {
    const [, command = ""] = /roost (\S+)/.exec(line.replace(/^sudo (-u \S+ )?/, "")) ?? [];
    test(`${name}: ${line}`, async () => {
      expect(known).toContain(command);
      if (notRun.has(command) || line.startsWith("sudo")) return;
      const shellLine = line.replaceAll("/etc/roost/config.yaml", scene.host.configFile);
      const env = { PATH: `${folder}:${process.env.PATH}`, ROOST_CONFIG: scene.host.configFile };
      const { out, err, code } = await run(["sh", "-c", shellLine], { cwd: folder, env });
      expect({ line, code, out, err }).toMatchObject({ code: mayFind.has(command) && code === 1 ? 1 : 0 });
    });
  }
}
