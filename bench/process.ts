/** A contender's process, and what Linux says of it. */
import { readFileSync } from "node:fs";
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

  residentMegabytes(): number {
    const [, kilobytes] =
      /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${this.#process.pid}/status`, "utf8")) ?? [];
    return (Number(kilobytes) * 1024) / 1e6;
  }

  /** User and system time of all its threads since it started. */
  cpuMs(): number {
    const stat = readFileSync(`/proc/${this.#process.pid}/stat`, "utf8");
    // The name, in parentheses, may hold spaces; the times are fields 14 and 15, the field after it is the third.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[11]) + Number(fields[12])) * tickMs;
  }

  async stop(): Promise<void> {
    this.#process.kill("SIGTERM");
    const deadline = setTimeout(() => this.#process.kill("SIGKILL"), 6_000);
    await this.#process.exited;
    clearTimeout(deadline);
  }
}
