import type { AccountConfig } from "../core/config.ts";
import { asUserId, serverOf, type UserId } from "../core/id.ts";
import { quote } from "./excerpt.ts";
import type { ConfigFile } from "./file.ts";
import type { Sections } from "./schema.ts";
import type { SecretReader } from "./secrets.ts";

/** A file with the two sections that may stand in any of the files. */
export interface Source {
  readonly file: ConfigFile;
  readonly sections: Sections | undefined;
}

/** An account that a file lists, `config` only if its section is sound. */
export interface ListedAccount {
  readonly file: ConfigFile;
  readonly config: AccountConfig | undefined;
}

/** Every account that the files list. Of two entries for one account the first holds, and the second is a problem. */
export function readAccounts(
  sources: readonly Source[],
  secrets: SecretReader,
): ReadonlyMap<UserId, ListedAccount> {
  const accounts = new Map<UserId, ListedAccount>();
  for (const { file, sections } of sources) {
    for (const name of file.names("accounts")) {
      const userId = asUserId(name);
      if (userId === undefined) continue;
      const path = ["accounts", name];
      const first = accounts.get(userId);
      if (first !== undefined) {
        file.report({
          path,
          atKey: true,
          message: `is already listed at ${first.file.placeOf(path)}: remove one of the two`,
        });
        continue;
      }
      const sound = !file.broken && file.errorsAt(path).length === 0;
      const setting = sections?.accounts?.[name];
      const config = sound
        ? {
            userId,
            displayname: setting?.displayname,
            password: secrets.read(file, [...path, "password"], setting?.password),
            accessToken: secrets.read(file, [...path, "access_token"], setting?.access_token),
          }
        : undefined;
      accounts.set(userId, { file, config });
    }
  }
  warnOfStrangers(accounts);
  return accounts;
}

/** Accounts live on one homeserver, so one with another server's name is most likely mistyped. */
function warnOfStrangers(accounts: ReadonlyMap<UserId, ListedAccount>): void {
  const byServer = Map.groupBy(accounts.keys(), serverOf);
  const [usual] = [...byServer].sort(([, a], [, b]) => b.length - a.length)[0] ?? [];
  for (const [userId, { file }] of accounts) {
    if (serverOf(userId) === usual) continue;
    file.report({
      path: ["accounts", userId],
      atKey: true,
      severity: "warning",
      message: `is on another server than the other accounts, which are on ${quote(usual ?? "")}`,
    });
  }
}
