/** The unit's memory and its limit, as the kernel counts them. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Machine } from "./machine.ts";

/** The cgroup that the machine's systemd made for the unit, and in which it has put `MemoryMax=` in force. */
export class UnitMemory {
  readonly #machine: Machine;

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  /** False where the kernel counts memory otherwise than in cgroup v1, which only is read here. */
  isCounted(): boolean {
    return existsSync(this.#path("memory.stat"));
  }

  /** A process of this machine counts for the unit from here on. */
  add(pid: number): void {
    writeFileSync(this.#path("cgroup.procs"), String(pid));
  }

  /** The peak is counted anew from here on. */
  forgetPeak(): void {
    writeFileSync(this.#path("memory.max_usage_in_bytes"), "0");
  }

  /** In MB: what is held now but caches that are given back on demand; the most there ever was, with caches; the limit. */
  read(): { readonly now: number; readonly peak: number; readonly limit: number } {
    const read = (name: string) => readFileSync(this.#path(name), "utf8");
    const [, inactive] = /^total_inactive_file (\d+)$/m.exec(read("memory.stat")) ?? [];
    return {
      now: (Number(read("memory.usage_in_bytes")) - Number(inactive)) / 1e6,
      peak: Number(read("memory.max_usage_in_bytes")) / 1e6,
      limit: Number(read("memory.limit_in_bytes")) / 1e6,
    };
  }

  #path(name: string): string {
    const inside = "sys/fs/cgroup/memory/system.slice/roost.service";
    return join("/proc", String(this.#machine.leader()), "root", inside, name);
  }
}
