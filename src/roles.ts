/**
 * The parts in which this executable is started besides its command line. Each worker is an entry point of its own in
 * build/compile.ts: as a file beside this one, so that its address is the same in the source tree and in the executable.
 */
export const workers = {
  bot: new URL("./bot-worker.ts", import.meta.url).href,
  backup: new URL("./backup-worker.ts", import.meta.url).href,
} as const;

/** Given as the first argument; started by the host alone. */
export const roles = {
  /** Answers one question about a database. */
  database: "role:database",
  /** Confines itself and becomes another program: `plugins/confinement/`. */
  confine: "role:confine",
  /** Runs one uploaded TypeScript plugin: `bot-process.ts`. */
  plugin: "role:plugin",
} as const;
