import { RoostError } from "../../src/core/error.ts";
import type { Management } from "../../src/core/management.ts";

/** A host that takes no plugins. */
export const noPlugins: Pick<Management, "addPlugin" | "lookForMissing"> = {
  addPlugin: async () => {
    throw new RoostError("bad-request", "There are no plugins here.");
  },
  lookForMissing: async () => [],
};
