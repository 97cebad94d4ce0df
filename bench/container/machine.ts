/** A Debian with a real systemd, in a container on this machine's kernel. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { until } from "../../test/doubles/delivery.ts";

const cache = join(dirname(dirname(import.meta.dir)), ".cache/debian-bookworm-python");

/** What Debian's own installer gives, kept from one run to the next. */
export function fetchDebian(): void {
  if (existsSync(cache)) return;
  const unfinished = `${cache}.unfinished`;
  run("debootstrap", [
    ...["--variant=minbase", "--include=systemd,systemd-sysv,dbus,ca-certificates,python3"],
    ...["bookworm", unfinished],
  ]);
  renameSync(unfinished, cache);
}

/** A container's systemd finds the counting of memory closed to it, where that is cgroup v1; opened first, it puts MemoryMax= in force. */
const init = `#!/bin/sh
mount -o remount,rw,bind /sys/fs/cgroup/memory
exec /lib/systemd/systemd
`;

export class Machine {
  readonly #folder: string;
  #nspawn: Bun.Subprocess | undefined;

  constructor(folder: string) {
    this.#folder = folder;
  }

  get root(): string {
    return join(this.#folder, "root");
  }

  /** Where `/var/lib/roost` is: a small disk of its own, which outlives a reboot. */
  get disk(): string {
    return join(this.#folder, "disk");
  }

  /** Lays down what `fetchDebian` got; what is to be in it can be written below `root` then. */
  install(diskSize: string): void {
    run("cp", ["-a", cache, this.root]);
    this.write("init.sh", init, 0o755);
    mkdirSync(this.disk, { recursive: true });
    run("mount", ["-t", "tmpfs", "-o", `size=${diskSize}`, "tmpfs", this.disk]);
  }

  write(path: string, text: string, mode = 0o644): void {
    mkdirSync(dirname(join(this.root, path)), { recursive: true });
    writeFileSync(join(this.root, path), text, { mode });
  }

  /** Boots it with the network of this process. */
  async boot(): Promise<void> {
    const log = Bun.file(join(this.#folder, "console.log"));
    this.#nspawn = Bun.spawn(
      [
        ...["systemd-nspawn", "--quiet", "--directory", this.root, "--register=no", "--keep-unit"],
        // Of a container's own making: on a real machine these calls are the unit's affair alone.
        ...["--system-call-filter=landlock_create_ruleset landlock_add_rule landlock_restrict_self"],
        ...["--console=pipe", `--bind=${this.disk}:/var/lib/roost`, "/init.sh"],
      ],
      { stdin: "ignore", stdout: log, stderr: log },
    );
    await until("systemd is up", () => this.isUp(), 60_000);
  }

  isUp(): boolean {
    const { status, stdout } = this.try("systemctl", "is-system-running");
    return status === 0 || /running|degraded/.test(stdout);
  }

  /** Runs a program inside; throws when it fails. */
  run(program: string, ...args: readonly string[]): string {
    const { status, stdout, stderr } = this.try(program, ...args);
    if (status !== 0) throw new Error(`${program} ${args.join(" ")}: ${stderr}`);
    return stdout;
  }

  try(program: string, ...args: readonly string[]) {
    const leader = this.leader();
    if (leader === undefined) return { status: 1, stdout: "", stderr: "not booted" };
    const inside = ["--target", String(leader), "--mount", "--uts", "--ipc", "--pid"];
    return spawnSync("nsenter", [...inside, program, ...args], { encoding: "utf8" });
  }

  show(property: string): string {
    return this.try("systemctl", "show", "roost", "-p", property, "--value").stdout.trim();
  }

  /** The main process as this machine's kernel numbers it. */
  mainPid(): number {
    const inside = this.show("MainPID");
    for (const pid of spawnSync("pgrep", ["-x", "roost"], { encoding: "utf8" }).stdout.split("\n")) {
      if (pid === "") continue;
      const [, numbers = ""] = /^NSpid:\s+(.*)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
      const all = numbers.split("\t");
      if (all.length > 1 && all.at(-1) === inside && this.#isBelowLeader(pid)) return Number(pid);
    }
    return 0;
  }

  journal(): string {
    return this.try("journalctl", "-u", "roost", "--no-pager", "-o", "cat").stdout;
  }

  /** Resolves when it has shut down: to boot it again is up to who asked for it, as it is to a machine's firmware. */
  async untilOff(): Promise<void> {
    await this.#nspawn?.exited;
  }

  /** As pulling the plug. */
  async off(options: { readonly keepDisk?: boolean } = {}): Promise<void> {
    const leader = this.leader();
    if (leader !== undefined) process.kill(leader, "SIGKILL");
    this.#nspawn?.kill("SIGKILL");
    await this.#nspawn?.exited;
    if (options.keepDisk !== true) spawnSync("umount", [this.disk]);
  }

  /** nspawn's child: the container's first process. */
  leader(): number | undefined {
    if (this.#nspawn === undefined) return undefined;
    const { stdout } = spawnSync("pgrep", ["-P", String(this.#nspawn.pid)], { encoding: "utf8" });
    return stdout.split("\n").filter(isFirst).map(Number)[0];
  }

  #isBelowLeader(pid: string): boolean {
    return namespace(pid) === namespace(String(this.leader()));
  }
}

function isFirst(pid: string): boolean {
  try {
    return /^NSpid:\s+\d+\t1$/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

function namespace(pid: string): string {
  return spawnSync("readlink", [`/proc/${pid}/ns/pid`], { encoding: "utf8" }).stdout;
}

export function run(program: string, args: readonly string[], input?: string): string {
  const { status, stdout, stderr, error } = spawnSync(program, [...args], { encoding: "utf8", input });
  if (status !== 0) throw new Error(`${program} ${args.join(" ")}: ${error?.message ?? stderr}`);
  return stdout;
}
