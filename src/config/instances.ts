import { resolve } from "node:path";
import type { AccountConfig, InstanceConfig, Problem } from "../core/config.ts";
import { asInstanceId, type InstanceId, type UserId } from "../core/id.ts";
import { isObject } from "../core/json.ts";
import type { RoomReference } from "../core/matrix.ts";
import type { RoomRule } from "../core/room-rule.ts";
import type { ListedAccount, Source } from "./accounts.ts";
import { quote } from "./excerpt.ts";
import type { ConfigFile } from "./file.ts";
import { isWriteOnlyAt } from "./json-schema.ts";
import { resolveSecrets } from "./plugin-secrets.ts";
import type { PluginSettings } from "./plugins.ts";
import type { InstanceSetting } from "./schema.ts";
import { revealed, type SecretReader } from "./secrets.ts";
import { suggest } from "./suggestion.ts";

/** What an instance's section may point at. */
export interface Surroundings {
  readonly accounts: ReadonlyMap<UserId, ListedAccount>;
  readonly admin: { readonly account: UserId | undefined; readonly room: RoomReference | undefined };
  readonly plugins: PluginSettings;
  readonly secrets: SecretReader;
}

/** Fetches for whoever asks, so that strangers who invite it would spend its allowance. */
const instagram = "instagram";

export interface ReadInstances {
  readonly instances: ReadonlyMap<InstanceId, InstanceConfig>;
  readonly quarantined: ReadonlyMap<InstanceId, readonly Problem[]>;
}

/** Sorts the instances of all files into those that can run and those whose own section, or account, has an error. */
export function readInstances(sources: readonly Source[], surroundings: Surroundings): ReadInstances {
  const homes = new Map<InstanceId, ConfigFile>();
  const instances = new Map<InstanceId, InstanceConfig>();
  const quarantined = new Map<InstanceId, readonly Problem[]>();
  for (const { file, sections } of sources) {
    for (const name of file.names("instances")) {
      const id = asInstanceId(name);
      if (id === undefined) continue;
      const path = ["instances", name];
      const first = homes.get(id);
      if (first !== undefined) {
        const message = `is already defined at ${first.placeOf(path)}, which holds: give this one another name`;
        file.report({ path, atKey: true, message });
        continue;
      }
      homes.set(id, file);
      const result = readInstance(file, id, sections?.instances?.[id], surroundings);
      if ("config" in result) instances.set(id, result.config);
      else quarantined.set(id, result.problems);
    }
  }
  warnOfOverlaps(instances, homes, surroundings.plugins);
  return { instances, quarantined };
}

function readInstance(
  file: ConfigFile,
  id: InstanceId,
  setting: InstanceSetting | undefined,
  { accounts, admin, plugins, secrets }: Surroundings,
): { config: InstanceConfig } | { problems: readonly Problem[] } {
  const path = ["instances", id];
  if (setting === undefined) return { problems: file.errorsAt(path) };
  const account = accounts.get(setting.account);
  if (setting.account === admin.account) {
    const message = "is the admin account, which must run no bot: give this instance an account of its own";
    file.report({ path: [...path, "account"], message });
  } else if (account === undefined) {
    const message = `${quote(setting.account)} is not listed under accounts`;
    file.report({
      path: [...path, "account"],
      message,
      hint: suggest(setting.account, [...accounts.keys()], "accounts"),
    });
  }
  if (setting.rooms === "any" && setting.plugin === instagram) {
    const message = "the Instagram bot works in listed rooms only: list them";
    file.report({ path: [...path, "rooms"], message });
  }
  if (admin.room !== undefined && setting.rooms?.includes(admin.room)) {
    const message = "names admin.room, where no bot works: whoever is in it may command the homeserver";
    file.report({ path: [...path, "rooms"], message });
  }
  const config = checkPlugin(file, id, setting, plugins, secrets);
  const own = file.errorsAt(path);
  if (own.length > 0 || config === undefined || account === undefined) return { problems: own };
  const accountErrors = account.file.errorsAt(["accounts", setting.account]);
  if (accountErrors.length > 0 || account.config === undefined) return { problems: accountErrors };

  const rooms: RoomRule = setting.rooms === "any" ? "any" : [...new Set(setting.rooms ?? [])];
  if (rooms.length === 0) {
    const message = "this instance answers nowhere: list the rooms it is to work in";
    file.report({ path: [...path, "rooms"], severity: "warning", message });
  }
  const {
    plugin,
    enabled,
    prefix,
    log_level: logLevel,
    sends_per_minute: sendsPerMinute,
    memory_mb: memoryMb,
    trusted,
    network,
  } = setting;
  const limits = { sendsPerMinute, memoryMb };
  const wanted = {
    id,
    plugin,
    account: setting.account,
    rooms,
    enabled,
    prefix,
    logLevel,
    ...limits,
    trusted,
    network,
    config,
  };
  return { config: { ...wanted, file: resolve(file.name), digest: digestOf(wanted, account.config) } };
}

