import { join } from "node:path";
import type { AccountChange, AccountDefinitions } from "../../config/account-definitions.ts";
import { RoostError } from "../../core/error.ts";
import { serverOf, type UserId } from "../../core/id.ts";
import type { AccountInfo, AccountLogin, Actor, RoomView, Step } from "../../core/management.ts";
import type { AccountStatus, RoomReference } from "../../core/matrix.ts";
import type { Secret } from "../../core/secret.ts";
import { CredentialsFile, hasLoggedIn } from "../../matrix/credentials.ts";
import { type MadeSession, makeSession, whoIs } from "../../matrix/session.ts";
import type { House } from "../house.ts";
import type { Audit } from "./audit.ts";
import { accountSteps, StepTeller } from "./start-steps.ts";
import type { Turns } from "./turns.ts";

export interface ManagedAccountsOptions {
  readonly house: House;
  readonly definitions: AccountDefinitions;
  readonly turns: Turns;
  readonly audit: Audit;
  readonly onSecret: (secret: Secret) => void;
}

const lookEveryMs = 100;
const loginLimitMs = 20_000;
const viewLimitMs = 10_000;
const sessionLimitMs = 30_000;
const maxRooms = 50;

/** What people do to accounts: each is written into the YAML and logged in at once, so that its login is proven. */
export class ManagedAccounts {
  readonly #options: ManagedAccountsOptions;

  constructor(options: ManagedAccountsOptions) {
    this.#options = options;
  }

  list(): AccountInfo[] {
    const userIds = [...this.#options.house.config().accounts.keys()];
    const found = this.#options.definitions.readEach(userIds);
    return userIds.map((userId, index) => this.#describe(userId, found[index]));
  }

  add(
    userId: UserId,
    login: AccountLogin,
    displayname: string | undefined,
    actor: Actor,
    onStep?: (step: Step) => void,
  ): Promise<AccountInfo> {
    const { house, definitions, turns, audit } = this.#options;
    return turns.take([userId], async () => {
      this.#keepSecret(login);
      const teller = new StepTeller(onStep);
      const isNewAccount = login.by === "registration" && !hasLoggedIn(house.config().dataDir, userId);
      await teller.around("Check and write the YAML", () => definitions.add(userId, login, displayname));
      await house.operations.applyAccount(userId);
      const failed = await this.#untilKnown(userId, (status) => {
        const isLoggedIn = house.accounts.get(userId)?.deviceId !== undefined;
        teller.tell(...accountSteps({ userId, isNewAccount, account: status, isLoggedIn }));
      });
      teller.giveUp();
      if (failed !== undefined) {
        await this.#takeBack(userId);
        throw failed;
      }
      audit(actor, `The account ${userId} was added.`);
      return this.#describe(userId);
    });
  }

  edit(
    userId: UserId,
    change: { readonly displayname?: string | undefined; readonly accessToken?: Secret | undefined },
    actor: Actor,
  ): Promise<AccountInfo> {
    const { house, definitions, turns, audit } = this.#options;
    return turns.take([userId], async () => {
      this.#requireBots(userId);
      const { displayname, accessToken } = change;
      const login: AccountLogin | undefined =
        accessToken === undefined ? undefined : { by: "access-token", accessToken };
      if (login !== undefined) this.#keepSecret(login);
      const edit: AccountChange = { displayname, login };
      await definitions.edit(userId, edit);
      audit(actor, `The account ${userId} was changed.`);
      await house.operations.applyAccount(userId);
      const failed = await this.#untilKnown(userId, () => {});
      // What they ran with is the account as it was.
      for (const id of house.roster.instancesOf(userId)) await house.operations.restart(id).catch(() => {});
      if (failed !== undefined) throw failed;
      return this.#describe(userId);
    });
  }

  remove(userId: UserId, actor: Actor): Promise<void> {
    const { house, definitions, turns, audit } = this.#options;
    return turns.take([userId], async () => {
      await definitions.remove(userId);
      await house.operations.applyAccount(userId);
      audit(actor, `The account ${userId} was removed. Its credentials are kept.`);
    });
  }

  async makeSession(
    user: string,
    password: Secret,
    options: { readonly register: boolean; readonly deviceName: string },
    actor: Actor,
  ): Promise<MadeSession & { readonly homeserver: string }> {
    const { house, audit, onSecret } = this.#options;
    const { url: homeserverUrl, registrationToken } = house.config().homeserver;
    onSecret(password);
    const signal = AbortSignal.timeout(sessionLimitMs);
    const session = await makeSession({
      ...options,
      homeserverUrl,
      user,
      password,
      registrationToken,
      signal,
    });
    onSecret(session.accessToken);
    const what = options.register ? "registered and " : "";
    audit(actor, `The account ${session.userId} was ${what}logged in for a use outside of Roost.`);
    return { ...session, homeserver: homeserverUrl };
  }

