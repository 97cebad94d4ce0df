import { closeSync, constants, fstatSync, openSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { SettingSecrets } from "../../config/setting-secrets.ts";
import type { InstanceConfig } from "../../core/config.ts";
import { isObject, type Json, type JsonObject } from "../../core/json.ts";
import type { SavedSetting } from "../../core/management.ts";

const largestBytes = 256 * 1024;
const mostShown = 500;

/** As the plugin's own side writes it (`roost_host/settings.py`). */
const overlay = z.object({
  written: z.record(z.string(), z.json()),
  set: z.array(z.tuple([z.array(z.string()).min(1), z.json()])),
});

/** What a plugin saved over the settings that its admin wrote; where the admin has written another value since, that counts. */
export function readSavedSettings(
  dataDir: string,
  { id, config }: Pick<InstanceConfig, "id" | "config">,
  schema: JsonObject | undefined,
): SavedSetting[] {
  const found = readOverlay(savedSettingsFile(dataDir, id));
  if (found === undefined) return [];
  const { written, set } = found;
  return set
    .filter(([path]) => Bun.deepEquals(valueAt(written, path), valueAt(config, path)))
    .slice(0, mostShown)
    .map(([path, value]) => ({ path: path.join("."), value: shown(value, path, schema) }));
}

export function discardSavedSettings(dataDir: string, id: InstanceConfig["id"]): void {
  rmSync(savedSettingsFile(dataDir, id), { force: true });
}

function savedSettingsFile(dataDir: string, id: InstanceConfig["id"]): string {
  return join(dataDir, "instances", id, "overlay.json");
}

/** The folder is the plugin's: whatever it put there, no link is followed out of it, no pipe waited for, and no more read than fits. */
function readOverlay(file: string): z.output<typeof overlay> | undefined {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const stats = fstatSync(descriptor);
    if (!stats.isFile() || stats.size > largestBytes) return undefined;
    return overlay.parse(JSON.parse(readFileSync(descriptor, "utf8")));
  } catch {
    return undefined;
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

/** A key that nobody declared may still be named like a secret. */
function shown(value: Json, path: readonly string[], schema: JsonObject | undefined): Json {
  return new SettingSecrets(undefined).cut(new SettingSecrets(schema).cut(value, [...path]), [...path]);
}

function valueAt(settings: unknown, path: readonly string[]): unknown {
  return path.reduce(
    (value: unknown, key) => (isObject(value) && Object.hasOwn(value, key) ? value[key] : null),
    settings,
  );
}
