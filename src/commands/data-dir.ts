import { existsSync, readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { loadConfig } from "../config/load.ts";
import { RoostError } from "../core/error.ts";
import { pluginSettings } from "../host/plugin-settings.ts";
import { controlSocketPath } from "../web/control-client.ts";
import { configFileOf, type Terminal } from "./terminal.ts";

/**
 * The data folder of the host that runs with this config. A config that is broken now may still belong to a host that runs on the
 * last good one: then it is where its `data_dir` line, $STATE_DIRECTORY or the default points and a host has its socket.
 * @throws RoostError `config-invalid` when it cannot be told.
 */
export function dataDirOf(options: { readonly config?: string | undefined }, terminal: Terminal): string {
  const file = configFileOf(options.config, terminal);
  const { config } = loadConfig(file, { env: terminal.env, plugins: pluginSettings });
  if (config !== undefined) return config.dataDir;
  const state = terminal.env.STATE_DIRECTORY?.split(":")[0];
  const candidates = [namedIn(file), state || undefined, "data"].flatMap((path) =>
    path === undefined ? [] : [resolve(dirname(file), path)],
  );
  const found = candidates.find((path) => existsSync(controlSocketPath(path)));
  if (found !== undefined) return found;
  throw new RoostError(
    "config-invalid",
    `${file} cannot be read, so the data folder of the running host is not known. See what is wrong with: roost check --config ${file}, or name the file the host was started with: --config FILE (or set ROOST_CONFIG)`,
  );
}

/** What a line of the text says, whatever is wrong around it. */
function namedIn(file: string): string | undefined {
  try {
    const [, , path] =
      /^["']?data_dir["']?:[ \t]+(["']?)(.+?)\1[ \t]*(?:#.*)?$/m.exec(readFileSync(file, "utf8")) ?? [];
    return path;
  } catch {
    return undefined;
  }
}
