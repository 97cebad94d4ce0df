import { existsSync } from "node:fs";
import { join } from "node:path";
import { loadConfig } from "../config/load.ts";
import type { AccountConfig, Config } from "../core/config.ts";
import { RoostError } from "../core/error.ts";
import { adminRooms } from "../core/room-rule.ts";
import type { Secret } from "../core/secret.ts";
import type { HostSnapshot } from "../core/status.ts";
import {
  checkConfig,
  checkDatabases,
  checkDataFolder,
  checkDisk,
  checkSecretFiles,
  describeHolder,
} from "../doctor/files.ts";
import { type Finding, fine, wrong } from "../doctor/finding.ts";
import { type Ask, checkAccount, checkHomeserver, checkRoom, roomsOfAny } from "../doctor/homeserver.ts";
import { checkHost, checkPort, checkPrograms } from "../doctor/machine.ts";
import { hostDatabaseFile, listBackups } from "../host/databases/backups.ts";
import { shortageOf } from "../host/databases/disk-watch.ts";
import { ageOf } from "../host/databases/restore.ts";
import { KnownPlugins } from "../host/known-plugins.ts";
import { LogRouter } from "../log/router.ts";
import { CredentialsFile } from "../matrix/credentials.ts";
import { Http } from "../matrix/http.ts";
import { dataDirOf } from "./data-dir.ts";
import { fetchSnapshot } from "./status.ts";
import { configFileOf, exitCode, type Terminal } from "./terminal.ts";

export interface DoctorOptions {
  readonly config?: string | undefined;
  readonly json?: boolean | undefined;
}

const answerLimitMs = 15_000;
const backupAgeLimitMs = 2 * 24 * 3_600_000;

/** `roost doctor`: looks at all that Roost needs, with or without a running host, and says what to do about what is not fine. */
export async function doctor(options: DoctorOptions, terminal: Terminal): Promise<number> {
  const file = configFileOf(options.config, terminal);
  const { env, version } = terminal;
  const plugins = new KnownPlugins({ configFile: file, env, version, log: new LogRouter().logger() });
  await plugins.open();
  const loaded = loadConfig(file, { env, plugins });
  const { config } = loaded;
  const dataDir = config?.dataDir ?? locate(options, terminal);
  const host = dataDir === undefined ? undefined : await reach(dataDir);
  const findings: Finding[] = [
    ...checkConfig(file, loaded),
    ...checkSecretFiles(loaded),
    ...(dataDir === undefined ? [] : checkFolder(dataDir, host, config)),
    ...(config === undefined ? [] : await checkPort(config, host)),
    ...(config === undefined ? [] : checkPrograms(config, terminal.env.PATH)),
    ...(config === undefined ? [] : await checkMatrix(config)),
  ];
  // A sentence may quote what others answered; no secret of the config is printed whatever that was.
  const cut = (text: string) =>
    loaded.secrets.reduce((rest, secret) => rest.replaceAll(secret.reveal(), "[redacted]"), text);
  if (options.json) terminal.out(cut(JSON.stringify(findings)));
  else {
    for (const { subject, isFine, sentence } of findings)
      terminal.out(cut(`${isFine ? "fine " : "to do"}  ${subject}: ${sentence}`));
  }
  return findings.every(({ isFine }) => isFine) ? exitCode.fine : exitCode.problem;
}

function locate(options: DoctorOptions, terminal: Terminal): string | undefined {
  try {
    return dataDirOf(options, terminal);
  } catch {
    return undefined;
  }
}

/** Undefined when no host runs there, or it belongs to somebody else, which the folder's owner tells. */
async function reach(dataDir: string): Promise<HostSnapshot | undefined> {
  try {
    return await fetchSnapshot(dataDir, AbortSignal.timeout(answerLimitMs));
  } catch {
    return undefined;
  }
}

function checkFolder(dataDir: string, host: HostSnapshot | undefined, config: Config | undefined): Finding[] {
  const common = [
    ...checkDataFolder(dataDir),
    ...checkDisk(dataDir, (space) => shortageOf(space, undefined) !== undefined),
    ...checkBackups(dataDir, config),
  ];
  if (host !== undefined) return [...common, ...checkHost(host, describeHolder(dataDir))];
  return [...common, fine("host", `None runs on ${dataDir}.`), ...checkDatabases(dataDir)];
}

/** Backups are made daily: one that is two days old was not followed by the next. */
function checkBackups(dataDir: string, config: Config | undefined): Finding[] {
  if (config?.backup.enabled === false) return [fine("backup", "The config says that none are made.")];
  if (!existsSync(hostDatabaseFile(dataDir))) return [];
  const [newest] = listBackups(dataDir);
  if (newest === undefined) return [fine("backup", "There is none yet; make one now with: roost backup")];
  const ageMs = Date.now() - newest.madeAtMs;
  return ageMs > backupAgeLimitMs
    ? [wrong("backup", `The newest is ${ageOf(ageMs)} old: make one with: roost backup`)]
    : [fine("backup", `The newest, ${newest.name}, is ${ageOf(ageMs)} old.`)];
}

/** The homeserver first: while it is away nothing can be said of accounts and rooms. */
async function checkMatrix(config: Config): Promise<Finding[]> {
  const homeserver = await checkHomeserver(config.homeserver.url);
  if (homeserver.some(({ subject, isFine }) => subject === "homeserver" && !isFine)) return homeserver;
  const used = [...config.instances.values()].map(({ account }) => account);
  const accounts = new Set([
    ...used,
    ...(config.admin.room === undefined ? [] : [config.admin.account ?? []].flat()),
  ]);
  const each = [...accounts].flatMap((userId) => config.accounts.get(userId) ?? []);
  return [...homeserver, ...(await Promise.all(each.map((account) => checkOne(account, config)))).flat()];
}

/** One account and the rooms it is needed in. */
async function checkOne(account: AccountConfig, config: Config): Promise<Finding[]> {
  const { userId } = account;
  let ask: Ask | undefined;
  try {
    ask = await askerFor(account, config);
  } catch (error) {
    return [wrong(`account ${userId}`, error instanceof RoostError ? error.message : String(error))];
  }
  const session = await checkAccount(userId, ask);
  if (ask === undefined || !session.isFine) return [session];
  const findings = [session];
  for (const instance of config.instances.values()) {
    if (instance.account !== userId) continue;
    const rooms =
      instance.rooms === "any"
        ? await roomsOfAny(ask, adminRooms(config.admin.room, userId))
        : instance.rooms;
    for (const room of rooms)
      findings.push(await checkRoom(`${instance.id}, room ${room}`, room, userId, ask));
  }
  const { room } = config.admin;
  if (userId === config.admin.account && room !== undefined)
    findings.push(await checkRoom(`admin room ${room}`, room, userId, ask));
  return findings;
}

/** With the stored session, or the token that the YAML gives; undefined when there is neither. */
async function askerFor({ userId, accessToken }: AccountConfig, config: Config): Promise<Ask | undefined> {
  const stored = await new CredentialsFile(join(config.dataDir, "credentials"), userId).read();
  const given: Secret | undefined =
    accessToken !== undefined && "secret" in accessToken ? accessToken.secret : undefined;
  const token = stored?.accessToken ?? given;
  if (token === undefined) return undefined;
  const http = new Http(config.homeserver.url.replace(/\/+$/, ""));
  http.authorize(token);
  return (path) => http.request({ method: "GET", path, timeoutMs: answerLimitMs, signals: [] });
}
