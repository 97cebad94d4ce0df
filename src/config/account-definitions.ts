import { join } from "node:path";
import { RoostError } from "../core/error.ts";
import type { InstanceId, UserId } from "../core/id.ts";
import { isObject, type JsonObject, stringAt } from "../core/json.ts";
import type { AccountInfo, AccountLogin } from "../core/management.ts";
import { ConfigEdit, type Home } from "./config-edit.ts";
import { entryOf } from "./definition.ts";
import type { EntryPlace } from "./entry.ts";
import { writeChanges } from "./file-change.ts";
import type { ConfigReader } from "./reader.ts";
import { SecretFiles } from "./secret-files.ts";

const newFile = "accounts.yaml";

/** An account as the YAML defines it. */
export type AccountDefinition = Pick<AccountInfo, "displayname" | "login" | "readOnly">;

export interface AccountChange {
  readonly displayname?: string | undefined;
  readonly login?: AccountLogin | undefined;
}

/**
 * The definitions of accounts, read from the config's files and written to those that may be written, as `Definitions` does with
 * instances, and never at the same time. Passwords and tokens go into files of their own.
 */
export class AccountDefinitions {
  readonly #edit: ConfigEdit;
  readonly #alone: <Result>(edit: () => Promise<Result>) => Promise<Result>;

  /** `alone` is that of the `Definitions` of the same files. */
  constructor(reader: ConfigReader, alone: <Result>(edit: () => Promise<Result>) => Promise<Result>) {
    this.#edit = new ConfigEdit(reader);
    this.#alone = alone;
  }

  /** Undefined for an account that no file lists. */
  read(userId: UserId): AccountDefinition | undefined {
    return this.readEach([userId])[0];
  }

  /** The same for several, with the files read once. */
  readEach(userIds: readonly UserId[]): (AccountDefinition | undefined)[] {
    const homes = this.#edit.findEach(userIds.map(placeOf));
    return homes.map((home, index) => {
      if (home === undefined) return undefined;
      const entry = entryOf(home.value, "accounts", userIds[index] ?? "");
      const has = (key: string) => isObject(entry) && entry[key] !== undefined && entry[key] !== null;
      return {
        displayname: stringAt(entry, "displayname"),
        login: has("password") ? "password" : has("access_token") ? "access-token" : "registration",
        readOnly: home.readOnly,
      };
    });
  }

  /** Throws RoostError `conflict` if it is listed already, else as `edit` does. */
  add(userId: UserId, login: AccountLogin, displayname?: string): Promise<void> {
    return this.#alone(async () => {
      if (this.#edit.find(placeOf(userId)) !== undefined) {
        throw new RoostError("conflict", `${userId} is listed already: change it instead of adding it.`);
      }
      await this.#save(userId, undefined, { displayname, login });
    });
  }

  /** Throws RoostError `not-found`, `bad-request` for one that cannot be edited here, `config-invalid`, `internal`. */
  edit(userId: UserId, change: AccountChange): Promise<void> {
    return this.#alone(async () => this.#save(userId, this.#writable(userId), change));
  }

  /** Throws RoostError `conflict` while anything uses it, naming what; otherwise as `edit` does. */
  remove(userId: UserId): Promise<void> {
    return this.#alone(async () => {
      const place = placeOf(userId);
      const home = this.#writable(userId);
      const users = this.#edit.instancesOf(userId);
      if (users.length > 0) throw inUse(userId, users);
      if (this.#edit.load().config?.admin.account === userId) {
        throw new RoostError(
          "conflict",
          `${userId} writes to the admin room: name another admin.account first.`,
        );
      }
      const changes = [this.#edit.remove(place, home)];
      this.#edit.check(place, changes);
      await writeChanges(changes, []);
    });
  }

  async #save(userId: UserId, home: Home | undefined, { displayname, login }: AccountChange): Promise<void> {
    const place = placeOf(userId);
    const dataDir = this.#edit.dataDir();
    const found = entryOf(home?.value, "accounts", userId);
    const old: JsonObject = isObject(found) ? found : {};
    const yamlFile = home?.file ?? join(dataDir, "instances.d", newFile);
    const files = new SecretFiles(join(dataDir, "secrets", "accounts"), yamlFile, old);
    const named = displayname === undefined ? old : { ...old, displayname };
    const wanted = login === undefined ? named : withLogin(named, userId, login, files);
    const changed = this.#edit.put(place, home, wanted, { newFile });
    const secrets = files.changes();
    const { config } = this.#edit.check(place, [...secrets, changed]);
    if (!config.accounts.has(userId)) throw this.#edit.notIncluded(yamlFile);
    await writeChanges([changed], secrets);
  }

  #writable(userId: UserId): Home {
    const home = this.#edit.find(placeOf(userId));
    if (home === undefined) throw new RoostError("not-found", `There is no account ${userId}.`);
    if (home.readOnly === undefined) return home;
    throw new RoostError("bad-request", `${userId} cannot be edited here. ${home.readOnly}`);
  }
}

function placeOf(userId: UserId): EntryPlace {
  return { section: "accounts", name: userId };
}

function withLogin(entry: JsonObject, userId: UserId, login: AccountLogin, files: SecretFiles): JsonObject {
  const { password, access_token, ...rest } = entry;
  switch (login.by) {
    case "registration":
      return rest;
    case "password":
      return { ...rest, password: files.place([userId, "password"], login.password.reveal(), password) };
    case "access-token":
      return {
        ...rest,
        access_token: files.place([userId, "access_token"], login.accessToken.reveal(), access_token),
      };
  }
}

function inUse(userId: UserId, users: readonly InstanceId[]): RoostError {
  const names = users.join(", ");
  return new RoostError(
    "conflict",
    `${userId} is used by ${names}: give ${users.length === 1 ? "it" : "them"} another account first.`,
  );
}
