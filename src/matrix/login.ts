import type { AccountConfig } from "../core/config.ts";
import { RoostError } from "../core/error.ts";
import { asUserId, type UserId } from "../core/id.ts";
import { stringAt } from "../core/json.ts";
import type { Logger } from "../core/log.ts";
import { Secret, type SecretValue } from "../core/secret.ts";
import { type Credentials, CredentialsFile, generateDeviceId, generatePassword } from "./credentials.ts";
import { HomeserverError } from "./homeserver-error.ts";
import type { Http } from "./http.ts";
import { registerAccount } from "./registration.ts";

export interface LoginOptions {
  readonly http: Http;
  readonly config: AccountConfig;
  readonly homeserverUrl: string;
  readonly registrationToken: SecretValue | undefined;
  readonly credentialsFolder: string;
  readonly deviceName: string;
  readonly log: Logger;
  readonly onSecret: (secret: Secret) => void;
}

/** Gets the account a session: the one it had, else one from what the config gives, else a newly registered account. */
export class Login {
  readonly #options: LoginOptions;
  readonly #file: CredentialsFile;
  readonly #self: UserId;

  constructor(options: LoginOptions) {
    this.#options = options;
    this.#self = options.config.userId;
    this.#file = new CredentialsFile(options.credentialsFolder, this.#self);
  }

  /**
   * Answers the session's device id; from then on the Http is authorized. When the session's token turns out to be revoked,
   * opening again makes one new login where a password is known. Throws RoostErrors.
   */
  async open(signal: AbortSignal): Promise<string> {
    const { accessToken, password } = this.#options.config;
    const stored = await this.#file.read();
    if (accessToken !== undefined) return await this.#useConfiguredToken(secretOf(accessToken), signal);
    if (stored?.accessToken !== undefined) return await this.#useStored(stored, stored.accessToken, signal);
    if (password !== undefined) return await this.#logIn(secretOf(password), stored, signal);
    if (stored?.password === undefined) return await this.#register(stored, signal);
    // An earlier start was cut off while it registered: the homeserver may have the account, or not.
    try {
      return await this.#logIn(stored.password, stored, signal);
    } catch (error) {
      if (error instanceof RoostError && error.code === "login-refused")
        return await this.#register(stored, signal);
      throw error;
    }
  }

  async #useConfiguredToken(token: Secret, signal: AbortSignal): Promise<string> {
    try {
      const { userId, deviceId } = await this.#whoAmI(token, signal);
      if (userId === this.#self) return deviceId ?? "";
    } catch (error) {
      if (isRevoked(error)) return await this.#renew(signal);
      throw error;
    }
    throw new RoostError(
      "login-refused",
      "The configured access_token belongs to another user than the account it stands under: give the account's own.",
    );
  }

  async #useStored(stored: Credentials, token: Secret, signal: AbortSignal): Promise<string> {
    const { config, homeserverUrl } = this.#options;
    const moved = stored.homeserverUrl !== homeserverUrl;
    this.#tell(stored);
    try {
      const { userId, deviceId } = await this.#whoAmI(token, signal);
      if (userId !== this.#self || (deviceId !== undefined && deviceId !== stored.deviceId)) throw changed();
      if (moved) await this.#file.write({ ...stored, homeserverUrl });
      return stored.deviceId;
    } catch (error) {
      if (!isRevoked(error)) throw error;
      // A password that was made up for one homeserver is not shown to another.
      if (moved && config.password === undefined) throw changed(error);
      return await this.#renew(signal);
    }
  }

