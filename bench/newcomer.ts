/**
 * `npm run bench:newcomer`: docs/install-debian.md as somebody follows it who has nothing else: every command in its order, on a Debian
 * with a real systemd in a container, from the tar of `npm run release`, with a real Synapse of the name example.org. Prints how long each
 * step took, and exits 1 where a command failed or the bot did not answer. Needs what bench/container.ts needs, and Synapse.
 */
import { copyFileSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "../test/doubles/delivery.ts";
import { temporaryFolder } from "../test/doubles/folder.ts";
import { findProgram } from "../test/doubles/needs.ts";
import { findSynapse, Synapse } from "../test/doubles/synapse.ts";
import { Machine, run } from "./container/machine.ts";
import { enterOwnNetwork } from "./container/own-network.ts";
import { fetchParts, lack, sopsFile } from "./container/system.ts";

const root = join(import.meta.dir, "..");
const bot = "@instagram:example.org";
/** As the text shows it. */
const upStatus = "1/1 instances running, 1/1 accounts syncing";

interface Step {
  readonly title: string;
  readonly commands: string;
}

/** What a reader puts in where the text says that it is theirs, and what would run for ever. */
function fillIn(commands: string, token: string): string {
  return commands
    .replace("THE REGISTRATION TOKEN", token)
    .replace("roost-NEW", "roost-0.1.0-linux-x64")
    .replace("journalctl -u roost -f", "timeout 2 journalctl -u roost -f || test $? = 124");
}

function stepsOf(document: string): Step[] {
  return document.split(/^## /m).flatMap((section) => {
    const title = section.split("\n", 1)[0] ?? "";
    return [...section.matchAll(/^```sh\n(.*?)^```/gms)].map(([, commands = ""]) => ({ title, commands }));
  });
}

const synapseFound = await findSynapse();
const missing = "lack" in synapseFound ? synapseFound.lack.why : lack();
if (missing !== undefined) {
  console.log(`skipped: ${missing}`);
  process.exit(0);
}
enterOwnNetwork(() => {
  fetchParts();
  run(process.execPath, [join(root, "build/release.ts"), "--arch", "x64"]);
});

using folder = temporaryFolder();
const machine = new Machine(folder.path);
await using synapse = new Synapse("python" in synapseFound ? synapseFound.python : "", {
  ...{ serverName: "example.org", port: 8008 },
});
await synapse.start();
const admin = await synapse.admin();
const pictures = await admin.createRoom({ preset: "public_chat", room_alias_name: "pictures" });
await admin.createRoom({ preset: "public_chat", room_alias_name: "admins" });
const token = await synapse.makeRegistrationToken();

/** Posts a link and waits for any answer: Instagram itself is not to be had in here, and the bot says so. */
async function untilAnswered(): Promise<void> {
  const posted = await admin.say(pictures, "https://www.instagram.com/p/CTU-Mz7oxfR/");
  await admin.waitFor(({ sender, content }) => sender === bot && JSON.stringify(content).includes(posted));
}

try {
  machine.install("192M");
  const home = join(machine.root, "root");
  const release = join(root, "dist/release");
  for (const name of readdirSync(release).filter((each) => !each.includes("arm64")))
    copyFileSync(join(release, name), join(home, name));
  // What the text asks for: age, and sops in /usr/local/bin.
  mkdirSync(join(machine.root, "usr/local/bin"), { recursive: true });
  run("install", ["-m", "755", findProgram("age-keygen") ?? "", join(machine.root, "usr/bin/age-keygen")]);
  run("install", ["-m", "755", sopsFile, join(machine.root, "usr/local/bin/sops")]);
  await machine.boot();
  const beganMs = performance.now();
  console.log("| step | seconds | so far |\n|---|---|---|");
  for (const { title, commands } of stepsOf(readFileSync(join(root, "docs/install-debian.md"), "utf8"))) {
    const stepMs = performance.now();
    const isRemoval = commands.includes("roost uninstall");
    const { status, stdout, stderr } = machine.try("sh", "-ec", `cd /root\n${fillIn(commands, token)}`);
    if (status !== 0) throw new Error(`${title}:\n${commands}\nended with ${status}:\n${stdout}${stderr}`);
    if ((commands.includes("systemctl restart roost") && !isRemoval) || commands.includes("enable --now")) {
      await until("it is up", () => machine.show("StatusText") === upStatus, 60_000);
      await untilAnswered();
    }
    const seconds = (sinceMs: number) => ((performance.now() - sinceMs) / 1000).toFixed(1);
    console.log(`| ${title}: \`${commands.split("\n")[0]}\` | ${seconds(stepMs)} | ${seconds(beganMs)} |`);
  }
} catch (error) {
  console.error(String(error), machine.journal());
  process.exitCode = 1;
} finally {
  await machine.off();
}
