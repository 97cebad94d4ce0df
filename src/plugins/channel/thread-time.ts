import { readFileSync, readlinkSync } from "node:fs";

/** Linux counts processor time in hundredths of a second towards programs, whatever its own clock does. */
const ticksPerSecond = 100;

/** The kernel's number of the calling thread, such as a worker tells its host once; undefined on systems other than Linux. */
export function ownThreadId(): number | undefined {
  try {
    const [, threadId] = /\/task\/(\d+)$/.exec(readlinkSync("/proc/thread-self")) ?? [];
    return threadId === undefined ? undefined : Number(threadId);
  } catch {
    return undefined;
  }
}

/**
 * The processor time that a thread of this process has used, in seconds (proc(5), fields 14 and 15): asked of the kernel, so it is
 * right also while the thread answers nobody. Undefined when there is no such thread, and on systems other than Linux.
 */
export function threadSeconds(threadId: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/self/task/${threadId}/stat`, "latin1");
    // The thread's name comes before, in parentheses, and may hold anything.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
  } catch {
    return undefined;
  }
}