  /** One new login on the same device, if a password is known. Throws `token-revoked` if that fails. */
  async #renew(signal: AbortSignal): Promise<string> {
    const { config, log } = this.#options;
    const { password } = config;
    const stored = await this.#file.read();
    const known = password === undefined ? stored?.password : secretOf(password);
    if (known === undefined) throw revoked();
    log.warn("The access token was revoked; logging in again on the same device.", { account: this.#self });
    try {
      return await this.#logIn(known, stored, signal);
    } catch (error) {
      if (!(error instanceof RoostError && error.code === "login-refused")) throw error;
      throw password === undefined ? disowned(error) : revoked(error);
    }
  }

  async #logIn(password: Secret, stored: Credentials | undefined, signal: AbortSignal): Promise<string> {
    const { http, homeserverUrl, deviceName } = this.#options;
    const credentials = stored ?? this.#credentials(undefined);
    if (stored === undefined) await this.#file.write(credentials);
    const body = {
      type: "m.login.password",
      identifier: { type: "m.id.user", user: this.#self },
      password: password.reveal(),
      device_id: credentials.deviceId,
      initial_device_display_name: deviceName,
    };
    const request = { method: "POST", path: "/_matrix/client/v3/login", anonymous: true, body } as const;
    const answer = await http
      .request({ ...request, timeoutMs: 60_000, signals: [signal] })
      .catch((error: unknown) => Promise.reject(loginRefusal(error)));
    return await this.#keep({ ...credentials, homeserverUrl }, answer);
  }

  async #register(stored: Credentials | undefined, signal: AbortSignal): Promise<string> {
    const { http, registrationToken: token, deviceName } = this.#options;
    const password = stored?.password ?? generatePassword();
    const credentials = { ...this.#credentials(stored?.deviceId), password };
    this.#tell(credentials);
    // Written before it is asked for: whatever happens in between, the next start can log in.
    await this.#file.write(credentials);
    const { deviceId } = credentials;
    const answer = await registerAccount({
      http,
      userId: this.#self,
      deviceId,
      deviceName,
      password,
      token,
      signal,
    });
    this.#options.log.info("Registered the account on the homeserver.", { account: this.#self });
    return await this.#keep(credentials, answer);
  }

  /** Writes down what a login or registration brought, if it is the account that was meant. */
  async #keep(credentials: Credentials, answer: unknown): Promise<string> {
    const token = stringAt(answer, "access_token");
    const userId = asUserId(stringAt(answer, "user_id") ?? "");
    if (token === undefined || userId === undefined) {
      throw new RoostError("network", "The homeserver's answer to the login was not one. Roost tries again.");
    }
    const deviceId = stringAt(answer, "device_id") ?? credentials.deviceId;
    const kept = { ...credentials, userId, deviceId, accessToken: new Secret(token) };
    this.#tell(kept);
    if (userId !== this.#self) {
      // The account exists, only not under this name: what opens it is there once the config has the right one.
      await new CredentialsFile(this.#options.credentialsFolder, userId).write(kept);
      await this.#file.remove();
      throw otherName(this.#self, userId);
    }
    await this.#file.write(kept);
    this.#options.http.authorize(kept.accessToken);
    return deviceId;
  }

  async #whoAmI(token: Secret, signal: AbortSignal) {
    const { http } = this.#options;
    http.authorize(token);
    const path = "/_matrix/client/v3/account/whoami";
    const answer = await http.request({ method: "GET", path, timeoutMs: 30_000, signals: [signal] });
    return { userId: stringAt(answer, "user_id"), deviceId: stringAt(answer, "device_id") };
  }

  #credentials(deviceId: string | undefined): Credentials {
    return {
      userId: this.#self,
      homeserverUrl: this.#options.homeserverUrl,
      deviceId: deviceId ?? generateDeviceId(),
      accessToken: undefined,
      password: undefined,
    };
  }

  #tell({ accessToken, password }: Credentials): void {
    for (const secret of [accessToken, password]) if (secret !== undefined) this.#options.onSecret(secret);
  }
}

function secretOf(value: SecretValue): Secret {
  if ("missing" in value) throw new RoostError("secret-missing", value.missing);
  return value.secret;
}
function isRevoked(error: unknown): boolean {
  return error instanceof RoostError && error.code === "token-revoked";
}

export function loginRefusal(error: unknown): unknown {
  if (!(error instanceof HomeserverError)) return error;
  if (error.code === "room-forbidden") {
    return new RoostError(
      "login-refused",
      "The homeserver does not accept the account's name and password: check both under accounts.",
      { cause: error },
    );
  }
  if (error.code === "bad-request" || error.code === "not-found") {
    return new RoostError(
      "login-refused",
      "The homeserver offers no login by password: give the account an access_token.",
      { cause: error },
    );
  }
  return error;
}
function revoked(cause?: unknown): RoostError {
  return new RoostError(
    "token-revoked",
    "The account's session was ended on the homeserver and could not be opened anew: give the account's password or a new access_token.",
    { cause },
  );
}
/** Whether somebody changed the password or put up another server cannot be told apart. */
function disowned(cause: unknown): RoostError {
  return new RoostError(
    "token-revoked",
    "The homeserver knows neither the account's session nor its password. If it is another server or was set up anew: set homeserver.url right, or remove the account's file from the credentials folder. If somebody changed the password: write it under accounts. Then restart.",
    { cause },
  );
}
function changed(cause?: unknown): RoostError {
  return new RoostError(
    "homeserver-changed",
    "The homeserver does not know the stored session: it is another server, or was set up anew. Set homeserver.url back, or remove the account's file from the credentials folder to register there.",
    { cause },
  );
}
function otherName(configured: UserId, answered: UserId): RoostError {
  const sentence =
    configured.toLowerCase() === answered
      ? "Matrix user names are lower case: write the account's name in lower case."
      : "The homeserver has the account under another name than the config: write the name it gave (the log has it).";
  return new RoostError("config-invalid", sentence, {
    cause: new Error(`The homeserver answered ${answered}`),
  });
}
