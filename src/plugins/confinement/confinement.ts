import { ptr } from "bun:ffi";
import { readFileSync, writeFileSync } from "node:fs";
import { landlockVersion, restrictFiles } from "./landlock.ts";
import { become, type Libc, openLibc } from "./libc.ts";
import { filterCalls } from "./seccomp.ts";

/**
 * What a plugin's process may do. It starts no other program, and reads the system's programs, libraries and certificates and what is
 * named here: no credential, no other plugin's folder, no socket of the host, nobody else's /proc.
 */
export interface Confinement {
  /** Folders it may read and change. It can make neither links nor sockets there, so that nothing outside is reached through them. */
  readonly readWrite: readonly string[];
  /** Files and folders it may read and run besides the system's own and the program itself. */
  readonly readOnly: readonly string[];
  /** Whether it may open connections. It never listens. */
  readonly network: boolean;
  /** The process that it may not signal, and whose end is its end. */
  readonly host: number;
}

const systemPaths = [
  ...["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store", "/run/current-system"],
  ...[
    "/etc/ssl",
    "/etc/pki",
    "/etc/ca-certificates",
    "/etc/static/ssl",
    "/etc/alternatives",
    "/etc/timezone",
  ],
  ...["/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/localtime", "/etc/mime.types", "/etc/os-release"],
  ...["/etc/resolv.conf", "/etc/hosts", "/etc/host.conf", "/etc/nsswitch.conf", "/etc/gai.conf"],
  ...["/etc/services", "/etc/protocols", "/run/systemd/resolve"],
  ...[
    "/proc/self",
    "/proc/meminfo",
    "/proc/cpuinfo",
    "/proc/stat",
    "/proc/sys/vm",
    "/sys/devices/system/cpu",
  ],
  ...["/dev/urandom", "/dev/random", "/dev/zero", "/dev/null"],
];
// linux/prctl.h and asm-generic/resource.h
const parentDeathOption = 1;
const noNewPrivilegesOption = 38;
const killSignal = 9;
const limits = { fileSize: 1, core: 4, tasks: 6 } as const;
const maxFileBytes = 4 * 2 ** 30;
/** Beyond what the whole machine runs at its start: enough for a program's threads, too little for a fork bomb. */
const spareTasks = 256;

/** The command that runs another one confined: this program in its confining role, which becomes the other. */
export function confinedCommand(
  confiner: readonly [string, ...string[]],
  confinement: Confinement,
  command: readonly string[],
): [string, ...string[]] {
  return [...confiner, JSON.stringify(confinement), ...command];
}

/**
 * The confining role: `[confinement as JSON, program, arguments...]`. Confines this process for good and becomes the program, with
 * the environment and the descriptors 0 to 3 it was given. A step that the kernel refuses ends it with a sentence: nothing ever runs
 * with less than was asked for, except that a kernel without Landlock keeps it from no file; the host knows by `landlockVersion`.
 */
export function runConfined([text = "", ...command]: readonly string[]): never {
  // The host wrote it, in `confinedCommand`.
  const confinement: Confinement = JSON.parse(text);
  const libc = openLibc();
  dieWith(libc, confinement.host);
  limit(libc);
  libc.prctl(noNewPrivilegesOption, 1);
  const version = landlockVersion();
  const readOnly = [...confinement.readOnly, ...command.slice(0, 1)];
  if (version > 0) restrictFiles(libc, { ...confinement, readOnly, system: systemPaths }, version);
  filterCalls(libc, confinement);
  return become(libc, command, process.env);
}

function dieWith(libc: Libc, host: number): void {
  libc.prctl(parentDeathOption, killSignal);
  // It may have ended before this process asked to be told.
  if (process.ppid !== host) throw new Error("the host that started this has ended");
}

function limit(libc: Libc): void {
  const set = (resource: number, most: number) =>
    libc.setrlimit(resource, ptr(new BigUint64Array([BigInt(most), BigInt(most)])));
  set(limits.core, 0);
  set(limits.fileSize, maxFileBytes);
  try {
    const [, tasks] = /\d+\/(\d+)/.exec(readFileSync("/proc/loadavg", "latin1")) ?? [];
    set(limits.tasks, Number(tasks) + spareTasks);
  } catch {
    // A unit may hide it (ProcSubset=pid) and then has a limit of its own (TasksMax).
  }
  try {
    // When memory is short, the kernel takes a plugin before it takes the host.
    writeFileSync("/proc/self/oom_score_adj", "1000");
  } catch {
    // One preference less.
  }
}
