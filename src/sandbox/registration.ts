import { isObject, type Json, type JsonObject, stringAt } from "../core/json.ts";
import type { Secret } from "../core/secret.ts";
import type { Dialect } from "./dialect.ts";
import { randomText } from "./mint.ts";
import { badRequest, forbidden, Refusal } from "./refusal.ts";
import type { Users } from "./users.ts";

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

/** Registration by user-interactive authentication: one flow, whose stages may come in any order, in a session. */
export class Registration {
  readonly #users: Users;
  readonly #dialect: Dialect;
  readonly #rules: RegistrationRules;
  readonly #sessions = new Map<string, Set<string>>();
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
    if (!this.#rules.burnsTokenFirst) this.localpart(name);
    this.#passStages(body.auth);
    this.#usesLeft -= 1;
    const user = this.#users.add(this.localpart(name), stringAt(body, "password"));
    if (body.inhibit_login === true) return { user_id: user.userId };
    const { device } = this.#users.open(
      user,
      stringAt(body, "device_id"),
      stringAt(body, "initial_device_display_name"),
    );
    return { user_id: user.userId, access_token: device.accessToken.reveal(), device_id: device.deviceId };
  }

  /** Returns once every stage is passed; otherwise throws the 401 that says what is still to do. */
  #passStages(auth: Json | undefined): void {
    const stages = this.#dialect.stages(this.#rules.terms);
    const asked = isObject(auth) ? stringAt(auth, "session") : undefined;
    const known = asked === undefined ? undefined : this.#sessions.get(asked);
    const { errcode, message } = this.#dialect.unknownSession;
    if (asked !== undefined && known === undefined) throw badRequest(errcode, message);
    const session = asked ?? randomText(24);
    const completed = known ?? new Set<string>();
    this.#sessions.set(session, completed);
    const type = stringAt(auth, "type");
    if (type !== undefined && stages.includes(type)) {
      const isWrong = type === "m.login.registration_token" && !this.isValid(stringAt(auth, "token") ?? "");
      if (isWrong) throw this.#challenge(stages, session, completed, true);
      completed.add(type);
    }
    if (!stages.every((stage) => completed.has(stage))) {
      throw this.#challenge(stages, session, completed, false);
    }
    this.#sessions.delete(session);
  }
  #challenge(stages: readonly string[], session: string, completed: Set<string>, wrong: boolean): Refusal {
    const policies = { privacy: { version: "1", en: { name: "Terms", url: "http://127.0.0.1/terms" } } };
    const body: JsonObject = {
      flows: [{ stages }],
      params: this.#rules.terms ? { "m.login.terms": { policies } } : this.#dialect.noParams,
      session,
      completed: [...completed],
    };
    const errcode = wrong ? this.#dialect.wrongTokenErrcode : undefined;
    return new Refusal(401, errcode, "Invalid registration token", body);
  }
}
