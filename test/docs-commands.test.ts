/** Every `roost` command in README and docs/ is run as it stands, on a host like the one the text speaks of. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { chmodSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { commandLine } from "../src/commands/command-line.ts";
import { Homeserver } from "../src/sandbox/homeserver.ts";
import { until } from "./doubles/delivery.ts";
import { temporaryFolder } from "./doubles/folder.ts";
import { freePort, HostProcess, roostCommand } from "./doubles/host.ts";

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
const silent = { out: () => {}, err: () => {}, stopRequested: () => new Promise<void>(() => {}) };
const cli = commandLine({ ...silent, env: {}, isTerminal: false, version: "0", self: ["roost"] }, () => {});
const known = cli.commands.map(({ name }) => name);

const folder = temporaryFolder();
const homeserver = new Homeserver({
  serverName: "example.org",
  dialect: "conduwuit",
  registrationToken: "letmein",
});
let host: HostProcess;

beforeAll(async () => {
  await homeserver.open();
  const room = homeserver.createUser("ada").createRoom({ public: true });
  host = new HostProcess(folder.path, await freePort());
  host.configure(
    homeserver.url,
    `accounts: { "@bot:example.org": {} }
instances:
  instagram: { plugin: instagram, account: "@bot:example.org", rooms: ["${room}"] }
`,
  );
  writeFileSync(join(folder.path, "password.txt"), "correct horse battery\n");
  writeFileSync(join(folder.path, "roost"), `#!/bin/sh\nexec ${roostCommand().join(" ")} "$@"\n`);
  chmodSync(join(folder.path, "roost"), 0o755);
  host.start();
  await host.untilInstance("instagram", "running");
  await until("the room is joined", () => homeserver.memberships(room).has("@bot:example.org"));
});
afterAll(async () => {
  await host.kill();
  await homeserver.close();
  folder[Symbol.dispose]();
});

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
      const child = Bun.spawn(["sh", "-c", line.replaceAll("/etc/roost/config.yaml", host.configFile)], {
        cwd: folder.path,
        env: { PATH: `${folder.path}:${process.env.PATH}`, ROOST_CONFIG: host.configFile },
        stdin: "ignore",
        stdout: "pipe",
        stderr: "pipe",
      });
      const [out, err] = await Promise.all([
        new Response(child.stdout).text(),
        new Response(child.stderr).text(),
      ]);
      const code = await child.exited;
      expect({ line, code, out, err }).toMatchObject({ code: mayFind.has(command) && code === 1 ? 1 : 0 });
    });
  }
}
