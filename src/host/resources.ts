import { readFileSync } from "node:fs";
import { totalmem } from "node:os";
import { join } from "node:path";
import type { HostResources } from "../core/status.ts";

/** What Roost promises to stay under where no limit is set. */
const promisedBytes = 512 * 1024 * 1024;

/** The memory that counts, and what it may grow to: the unit's where it has a limit, else the process's own. */
export function readMemory(): { readonly usedBytes: number; readonly limitBytes: number } {
  const cgroup = readCgroup();
  return cgroup?.maxBytes === undefined
    ? { usedBytes: process.memoryUsage.rss(), limitBytes: promisedBytes }
    : { usedBytes: cgroup.currentBytes, limitBytes: cgroup.maxBytes };
}

/** What the process uses now. Reads a few lines of /proc and /sys: well under a millisecond, and never the disk. */
export function readHostResources(): HostResources {
  const { user, system } = process.cpuUsage();
  return {
    rssBytes: process.memoryUsage.rss(),
    cpuSeconds: (user + system) / 1e6,
    cgroup: readCgroup(),
  };
}

/**
 * The memory of the systemd unit or container, and its limit; undefined where none is counted. Files that the kernel keeps in memory
 * only because nobody else needs it (`inactive_file`) are left out: they are given back before the limit bites.
 */
function readCgroup(): HostResources["cgroup"] {
  try {
    const own = readFileSync("/proc/self/cgroup", "utf8");
    // Where the kernel counts memory in cgroup v1, a line of its own names it.
    const [, inV1] = /^\d+:(?:[^:]+,)?memory(?:,[^:]+)?:(.+)$/m.exec(own) ?? [];
    if (inV1 !== undefined) return readFolder(join("/sys/fs/cgroup/memory", inV1), v1);
    const [, inV2] = /^0::(.+)$/m.exec(own) ?? [];
    return inV2 === undefined ? undefined : readFolder(join("/sys/fs/cgroup", inV2), v2);
  } catch {
    return undefined;
  }
}

const v1 = {
  used: "memory.usage_in_bytes",
  limit: "memory.limit_in_bytes",
  idleFiles: /^total_inactive_file (\d+)$/m,
};
const v2 = { used: "memory.current", limit: "memory.max", idleFiles: /^inactive_file (\d+)$/m };

function readFolder(folder: string, names: typeof v1): HostResources["cgroup"] {
  const read = (name: string) => readFileSync(join(folder, name), "utf8").trim();
  const idleFiles = Number(names.idleFiles.exec(read("memory.stat"))?.[1] ?? 0);
  const limit = read(names.limit);
  // v1 says "none" by a number that no machine has.
  const isLimited = limit !== "max" && Number(limit) < totalmem();
  return {
    currentBytes: Math.max(0, Number(read(names.used)) - idleFiles),
    maxBytes: isLimited ? Number(limit) : undefined,
  };
}
