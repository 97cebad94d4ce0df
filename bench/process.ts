/** A contender's process, and what Linux says of it. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Subprocess } from "bun";

/** `/proc/PID/stat` counts in these; every Linux of today says 100 a second to programs. */
const tickMs = 10;

export class Program {
  readonly startedMs: number;
  readonly #process: Subprocess;
  readonly #log: string;

  constructor(command: readonly string[], folder: string) {
    this.#log = join(folder, "output.log");
    const output = Bun.file(this.#log);
    this.startedMs = performance.timeOrigin + performance.now();
    this.#process = Bun.spawn([...command], { cwd: folder, stdin: "ignore", stdout: output, stderr: output });
  }

  get hasEnded(): boolean {
    return this.#process.exitCode !== null || this.#process.signalCode !== null;
  }

  /** Everything it has printed, for when it fails. */
  output(): string {
    return readFileSync(this.#log, "utf8");
  }

  /** Of it and all its children; pages that several of them share count in part for each (Linux: `Pss`). */
  residentMegabytes(): number {
    const kilobytes = this.#pids().map((pid) => {
      const [, found] = /^Pss:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8")) ?? [];
      return Number(found);
    });
    return (sum(kilobytes) * 1024) / 1e6;
  }

  /** User and system time of all threads since they started, its children's too. */
  cpuMs(): number {
    const ticks = this.#pids().map((pid) => {
      const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
      // The name, in parentheses, may hold spaces; the times are fields 14 and 15, the field after it is the third.
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      return Number(fields[11]) + Number(fields[12]);
    });
    return sum(ticks) * tickMs;
  }

  async stop(): Promise<void> {
    this.#process.kill("SIGTERM");
    const deadline = setTimeout(() => this.#process.kill("SIGKILL"), 6_000);
    await this.#process.exited;
    clearTimeout(deadline);
  }

  #pids(): number[] {
    const pids = [this.#process.pid];
    for (const pid of pids) {
      for (const thread of readdirSync(`/proc/${pid}/task`)) {
        const children = readFileSync(`/proc/${pid}/task/${thread}/children`, "utf8");
        pids.push(...children.split(" ").filter(Boolean).map(Number));
      }
    }
    return pids;
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
