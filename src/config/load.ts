import { resolve } from "node:path";
import type { AccountConfig, Config, LoadedConfig } from "../core/config.ts";
import type { UserId } from "../core/id.ts";
import { Secret } from "../core/secret.ts";
import { type ListedAccount, readAccounts } from "./accounts.ts";
import { readDefinitions } from "./definition.ts";
import { quote } from "./excerpt.ts";
import type { ConfigFile } from "./file.ts";
import { readInstances } from "./instances.ts";
import { adminSchema, backupSchema, serverSchema } from "./schema.ts";
import { SecretReader } from "./secrets.ts";
import { type LoadOptions, type MainSettings, type ReadSources, readSources } from "./sources.ts";
import { nearest } from "./suggestion.ts";

/**
 * Reads the main file, what it includes, and the secrets they name. Never throws: whatever the files hold, the answer is
 * problems. `config` is undefined if nothing could run: the main file unreadable, not YAML, without a homeserver, or unclear
 * about its data folder.
 */
export function loadConfig(file: string, options: LoadOptions): LoadedConfig {
  return loadSources(file, readSources(file, options), options);
}

/** The same from files that were just read for something else too; their problems are found once. */
export function loadSources(file: string, read: ReadSources, options: LoadOptions): LoadedConfig {
  const { env, plugins, texts } = options;
  const { main, settings, sources, dataDir, folders } = read;
  if (settings === undefined) {
    return { config: undefined, problems: main.problems(), secrets: [], watched: [resolve(file)] };
  }
  const secrets = new SecretReader(env, { texts, leftOut: options.withoutSecrets });
  const accounts = readAccounts(sources, secrets);
  const admin = readAdmin(main, settings, secrets);
  const registrationToken = secrets.read(
    main,
    ["homeserver", "registration_token"],
    settings.homeserver?.registration_token,
  );
  const url = settings.homeserver?.url;
  if (registrationToken === undefined)
    warnOfStuckAccounts(
      accounts,
      main,
      admin.account,
      (userId) => options.hasLoggedIn?.(dataDir, userId) ?? true,
    );
  const found = {
    file: resolve(file),
    admin,
    server: readServer(main, settings),
    dataDir,
    backup: settings.backup ?? backupSchema.parse({}),
    catchUpMs: settings.catch_up,
    reload: settings.reload,
    accounts: usableAccounts(accounts, admin.account),
    ...readInstances(sources, { accounts, admin, plugins, secrets }),
    definitions: readDefinitions(sources, plugins, secrets.secrets),
  };
  const clear = url !== undefined && main.errorsAt(["data_dir"]).length === 0 && !misspeltDataDir(main);
  return {
    config: clear ? { ...found, homeserver: { url, registrationToken } } : undefined,
    problems: sources.flatMap((source) => source.file.problems()),
    secrets: secrets.secrets,
    watched: [
      ...new Set([...sources.map((source) => resolve(source.file.name)), ...folders, ...secrets.files]),
    ],
  };
}

/** Running on another data folder than was meant would lose every login, so a slip here is not passed over. */
function misspeltDataDir(main: ConfigFile): boolean {
  return main.names().some((key) => nearest(key, ["data_dir"]) !== undefined);
}

function readAdmin(main: ConfigFile, settings: MainSettings, secrets: SecretReader): Config["admin"] {
  const { account, room, username, password_hash, ...pace } = settings.admin ?? adminSchema.parse({});
  if (room !== undefined && account === undefined && main.errorsAt(["admin", "account"]).length === 0) {
    main.report({
      path: ["admin", "room"],
      severity: "warning",
      message: "nobody writes to this room: admin.account is missing",
    });
  }
  const passwordHash = secrets.read(main, ["admin", "password_hash"], password_hash);
  if (passwordHash !== undefined && "secret" in passwordHash && !isHash(passwordHash.secret.reveal())) {
    const message = "is not a password hash: put here what `roost hash-password` prints, not the password";
    main.report({ path: ["admin", "password_hash"], message });
  }
  return {
    account,
    room,
    messagesPerHour: pace.messages_per_hour,
    messageIntervalMs: pace.message_interval,
    // A name written in the YAML is no secret: cutting every "admin" out of the log would only spoil it.
    username:
      typeof username === "string"
        ? { secret: new Secret(username) }
        : secrets.read(main, ["admin", "username"], username),
    passwordHash,
  };
}

/** What `Bun.password.verify` understands: argon2 and bcrypt. */
function isHash(text: string): boolean {
  return /^\$(argon2(id|i|d)|2[abxy])\$/.test(text);
}

/** An account that has nothing to log in with, and no way to be registered. */
function warnOfStuckAccounts(
  listed: ReadonlyMap<UserId, ListedAccount>,
  main: ConfigFile,
  admin: UserId | undefined,
  hasLoggedIn: (userId: UserId) => boolean,
): void {
  const severity = "warning";
  const message =
    "cannot log in: it has neither password nor access token, and without homeserver.registration_token it cannot be registered";
  for (const [userId, { file, config }] of listed) {
    if (config === undefined || config.password !== undefined || config.accessToken !== undefined) continue;
    if (!hasLoggedIn(userId)) file.report({ path: ["accounts", userId], atKey: true, severity, message });
  }
  if (admin !== undefined && !listed.has(admin) && !hasLoggedIn(admin)) {
    main.report({ path: ["admin", "account"], severity, message });
  }
}

function readServer(main: ConfigFile, settings: MainSettings): Config["server"] {
  const { host, port, allow_remote: allowRemote, public_url } = settings.server ?? serverSchema.parse({});
  const publicUrl = public_url?.replace(/\/+$/, "");
  if (allowRemote || /^(localhost|::1|127(\.\d{1,3}){3})$/.test(host))
    return { host, port, allowRemote, publicUrl };
  main.report({
    path: ["server", "host"],
    message: `other machines can reach ${quote(host)}: leave 127.0.0.1 and use an SSH tunnel, or set server.allow_remote: true`,
  });
  return { host: "127.0.0.1", port, allowRemote, publicUrl };
}

/** Every account that may be logged in: the sound ones, and the admin account even if no file lists it. */
function usableAccounts(
  listed: ReadonlyMap<UserId, ListedAccount>,
  admin: UserId | undefined,
): Config["accounts"] {
  const usable = new Map<UserId, AccountConfig>();
  if (admin !== undefined && !listed.has(admin)) {
    usable.set(admin, { userId: admin, displayname: undefined, password: undefined, accessToken: undefined });
  }
  for (const [userId, { config }] of listed) {
    if (config !== undefined) usable.set(userId, config);
  }
  return usable;
}
