import { RoostError } from "../core/error.ts";
import { asUserId, type UserId } from "../core/id.ts";
import { stringAt } from "../core/json.ts";
import { Secret, type SecretValue } from "../core/secret.ts";
import { generateDeviceId } from "./credentials.ts";
import { Http } from "./http.ts";
import { loginRefusal } from "./login.ts";
import { registerAccount } from "./registration.ts";

export interface SessionRequest {
  readonly homeserverUrl: string;
  /** A user name, or a whole user id. */
  readonly user: string;
  readonly password: Secret;
  /** Registers the account first, with the token. */
  readonly register: boolean;
  readonly registrationToken: SecretValue | undefined;
  readonly deviceName: string;
  readonly signal: AbortSignal;
}

export interface MadeSession {
  readonly userId: UserId;
  readonly accessToken: Secret;
  readonly deviceId: string;
}

/** Makes a session for somebody else's use; it is kept nowhere here. Throws RoostErrors. */
export async function makeSession(request: SessionRequest): Promise<MadeSession> {
  const http = new Http(request.homeserverUrl.replace(/\/+$/, ""));
  const answer = await (request.register ? register(http, request) : logIn(http, request));
  const accessToken = stringAt(answer, "access_token");
  const userId = asUserId(stringAt(answer, "user_id") ?? "");
  const deviceId = stringAt(answer, "device_id");
  if (accessToken === undefined || userId === undefined || deviceId === undefined)
    throw new RoostError("network", "The homeserver's answer to the login was not one. Try again.");
  return { userId, accessToken: new Secret(accessToken), deviceId };
}

/** Whose the token is, and of which device where the homeserver tells. Throws RoostErrors, `token-revoked` for a wrong one. */
export async function whoIs(
  homeserverUrl: string,
  accessToken: Secret,
  signal: AbortSignal,
): Promise<{ readonly userId: UserId; readonly deviceId: string | undefined }> {
  const http = new Http(homeserverUrl.replace(/\/+$/, ""));
  http.authorize(accessToken);
  const path = "/_matrix/client/v3/account/whoami";
  const answer = await http.request({ method: "GET", path, timeoutMs: 30_000, signals: [signal] });
  const userId = asUserId(stringAt(answer, "user_id") ?? "");
  if (userId === undefined)
    throw new RoostError("network", "The homeserver did not say whose the access token is. Try again.");
  return { userId, deviceId: stringAt(answer, "device_id") };
}

function register(http: Http, request: SessionRequest): Promise<unknown> {
  const { user, password, registrationToken: token, deviceName, signal } = request;
  // Registration asks for the name alone; the homeserver puts its own behind it.
  const userId = asUserId(user.startsWith("@") ? user : `@${user}:localhost`);
  if (userId === undefined)
    throw new RoostError(
      "bad-request",
      "This is no user name: use lower-case letters, digits and . _ = - / +",
    );
  const deviceId = generateDeviceId();
  return registerAccount({ http, userId, deviceId, deviceName, password, token, signal });
}

async function logIn(http: Http, { user, password, deviceName, signal }: SessionRequest): Promise<unknown> {
  const body = {
    type: "m.login.password",
    identifier: { type: "m.id.user", user },
    password: password.reveal(),
    device_id: generateDeviceId(),
    initial_device_display_name: deviceName,
  };
  const request = { method: "POST", path: "/_matrix/client/v3/login", anonymous: true, body } as const;
  return await http
    .request({ ...request, timeoutMs: 30_000, signals: [signal] })
    .catch((error: unknown) => Promise.reject(loginRefusal(error)));
}
