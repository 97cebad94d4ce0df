/**
 * `npm run bench:container [-- --only NAME]`: what befalls a host, on a real systemd: a Debian in a container, with Roost's own unit,
 * five bots, and a config that sops decrypts. Prints for each fault how long until all bots answer again, and what was lost or doubled;
 * then whether installing, upgrading and removing Roost leave all other units alone. Homeserver and Instagram are the sandbox's, outside
 * of the container. Exit 1 if more than 120 s passed (10 s where only Roost was restarted), anything was lost or any unit touched. Needs
 * root, systemd-container, debootstrap, age, Go (for sops) and pip (for yt-dlp); about 4 minutes.
 */
import { parseArgs } from "node:util";
import { z } from "zod";
import { ReplayedInstagram } from "../src/sandbox/instagram.ts";
import { temporaryFolder } from "../test/doubles/folder.ts";
import { type Fault, faults, type Scene } from "./container/faults.ts";
import { Machine } from "./container/machine.ts";
import { UnitMemory } from "./container/memory.ts";
import { tryNeighbours } from "./container/neighbours.ts";
import { enterOwnNetwork } from "./container/own-network.ts";
import { fetchParts, homeserverPort, instagramPort, installRoost, lack } from "./container/system.ts";
import { Talk } from "./container/talk.ts";

/** How each bot is kept apart from the others, as Roost says it. */
function isolations(machine: Machine): string {
  const status = z
    .object({ instances: z.array(z.object({ id: z.string(), isolation: z.string() })) })
    .parse(
      JSON.parse(
        machine.run("env", "STATE_DIRECTORY=/var/lib/roost", "/usr/local/bin/roost", "status", "--json"),
      ),
    );
  return status.instances.map(({ id, isolation }) => `${id}: ${isolation}`).join(", ");
}

async function tryFaults(scene: Scene, chosen: readonly Fault[]): Promise<boolean> {
  const rows: string[] = [];
  let isFine = true;
  for (const fault of chosen) {
    const beganMs = performance.now();
    const { overMs = beganMs, seen = "" } = await fault.strike(scene);
    const seconds = await scene.talk.untilAnswered(overMs, fault.limitSeconds);
    const { asked, lost, doubled } = await scene.talk.tally();
    isFine &&= Number.isFinite(seconds) && lost === 0 && doubled === 0;
    rows.push(`| ${fault.name} | ${seconds.toFixed(1)} | ${lost} | ${doubled} | ${asked} | ${seen} |`);
    console.error(rows.at(-1));
  }
  console.log(
    "| fault | seconds until all bots answer | lost | doubled | asked so far | seen |\n|---|---|---|---|---|---|",
  );
  console.log(rows.join("\n"));
  return isFine;
}

const { only } = parseArgs({ options: { only: { type: "string" } } }).values;
const missing = lack();
if (missing !== undefined) {
  console.log(`skipped: ${missing}`);
  process.exit(0);
}
enterOwnNetwork(fetchParts);
using folder = temporaryFolder();
const machine = new Machine(folder.path);
const talk = new Talk();
const memory = new UnitMemory(machine);
/** One post comes late enough for yt-dlp to be met at work; films are as large as a bot posts them unless its config says otherwise. */
const instagram = new ReplayedInstagram({ slowMs: 8_000, filmBytes: 50 * 1024 * 1024 - 1024 });
try {
  machine.install("192M");
  installRoost(machine, talk);
  await talk.homeserver.open(homeserverPort);
  instagram.open(instagramPort);
  talk.begin();
  const beganMs = performance.now();
  await machine.boot();
  const firstSeconds = await talk.untilAnswered(beganMs, 120);
  talk.forget();
  console.log(`booted, four accounts registered, all answer: ${firstSeconds.toFixed(1)} s`);
  console.log(isolations(machine));
  const chosen = faults.filter(({ name }) => only === undefined || name.includes(only));
  const areFaultsFine = await tryFaults({ machine, talk, memory }, chosen);
  const { told, isFine } = tryNeighbours(machine);
  console.log(told.join("\n"));
  process.exitCode = areFaultsFine && isFine ? 0 : 1;
} finally {
  talk.end();
  if (process.exitCode === 1) console.error(machine.journal());
  await machine.off();
  await talk.homeserver.close();
  await instagram.close();
}
