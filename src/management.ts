import type { Config } from "./core/config.ts";
import { RoostError } from "./core/error.ts";
import type { Management } from "./core/management.ts";

export interface ManagementOptions {
  readonly config: () => Config;
}

export function manageHost(_options: ManagementOptions): Management {
  return new Proxy({} as Management, {
    get: () => () => {
      throw new RoostError("not-found", "This part of the management is being built.");
    },
  });
}
