import { readFileSync } from "node:fs";
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
 * The memory of the systemd unit or container (cgroup v2), and its limit; undefined where there is none. Files that the kernel keeps
 * in memory only because nobody else needs it (`inactive_file`) are not counted: they are given back before the limit bites.
 */
function readCgroup(): HostResources["cgroup"] {
  try {
    const [, path] = /^0::(.+)$/m.exec(readFileSync("/proc/self/cgroup", "utf8")) ?? [];
    if (path === undefined) return undefined;
    const read = (name: string) => readFileSync(`/sys/fs/cgroup${path}/${name}`, "utf8").trim();
    const limit = read("memory.max");
    const idleFiles = Number(/^inactive_file (\d+)$/m.exec(read("memory.stat"))?.[1] ?? 0);
    return {
      currentBytes: Math.max(0, Number(read("memory.current")) - idleFiles),
      maxBytes: limit === "max" ? undefined : Number(limit),
    };
  } catch {
    return undefined;
  }
}
