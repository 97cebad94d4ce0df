import { mkdirSync, statSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { loadConfig } from "../config/load.ts";
import type { AccountConfig, Config } from "../core/config.ts";
import { RoostError } from "../core/error.ts";
import { asUserId, type UserId } from "../core/id.ts";
import { pluginSettings } from "../host/plugin-settings.ts";
import { LogRouter } from "../log/router.ts";
import { CredentialsFile } from "../matrix/credentials.ts";
import { Http } from "../matrix/http.ts";
import { Login } from "../matrix/login.ts";
import { configFileOf, exitCode, type Terminal } from "./terminal.ts";

export interface RegisterOptions {
  readonly config?: string | undefined;
  readonly json?: boolean | undefined;
}

/**
 * `roost register @user:server`: registers the account now instead of at the first start, and keeps its credentials where the host
 * looks for them. An account that the config gives a password or token is logged in instead.
 */
export async function register(user: string, options: RegisterOptions, terminal: Terminal): Promise<number> {
  const userId = asUserId(user);
  if (userId === undefined) {
    terminal.err(`"${user}" is not a user id such as @bot:example.org. See: roost register --help`);
    return exitCode.usage;
  }
  const file = configFileOf(options.config, terminal);
  const { config } = loadConfig(file, { env: terminal.env, plugins: pluginSettings });
  if (config === undefined)
    throw new RoostError(
      "config-invalid",
      `${file} cannot be used. See why with: roost check --config ${file}`,
    );
  const listed = config.accounts.get(userId);
  if (listed?.accessToken !== undefined)
    throw new RoostError(
      "bad-request",
      `${userId} uses the access_token that the config gives it: there is nothing to register.`,
    );
  const isNew = await ensureAccount(listed ?? bare(userId), config, terminal);
  const { path } = new CredentialsFile(credentialsFolder(config), userId);
  if (options.json) {
    terminal.out(JSON.stringify({ userId, isNew, credentials: path, isListed: listed !== undefined }));
    return exitCode.fine;
  }
  terminal.out(
    isNew
      ? `${userId} is ready to be used. Its credentials: ${path}`
      : `${userId} was ready before. Its credentials: ${path}`,
  );
  if (listed === undefined) terminal.err(`List it in ${file} to use it:\naccounts:\n  "${userId}": {}`);
  return exitCode.fine;
}

/** False if it had a session already. Throws RoostErrors that say why it could not be made. */
export async function ensureAccount(
  account: AccountConfig,
  config: Config,
  terminal: Terminal,
): Promise<boolean> {
  const folder = credentialsFolder(config);
  requireOwnFolder(config.dataDir);
  const stored = await new CredentialsFile(folder, account.userId).read();
  if (stored?.accessToken !== undefined) return false;
  const { homeserver } = config;
  const login = new Login({
    http: new Http(homeserver.url),
    config: account,
    homeserverUrl: homeserver.url,
    registrationToken: homeserver.registrationToken,
    credentialsFolder: folder,
    deviceName: `Roost on ${hostname()}`,
    log: new LogRouter().logger(),
    onSecret: () => {},
  });
  const stop = new AbortController();
  void terminal.stopRequested().then(() => stop.abort());
  await login.open(stop.signal);
  return true;
}

/** Makes the data folder if need be. What another user writes into it, its host could not read: throws `bad-request`. */
export function requireOwnFolder(dataDir: string): void {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  if (statSync(dataDir).uid === process.getuid?.()) return;
  throw new RoostError(
    "bad-request",
    `${dataDir} belongs to another user, whose host could not read what this would write. Run it as that user, such as: sudo -u roost roost ...`,
  );
}

function credentialsFolder({ dataDir }: Config): string {
  return join(dataDir, "credentials");
}

function bare(userId: UserId): AccountConfig {
  return { userId, displayname: undefined, password: undefined, accessToken: undefined };
}