function checkPlugin(
  file: ConfigFile,
  id: InstanceId,
  setting: InstanceSetting,
  plugins: PluginSettings,
  secrets: SecretReader,
) {
  const plugin = plugins.find(setting.plugin);
  if (plugin === undefined) {
    const message = `there is no plugin named ${quote(setting.plugin)}`;
    const hint = suggest(setting.plugin, plugins.names(), "plugins");
    file.report({ path: ["instances", id, "plugin"], message, hint });
    return undefined;
  }
  if (setting.trusted && plugin.isAlwaysConfined === true) {
    const message = "plugins written in Python run in a process of their own, and confined: take this out";
    file.report({ path: ["instances", id, "trusted"], message });
  }
  const path = ["instances", id, "config"];
  const config = resolveSecrets(isObject(setting.config) ? setting.config : {}, plugin.schema, {
    file,
    path,
    secrets,
  });
  const checked = plugin.check(config);
  if ("value" in checked) return checked.value;
  for (const issue of checked.issues) {
    if (secrets.leftOut && plugin.schema !== undefined && isWriteOnlyAt(plugin.schema, issue.path)) continue;
    file.report({ ...issue, path: [...path, ...issue.path] });
  }
  return undefined;
}

/** Of a hash no secret can be read, but it changes with each. */
function digestOf(instance: Omit<InstanceConfig, "file" | "digest">, account: AccountConfig): string {
  const parts = [instance, account.displayname, revealed(account.password), revealed(account.accessToken)];
  return new Bun.CryptoHasher("sha256").update(JSON.stringify(parts)).digest("hex");
}

function warnOfOverlaps(
  instances: ReadonlyMap<InstanceId, InstanceConfig>,
  homes: ReadonlyMap<InstanceId, ConfigFile>,
  plugins: PluginSettings,
): void {
  const heard = new Map<string, Map<RoomReference | "any", InstanceId>>();
  for (const { id, enabled, plugin, prefix, rooms } of instances.values()) {
    const triggers = enabled ? (plugins.find(plugin)?.answersTo(prefix) ?? []) : [];
    const rivals = new Map<InstanceId, string>();
    for (const trigger of triggers) {
      const places = heard.get(trigger) ?? new Map<RoomReference | "any", InstanceId>();
      heard.set(trigger, places);
      for (const [room, other] of places) {
        const where = commonPlace(room, rooms);
        if (where !== undefined && other !== id && !rivals.has(other))
          rivals.set(other, `${quote(trigger)} in ${where}`);
      }
      for (const room of rooms === "any" ? [rooms] : rooms) if (!places.has(room)) places.set(room, id);
    }
    for (const [other, what] of rivals) {
      const message = `${quote(other)} and ${quote(id)} both answer to ${what}`;
      homes.get(id)?.report({ path: ["instances", id], atKey: true, severity: "warning", message });
    }
  }
}

/** Where one who works in `room` meets one with the rule `rooms`, as words. */
function commonPlace(room: RoomReference | "any", rooms: RoomRule): string | undefined {
  if (room === "any" || rooms === "any") return "every room that both are in";
  return rooms.includes(room) ? quote(room) : undefined;
}
