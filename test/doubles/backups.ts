import type { BackupControl } from "../../src/core/backup.ts";
import { RoostError } from "../../src/core/error.ts";

/** A host whose disk has no room for backups. */
export const noBackups: BackupControl = {
  backUp: async () => {
    throw new RoostError("database", "There is no room for it.");
  },
  backups: () => [],
  restore: async () => {
    throw new RoostError("not-found", "There is no backup yet.");
  },
};