  whoIs(accessToken: Secret): ReturnType<typeof whoIs> {
    this.#options.onSecret(accessToken);
    const { url } = this.#options.house.config().homeserver;
    return whoIs(url, accessToken, AbortSignal.timeout(sessionLimitMs));
  }

  async viewRooms(userId: UserId, references: readonly RoomReference[]): Promise<readonly RoomView[]> {
    const { house } = this.#options;
    if (references.length > maxRooms)
      throw new RoostError("bad-request", `At most ${maxRooms} rooms can be looked at in one request.`);
    if (!house.config().accounts.has(userId))
      throw new RoostError("not-found", `There is no account ${userId}.`);
    this.#requireBots(userId);
    if (house.accounts.get(userId) === undefined) await house.operations.applyAccount(userId);
    const failed = await this.#untilKnown(userId, () => {}, viewLimitMs);
    const account = house.accounts.get(userId);
    if (failed !== undefined) throw failed;
    if (account === undefined) throw new RoostError("not-found", `The account ${userId} is gone.`);
    return await account.viewRooms(references, AbortSignal.timeout(viewLimitMs));
  }

  homeserver(): {
    readonly url: string;
    readonly serverName: string | undefined;
    readonly canRegister: boolean;
  } {
    const { homeserver, accounts } = this.#options.house.config();
    const names = [...accounts.keys()].map(serverOf);
    const counts = Map.groupBy(names, (name) => name);
    const [usual] = [...counts].sort(([, a], [, b]) => b.length - a.length);
    const token = homeserver.registrationToken;
    return {
      url: homeserver.url,
      serverName: usual?.[0],
      canRegister: token !== undefined && "secret" in token,
    };
  }

  #describe(userId: UserId, found = this.#options.definitions.read(userId)): AccountInfo {
    const { house } = this.#options;
    const { state, sinceMs, cause } = this.#statusOf(userId);
    return {
      userId,
      displayname: found?.displayname,
      login: found?.login ?? "registration",
      readOnly:
        found === undefined
          ? "No file lists it any more: it goes at the next restart of the unit."
          : found.readOnly,
      state,
      cause,
      sinceMs,
      deviceId: house.accounts.get(userId)?.deviceId,
      instances: house.roster.instancesOf(userId),
    };
  }

  #statusOf(userId: UserId): Pick<AccountInfo, "state" | "sinceMs" | "cause"> {
    const { house } = this.#options;
    const status = house.accounts.get(userId)?.status();
    if (status === undefined) {
      const { startedAtMs: sinceMs, adminRoom } = house.snapshot();
      if (userId !== house.config().admin.account || adminRoom === undefined)
        return { state: "unused", sinceMs, cause: undefined };
      const state = adminRoom.state === "ready" ? "syncing" : adminRoom.state;
      return { state, sinceMs, cause: adminRoom.cause };
    }
    return {
      state: status.state,
      sinceMs: status.sinceMs,
      cause: "cause" in status ? status.cause : undefined,
    };
  }

  /** Waits until it syncs (undefined) or has failed for good (the error); for one that may still come, no longer than the limit. */
  async #untilKnown(
    userId: UserId,
    tell: (status: AccountStatus | undefined) => void,
    limitMs = loginLimitMs,
  ): Promise<RoostError | undefined> {
    for (const endsAtMs = performance.now() + limitMs; ; await Bun.sleep(lookEveryMs)) {
      const status = this.#options.house.accounts.get(userId)?.status();
      tell(status);
      if (status === undefined || status.state === "syncing" || performance.now() > endsAtMs)
        return undefined;
      if (status.state === "failed") return new RoostError(status.code, status.cause);
    }
  }

  /** A login that was refused leaves nothing behind, so that the next try begins anew. */
  async #takeBack(userId: UserId): Promise<void> {
    const { house, definitions } = this.#options;
    await definitions.remove(userId);
    await house.operations.applyAccount(userId);
    const file = new CredentialsFile(join(house.config().dataDir, "credentials"), userId);
    const kept = await file.read().catch(() => undefined);
    if (kept !== undefined && kept.accessToken === undefined && kept.password === undefined)
      await file.remove();
  }

  /** One that writes to the admin room is opened apart from the bots', and only at the unit's start. */
  #requireBots(userId: UserId): void {
    if (userId !== this.#options.house.config().admin.account) return;
    const sentence = `${userId} writes to the admin room and runs no bot: it is changed in the files, with a restart of the unit.`;
    throw new RoostError("conflict", sentence);
  }

  #keepSecret(login: AccountLogin): void {
    if (login.by === "password") this.#options.onSecret(login.password);
    if (login.by === "access-token") this.#options.onSecret(login.accessToken);
  }
}
