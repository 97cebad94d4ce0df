import { asInstanceId, type InstanceId } from "../core/id.ts";
import { isObject } from "../core/json.ts";
import type { Secret } from "../core/secret.ts";
import type { Source } from "./accounts.ts";
import { cutText, entryText } from "./entry.ts";
import type { Path } from "./finding.ts";
import type { PluginSettings } from "./plugins.ts";
import { namesSource, redacted, SettingSecrets } from "./setting-secrets.ts";

const shortestCutLength = 6;

/** The YAML of every instance as it may be shown. Of two definitions of one instance the first holds. */
export function readDefinitions(
  sources: readonly Source[],
  plugins: PluginSettings,
  secrets: readonly Secret[],
): ReadonlyMap<InstanceId, () => string> {
  const definitions = new Map<InstanceId, () => string>();
  for (const { file } of sources) {
    if (file.broken) continue;
    const parsed = file.tree();
    for (const name of file.names("instances")) {
      const id = asInstanceId(name);
      const text = entryText(parsed, { section: "instances", name });
      if (id === undefined || text === undefined || definitions.has(id)) continue;
      const settings = settingSecretsOf(plugins, entryOf(file.value, "instances", name));
      definitions.set(id, () => showInstance(text, settings, secrets));
    }
  }
  return definitions;
}

/** What stands under a name in a file's data. */
export function entryOf(value: unknown, section: "accounts" | "instances", name: string): unknown {
  const entries = isObject(value) ? value[section] : undefined;
  return isObject(entries) && Object.hasOwn(entries, name) ? entries[name] : undefined;
}

export function settingSecretsOf(plugins: PluginSettings, entry: unknown): SettingSecrets {
  const plugin = isObject(entry) && typeof entry.plugin === "string" ? plugins.find(entry.plugin) : undefined;
  return new SettingSecrets(plugin?.schema);
}

/** An instance's text without secrets: neither where settings hold them nor, say, in a comment. */
export function showInstance(text: string, settings: SettingSecrets, secrets: readonly Secret[]): string {
  const isHidden = (path: Path, value: unknown) =>
    path[0] === "config" && path.length > 1 && settings.isHidden(path.slice(1), value);
  return cutValues(cutText(text, isHidden), secrets);
}

export function showAccount(text: string, secrets: readonly Secret[]): string {
  const isHidden = (path: Path, value: unknown) =>
    (path[0] === "password" || path[0] === "access_token") && value !== null && !namesSource(value);
  return cutValues(cutText(text, isHidden), secrets);
}

function cutValues(text: string, secrets: readonly Secret[]): string {
  const values = secrets
    .map((secret) => secret.reveal())
    .filter((value) => value.length >= shortestCutLength);
  return values
    .toSorted((a, b) => b.length - a.length)
    .reduce((shown, value) => shown.replaceAll(value, redacted), text);
}

/** Changes with what the text says, secrets apart. */
export function revisionOf(shown: string): string {
  return new Bun.CryptoHasher("sha256").update(shown).digest("hex").slice(0, 32);
}
