/**
 * `bun bench/container.ts [--only NAME]`: what befalls a host, on a real systemd: a Debian in a container, with Roost's own unit, three
 * bots, and a config that sops decrypts. Prints for each fault how long until all bots answer again, and what was lost or doubled. The
 * homeserver is the sandbox's, outside of the container. Exit 1 if more than 120 s passed (10 s where only Roost was restarted) or
 * anything was lost. Needs root, systemd-container, debootstrap, age and sops; about 4 minutes.
 */
import { spawnSync } from "node:child_process";
import { rmSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { z } from "zod";
import { temporaryFolder } from "../test/doubles/folder.ts";
import { Machine, run } from "./container/machine.ts";
import { UnitMemory } from "./container/memory.ts";
import { homeserverPort, installRoost, lack } from "./container/system.ts";
import { Talk } from "./container/talk.ts";

interface Scene {
  readonly machine: Machine;
  readonly talk: Talk;
  readonly memory: UnitMemory;
}

interface Struck {
  readonly overMs?: number;
  /** What else is worth telling. */
  readonly seen?: string;
}

interface Fault {
  readonly name: string;
  readonly limitSeconds: number;
  /** Does it. The clock runs from its beginning, or from `overMs` where it lasts and then is over. */
  strike(scene: Scene): Promise<Struck> | Struck;
}

const faults: readonly Fault[] = [
  {
    name: "systemctl restart",
    limitSeconds: 10,
    strike({ machine }) {
      machine.run("systemctl", "restart", "roost");
      return {};
    },
  },
  {
    name: "kill -9 of the main process",
    limitSeconds: 10,
    strike({ machine }) {
      machine.run("systemctl", "kill", "--signal=KILL", "roost");
      return {};
    },
  },
  {
    name: "the machine reboots",
    limitSeconds: 120,
    async strike({ machine }) {
      machine.try("systemctl", "reboot");
      await machine.untilOff();
      await machine.boot();
      return {};
    },
  },
  {
    name: "the plug is pulled",
    limitSeconds: 120,
    async strike({ machine }) {
      await machine.off({ keepDisk: true });
      await machine.boot();
      return {};
    },
  },
  {
    name: "the main process stands still (SIGSTOP): the watchdog",
    limitSeconds: 120,
    strike({ machine }) {
      machine.run("systemctl", "kill", "--signal=STOP", "roost");
      return {};
    },
  },
  {
    name: "Roost starts 20 s before the homeserver",
    limitSeconds: 120,
    async strike({ machine, talk }) {
      await talk.homeserver.close();
      machine.run("systemctl", "restart", "roost");
      await Bun.sleep(20_000);
      const seen = `${machine.show("ActiveState")}, ${machine.show("StatusText")}`;
      await talk.homeserver.open(homeserverPort);
      return { overMs: performance.now(), seen };
    },
  },
  {
    name: "the disk is full for 20 s",
    limitSeconds: 120,
    async strike({ machine }) {
      const filler = join(machine.disk, "filler");
      fill(filler, machine.disk);
      await Bun.sleep(20_000);
      const seen = machine.show("StatusText");
      rmSync(filler);
      return { overMs: performance.now(), seen };
    },
  },
  {
    name: "a child takes all memory of the unit",
    limitSeconds: 120,
    async strike({ machine, talk, memory }) {
      if (!(await memory.limit(machine))) return { seen: "not tried: memory cannot be limited from here" };
      const before = machine.mainPid();
      await Bun.sleep(15_000);
      const busy = memory.read();
      talk.end();
      await Bun.sleep(20_000);
      const idle = memory.read();
      talk.begin();
      // It waits for a line, so that it is in the cgroup before it grows.
      const child = Bun.spawn(["sh", "-c", "read -r _; exec tail /dev/zero"], {
        stdin: "pipe",
        stderr: "ignore",
      });
      memory.add(child.pid);
      const overMs = performance.now();
      child.stdin.write("go\n");
      child.stdin.end();
      await child.exited;
      const host = machine.mainPid() === before ? "Roost went on" : "Roost was restarted";
      const peak = memory.read().peakMegabytes;
      return {
        overMs,
        seen: `${idle.nowMegabytes.toFixed(0)} MB idle, ${busy.nowMegabytes.toFixed(0)} at 12 questions a second, peak ${busy.peakMegabytes.toFixed(0)}; the child ended by ${child.signalCode} at ${peak.toFixed(0)} MB, ${host}`,
      };
    },
  },
];

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

/** Until not a byte is left. */
function fill(file: string, disk: string): void {
  const { bavail, bsize } = statfsSync(disk);
  try {
    writeFileSync(file, Buffer.alloc((bavail + 1) * bsize));
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOSPC")) throw error;
  }
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
if (process.env.ROOST_BENCH_NETWORK === undefined) {
  // A network and mounts of its own, which the container shares: no port here meets one of this machine's.
  const { status } = spawnSync("unshare", ["--net", "--mount", process.execPath, ...process.argv.slice(1)], {
    stdio: "inherit",
    env: { ...process.env, ROOST_BENCH_NETWORK: "own" },
  });
  process.exit(status ?? 1);
}
run("ip", ["link", "set", "lo", "up"]);
using folder = temporaryFolder();
const machine = new Machine(folder.path);
const talk = new Talk();
const memory = new UnitMemory();
try {
  machine.install("64M");
  installRoost(machine, talk);
  await talk.homeserver.open(homeserverPort);
  talk.begin();
  const beganMs = performance.now();
  await machine.boot();
  const firstSeconds = await talk.untilAnswered(beganMs, 120);
  talk.forget();
  console.log(`booted, three accounts registered, all answer: ${firstSeconds.toFixed(1)} s`);
  console.log(isolations(machine));
  const chosen = faults.filter(({ name }) => only === undefined || name.includes(only));
  process.exitCode = (await tryFaults({ machine, talk, memory }, chosen)) ? 0 : 1;
} finally {
  talk.end();
  if (process.exitCode === 1) console.error(machine.journal());
  await machine.off();
  await memory.close();
  await talk.homeserver.close();
}
