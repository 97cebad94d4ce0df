import type { Logger } from "../core/log.ts";

const maxLinesPerMinute = 60;

/** Turns what a plugin's process prints into log records: so many a minute, and a word about those left out. */
export function printedLog(log: Logger): (line: string) => void {
  let sinceMs = 0;
  let lines = 0;
  return (line) => {
    const nowMs = performance.now();
    if (nowMs - sinceMs > 60_000) {
      if (lines > maxLinesPerMinute)
        log.warn(`${lines - maxLinesPerMinute} more lines it printed were left out.`);
      sinceMs = nowMs;
      lines = 0;
    }
    if (++lines <= maxLinesPerMinute && line.trim() !== "") log.info(line, { source: "printed" });
  };
}
