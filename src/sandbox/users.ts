import type { EventId, UserId } from "../core/id.ts";
import type { JsonObject } from "../core/json.ts";
import { Secret } from "../core/secret.ts";
import { randomText, userIdOf } from "./mint.ts";
import { forbidden, notFound, Refusal } from "./refusal.ts";

export interface Device {
  readonly deviceId: string;
  displayName: string | undefined;
  accessToken: Secret;
  /** The events already made for a transaction id. */
  readonly transactions: Map<string, EventId>;
}

/** A registered user. */
export interface User {
  readonly userId: UserId;
  readonly password: Secret | undefined;
  displayname: string | undefined;
  avatarUrl: string | undefined;
  presence: JsonObject;
  readonly devices: Map<string, Device>;
  readonly accountData: Map<string, JsonObject>;
  readonly filters: JsonObject[];
}

/** Who a request comes from. */
export interface Session {
  readonly user: User;
  readonly device: Device;
}

/** The server's users, their devices, and the access tokens that are valid. */
export class Users {
  readonly #serverName: string;
  readonly #users = new Map<string, User>();
  readonly #sessions = new Map<string, Session>();

  constructor(serverName: string) {
    this.#serverName = serverName;
  }

  add(localpart: string, password: string | undefined): User {
    const userId = userIdOf(localpart, this.#serverName);
    if (this.#users.has(userId)) throw new Refusal(400, "M_USER_IN_USE", "User ID already taken.");
    const user: User = {
      userId,
      password: password === undefined ? undefined : new Secret(password),
      displayname: localpart,
      avatarUrl: undefined,
      presence: { presence: "offline" },
      devices: new Map(),
      accountData: new Map(),
      filters: [],
    };
    this.#users.set(userId, user);
    return user;
  }
  find(userId: string): User | undefined {
    return this.#users.get(userId);
  }
  get(userId: string): User {
    const user = this.#users.get(userId);
    if (user === undefined) throw notFound(`There is no user ${userId}`);
    return user;
  }
  isTaken(localpart: string): boolean {
    return this.#users.has(`@${localpart}:${this.#serverName}`);
  }

  /** Opens a session. A device id already known keeps its device; its token is replaced, and the old one dies. */
  open(user: User, deviceId = randomText(10), displayName?: string): Session {
    const known = user.devices.get(deviceId);
    if (known !== undefined) this.#sessions.delete(known.accessToken.reveal());
    const accessToken = new Secret(`syt_${randomText(36)}`);
    const device = known ?? { deviceId, displayName, accessToken, transactions: new Map() };
    device.accessToken = accessToken;
    device.displayName = displayName ?? device.displayName;
    user.devices.set(deviceId, device);
    const session = { user, device };
    this.#sessions.set(accessToken.reveal(), session);
    return session;
  }
  logIn(userOrLocalpart: string, password: string, deviceId?: string, displayName?: string): Session {
    const userId = userOrLocalpart.startsWith("@")
      ? userOrLocalpart
      : `@${userOrLocalpart}:${this.#serverName}`;
    const user = this.#users.get(userId.toLowerCase());
    if (user?.password === undefined || user.password.reveal() !== password) {
      throw forbidden("Invalid username or password");
    }
    return this.open(user, deviceId, displayName);
  }
  close({ user, device }: Session): void {
    this.#sessions.delete(device.accessToken.reveal());
    user.devices.delete(device.deviceId);
  }
  /** Kills every access token of the user; the devices stay, as when an operator resets the tokens. */
  revoke(userId: string): void {
    for (const device of this.get(userId).devices.values()) {
      this.#sessions.delete(device.accessToken.reveal());
    }
  }
  /** Repeating a transaction of the user makes a second event, as after a restart of a server that keeps them in memory. */
  forgetTransactions(userId: string): void {
    for (const device of this.get(userId).devices.values()) device.transactions.clear();
  }
  /** The session a request's token belongs to; a 401 as the spec has it otherwise. */
  session(request: Request): Session {
    const session = this.peek(request);
    if (session !== undefined) return session;
    if (tokenOf(request) === undefined) {
      throw new Refusal(401, "M_MISSING_TOKEN", "Missing access token");
    }
    throw new Refusal(401, "M_UNKNOWN_TOKEN", "Unknown access token", { soft_logout: false });
  }
  peek(request: Request): Session | undefined {
    const token = tokenOf(request);
    return token === undefined ? undefined : this.#sessions.get(token);
  }
}

function tokenOf(request: Request): string | undefined {
  const header = request.headers.get("authorization");
  if (header?.startsWith("Bearer ")) return header.slice(7);
  return new URL(request.url).searchParams.get("access_token") ?? undefined;
}
