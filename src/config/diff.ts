import type { Config, InstanceConfig } from "../core/config.ts";
import type { InstanceId } from "../core/id.ts";
import type { PendingDifference } from "../core/management.ts";
import { revealed } from "./secrets.ts";
import { unifiedDiff } from "./unified-diff.ts";

/**
 * What restarting would change, as sentences such as `instance weather added`; empty if nothing. They name no room and no
 * user, so that health and page may show them.
 */
export function diffConfigs(running: Config, disk: Config): string[] {
  const before = hostSettings(running);
  const after = hostSettings(disk);
  const host = Object.keys(before).filter((name) => before[name] !== after[name]);
  return [
    ...host.map((name) => `${name} changed: restart the unit`),
    ...idsOf(running, disk).flatMap((id) => diffInstance(id, running, disk)),
  ];
}

/** The instances that differ, each with its sentence and the unified diff of its YAML; empty where only a secret changed. */
export function listDifferences(running: Config, disk: Config): PendingDifference[] {
  return idsOf(running, disk).flatMap((instance) =>
    diffInstance(instance, running, disk).map((sentence) => {
      const [before, after] = [running, disk].map(({ definitions }) => definitions.get(instance)?.() ?? "");
      return { instance, sentence, diff: unifiedDiff(before ?? "", after ?? "") };
    }),
  );
}

function idsOf(running: Config, disk: Config): InstanceId[] {
  const ids = [running, disk].flatMap((config) => [...config.instances.keys(), ...config.quarantined.keys()]);
  return [...new Set(ids)];
}

function diffInstance(id: InstanceId, running: Config, disk: Config): string[] {
  const wasKnown = running.instances.has(id) || running.quarantined.has(id);
  const before = running.instances.get(id);
  const after = disk.instances.get(id);
  if (!wasKnown) return [`instance ${id} added${after === undefined ? ", but it has problems" : ""}`];
  if (after === undefined && !disk.quarantined.has(id)) return [`instance ${id} removed`];
  if (before === undefined && after === undefined) return [];
  if (before === undefined) return [`instance ${id} mended: it can run now`];
  if (after === undefined) return [`instance ${id} changed: it has problems and could not start again`];
  return before.digest === after.digest ? [] : [`instance ${id} changed: ${describeChange(before, after)}`];
}

/** What an instance consists of, with its name in YAML. */
const parts = [
  ["plugin", "plugin"],
  ["account", "account"],
  ["rooms", "rooms"],
  ["prefix", "prefix"],
  ["enabled", "enabled"],
  ["logLevel", "log_level"],
  ["sendsPerMinute", "sends_per_minute"],
  ["memoryMb", "memory_mb"],
  ["trusted", "trusted"],
  ["network", "network"],
  ["config", "config"],
] as const;

function describeChange(before: InstanceConfig, after: InstanceConfig): string {
  const changed = parts.filter(([part]) => JSON.stringify(before[part]) !== JSON.stringify(after[part]));
  return changed.length === 0 ? "the settings of its account" : changed.map(([, key]) => key).join(", ");
}

function hostSettings(config: Config): Record<string, string | number | boolean | undefined> {
  const { homeserver, admin, server } = config;
  const adminAccount = admin.account === undefined ? undefined : config.accounts.get(admin.account);
  return {
    "homeserver.url": homeserver.url,
    "homeserver.registration_token": revealed(homeserver.registrationToken),
    "admin.account": JSON.stringify([
      admin.account,
      adminAccount?.displayname,
      revealed(adminAccount?.password),
      revealed(adminAccount?.accessToken),
    ]),
    "admin.room": admin.room,
    "admin.messages_per_hour": admin.messagesPerHour,
    "admin.message_interval": admin.messageIntervalMs,
    "admin.username": revealed(admin.username),
    "admin.password_hash": revealed(admin.passwordHash),
    "server.host": server.host,
    "server.port": server.port,
    "server.allow_remote": server.allowRemote,
    "server.public_url": server.publicUrl,
    data_dir: config.dataDir,
    "backup.enabled": config.backup.enabled,
    "backup.at": config.backup.at,
    "backup.keep": config.backup.keep,
    catch_up: config.catchUpMs,
    reload: config.reload,
  };
}
