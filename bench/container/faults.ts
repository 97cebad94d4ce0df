/** What befalls the machine in bench/container.ts. */
import { spawnSync } from "node:child_process";
import { readFileSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "../../test/doubles/delivery.ts";
import type { Machine } from "./machine.ts";
import type { UnitMemory } from "./memory.ts";
import { homeserverPort } from "./system.ts";
import type { Talk } from "./talk.ts";

export interface Scene {
  readonly machine: Machine;
  readonly talk: Talk;
  readonly memory: UnitMemory;
}

interface Struck {
  readonly overMs?: number;
  /** What else is worth telling. */
  readonly seen?: string;
}

export interface Fault {
  readonly name: string;
  readonly limitSeconds: number;
  /** Does it. The clock runs from its beginning, or from `overMs` where it lasts and then is over. */
  strike(scene: Scene): Promise<Struck> | Struck;
}

export const faults: readonly Fault[] = [
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
    name: "the main loop stands still (ROOST_DEBUG_STALL): the watchdog",
    limitSeconds: 120,
    strike({ machine }) {
      machine.run("systemctl", "kill", "--kill-who=main", "--signal=USR2", "roost");
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
    name: "yt-dlp and the largest video at once",
    limitSeconds: 120,
    async strike({ talk, memory }) {
      if (!memory.isCounted()) return { seen: "not tried: this kernel does not count memory in cgroup v1" };
      await Bun.sleep(15_000);
      const { now: busy } = memory.read();
      talk.end();
      await Bun.sleep(20_000);
      const { now: idle, limit } = memory.read();
      talk.begin();
      memory.forgetPeak();
      talk.post("ytdlp", "https://www.instagram.com/p/DRoostSlo10/");
      await until("yt-dlp runs", () => peakOf("yt-dlp") > 0, 30_000);
      await Bun.sleep(2_000);
      talk.post("films", "https://www.instagram.com/p/DRoostMov02/");
      await until("the film is posted", () => talk.shown("films").includes("m.video"), 60_000);
      const ytDlp = peakOf("yt-dlp");
      await until("yt-dlp's link is answered", () => talk.shown("ytdlp").length > 0, 60_000);
      const { peak } = memory.read();
      return {
        overMs: performance.now(),
        seen: `peak ${mb(peak)} of ${mb(limit)} (MemoryMax= of the unit), caches and the film on its disk of memory included; yt-dlp ${mb(ytDlp)} when the film was posted; before ${mb(idle)} idle, ${mb(busy)} at 12 questions a second`,
      };
    },
  },
  {
    name: "a child takes all memory of the unit",
    limitSeconds: 120,
    async strike({ machine, memory }) {
      if (!memory.isCounted()) return { seen: "not tried: this kernel does not count memory in cgroup v1" };
      const before = machine.mainPid();
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
      const { peak, limit } = memory.read();
      return {
        overMs,
        seen: `the child ended by ${child.signalCode} at ${mb(peak)} of ${mb(limit)}, ${host}`,
      };
    },
  },
];

const mb = (megabytes: number) => `${megabytes.toFixed(0)} MB`;

/** The most that a program of this name has held while it ran, in MB; 0 when none runs. */
function peakOf(name: string): number {
  const { stdout } = spawnSync("pgrep", ["-f", `/${name} -J`], { encoding: "utf8" });
  const peaks = stdout
    .split("\n")
    .filter(Boolean)
    .map((pid) => {
      try {
        const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
        return (Number(kilobytes) * 1024) / 1e6;
      } catch {
        return 0;
      }
    });
  return Math.max(0, ...peaks);
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
