import { type Json, type JsonObject, stringAt } from "../core/json.ts";
import type { Secret } from "../core/secret.ts";
import type { Dialect } from "./dialect.ts";
import { randomText } from "./mint.ts";
import { badRequest, forbidden, Refusal } from "./refusal.ts";
import type { User, Users } from "./users.ts";

export interface RegistrationRules {
  /** Undefined: registration is closed. */
  readonly token: Secret | undefined;
  /** A terms stage has to be accepted as well. */
  readonly terms: boolean;
  /** How many accounts the token is good for. */
  readonly uses: number;
  /** The token is used up before the user name is looked at, so that a name clash costs one use (continuwuity). */
  readonly burnsTokenFirst: boolean;
}

interface UiaSession {
  readonly id: string;
  readonly completed: Set<string>;
  /** Who was registered in it. */
  user?: User;
}

/** Registration by user-interactive authentication: one flow, whose stages may come in any order, in a session. */
export class Registration {
  readonly #users: Users;
  readonly #dialect: Dialect;
  readonly #rules: RegistrationRules;
  readonly #sessions = new Map<string, UiaSession>();
  #usesLeft: number;

  constructor(users: Users, dialect: Dialect, rules: RegistrationRules) {
    this.#users = users;
    this.#dialect = dialect;
    this.#rules = rules;
    this.#usesLeft = rules.uses;
  }

  isValid(token: string): boolean {
    return this.#rules.token?.reveal() === token && this.#usesLeft > 0;
  }
  /** The user name as it would be registered, or the refusal that says why it can't. */
  localpart(name: string): string {
    const localpart = this.#dialect.foldsUserNames ? name.toLowerCase() : name;
    if (!/^[a-z0-9._=/+-]{1,200}$/.test(localpart)) {
      throw badRequest("M_INVALID_USERNAME", "User ID can only contain characters a-z, 0-9, or '=_-./+'");
    }
    if (this.#users.isTaken(localpart)) {
      throw new Refusal(400, "M_USER_IN_USE", "User ID already taken.");
    }
    return localpart;
  }

  register(body: JsonObject): JsonObject {
    if (this.#rules.token === undefined) throw forbidden("Registration has been disabled");
    const name = stringAt(body, "username") ?? randomText(12).toLowerCase();
    const session = this.#session(stringAt(body.auth, "session"));
    const before = session.user;
    if (before === undefined && !this.#rules.burnsTokenFirst) this.localpart(name);
    this.#passStages(session, body.auth);
    if (before === undefined) this.#usesLeft -= 1;
    if (!this.#dialect.keepsSessions) this.#sessions.delete(session.id);
    const user = before ?? this.#users.add(this.localpart(name), stringAt(body, "password"));
    session.user = user;
    if (body.inhibit_login === true) return { user_id: user.userId };
    const { device } = this.#users.open(
      user,
      stringAt(body, "device_id"),
      stringAt(body, "initial_device_display_name"),
    );
    return { user_id: user.userId, access_token: device.accessToken.reveal(), device_id: device.deviceId };
  }

  #session(asked: string | undefined): UiaSession {
    const known = this.#sessions.get(asked ?? "");
    const { errcode, message } = this.#dialect.unknownSession;
    if (asked !== undefined && known === undefined) throw badRequest(errcode, message);
    const session = known ?? { id: randomText(24), completed: new Set() };
    this.#sessions.set(session.id, session);
    return session;
  }
  /** Takes in a stage. Returns once every stage is passed; otherwise throws the 401 that says what is still to do. */
  #passStages(session: UiaSession, auth: Json | undefined): void {
    const stages = this.#dialect.stages(this.#rules.terms);
    const type = stringAt(auth, "type");
    if (type !== undefined && stages.includes(type) && !session.completed.has(type)) {
      const isWrong = type === "m.login.registration_token" && !this.isValid(stringAt(auth, "token") ?? "");
      if (isWrong) throw this.#challenge(stages, session, true);
      session.completed.add(type);
    }
    if (!stages.every((stage) => session.completed.has(stage))) throw this.#challenge(stages, session, false);
  }
  #challenge(stages: readonly string[], { id, completed }: UiaSession, wrong: boolean): Refusal {
    const policies = { privacy: { version: "1", en: { name: "Terms", url: "http://127.0.0.1/terms" } } };
    const body: JsonObject = {
      flows: [{ stages }],
      params: this.#rules.terms ? { "m.login.terms": { policies } } : this.#dialect.noParams,
      session: id,
      completed: [...completed],
    };
    const errcode = wrong ? this.#dialect.wrongTokenErrcode : undefined;
    return new Refusal(401, errcode, "Invalid registration token", body);
  }
}
