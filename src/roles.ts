/**
 * The parts in which this executable is started besides its command line. Each worker is an entry point of its own in
 * build/compile.ts: as a file beside this one, so that its address is the same in the source tree and in the executable.
 */
export const workers = {
  bot: new URL("./bot-worker.ts", import.meta.url).href,
  backup: new URL("./backup-worker.ts", import.meta.url).href,
} as const;

/** Given as the only argument: the process answers one question about a database. Started by the host alone. */
export const databaseRole = "role:database";
