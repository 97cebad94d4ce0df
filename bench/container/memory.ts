/** The unit's memory and its limit. */
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { until } from "../../test/doubles/delivery.ts";
import type { Machine } from "./machine.ts";

const limitBytes = 512 * 1024 * 1024;
const hierarchy = "/sys/fs/cgroup/memory";
/**
 * The cgroup that counts. Where the kernel counts memory in cgroup v1, a container's systemd may not set MemoryMax=: then the same limit
 * is put on from outside.
 */
export class UnitMemory {
  #folder: string | undefined;

  /** Restarts Roost within the limit. Answers false where the kernel counts otherwise. */
  async limit(machine: Machine): Promise<boolean> {
    const [, own] = /^\d+:memory:(.+)$/m.exec(readFileSync("/proc/self/cgroup", "utf8")) ?? [];
    if (own === undefined) return false;
    const folder = join(hierarchy, own, "roost-bench");
    if (!existsSync(folder)) mkdirSync(folder);
    this.#folder = folder;
    writeFileSync(join(folder, "memory.limit_in_bytes"), String(limitBytes));
    // What systemd starts from here on is in it; what Roost had before would be counted elsewhere.
    const before = machine.mainPid();
    const leader = String(machine.leader());
    writeFileSync(join(folder, "cgroup.procs"), leader);
    machine.run("systemctl", "restart", "roost");
    writeFileSync(join(hierarchy, own, "cgroup.procs"), leader);
    return machine.mainPid() !== before;
  }

  add(pid: number): void {
    writeFileSync(join(this.#of(), "cgroup.procs"), String(pid));
  }

  /** What is held now but caches that are given back on demand, and the most there ever was, with caches, in MB. */
  read(): { readonly nowMegabytes: number; readonly peakMegabytes: number } {
    const number = (text: string | undefined) => Number(text) / 1e6;
    const read = (name: string) => readFileSync(join(this.#of(), name), "utf8");
    const [, idle] = /^total_inactive_file (\d+)$/m.exec(read("memory.stat")) ?? [];
    return {
      nowMegabytes: number(read("memory.usage_in_bytes")) - number(idle),
      peakMegabytes: number(read("memory.max_usage_in_bytes")),
    };
  }

  /** Once the machine is off. */
  async close(): Promise<void> {
    if (this.#folder === undefined) return;
    const processes = join(this.#folder, "cgroup.procs");
    await until("the unit's cgroup is empty", () => readFileSync(processes, "utf8") === "");
    rmdirSync(this.#folder);
  }

  #of(): string {
    if (this.#folder === undefined) throw new Error("The memory of the unit is not counted here.");
    return this.#folder;
  }
}
