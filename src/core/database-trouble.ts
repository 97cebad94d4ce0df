/** What stands between a program and its SQLite file, told from SQLite's own code along the error's causes. */
export interface DatabaseTrouble {
  /** `busy` is over once the disk, the lock or the rights are mended; `lost` needs another file in its place. */
  readonly kind: "busy" | "lost";
  readonly remedy: string;
}

const troubles: readonly (readonly [RegExp, DatabaseTrouble])[] = [
  [/^SQLITE_(?:NOTADB|CORRUPT)/, { kind: "lost", remedy: "It is damaged." }],
  [/^SQLITE_(?:FULL|IOERR_SHMSIZE)/, { kind: "busy", remedy: "Free some disk space." }],
  [
    /^SQLITE_(?:BUSY|LOCKED|PROTOCOL)/,
    { kind: "busy", remedy: "Another program has locked it: end that program." },
  ],
  [/^SQLITE_IOERR/, { kind: "busy", remedy: "See whether its disk is in order and has space left." }],
  [
    /^SQLITE_(?:READONLY|CANTOPEN|PERM|AUTH)/,
    { kind: "busy", remedy: "See that it belongs to the user Roost runs as and can be written." },
  ],
];

/** Undefined for an error that says nothing of the file: a wrong statement, a constraint. */
export function databaseTrouble(error: unknown): DatabaseTrouble | undefined {
  let next = error;
  for (let depth = 0; next instanceof Error && depth < 8; depth++, next = next.cause) {
    const code = "code" in next ? String(next.code) : "";
    const found = troubles.find(([codes]) => codes.test(code));
    if (found !== undefined) return found[1];
  }
  return undefined;
}
