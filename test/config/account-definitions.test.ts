import { describe, expect, test } from "bun:test";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { AccountDefinitions } from "../../src/config/account-definitions.ts";
import { Definitions } from "../../src/config/definitions.ts";
import { ConfigReader } from "../../src/config/reader.ts";
import { asUserId, type UserId } from "../../src/core/id.ts";
import { Secret } from "../../src/core/secret.ts";
import { refusalOf } from "../doubles/delivery.ts";
import { Folder, instance, plugins } from "./room.ts";

function user(name: string): UserId {
  const found = asUserId(name);
  if (found === undefined) throw new Error(`${name} is no user id.`);
  return found;
}
const bot = user("@bot:example.org");

function open(folder: Folder): { accounts: AccountDefinitions; text: (name: string) => string } {
  const file = folder.write("config.yaml", `${instance('rooms: ["!a:example.org"]')}`);
  const reader = new ConfigReader(file, { env: {}, plugins });
  const definitions = new Definitions(reader);
  return {
    accounts: new AccountDefinitions(reader, (edit) => definitions.alone(edit)),
    text: (name) => readFileSync(join(folder.path, name), "utf8"),
  };
}

describe("an account", () => {
  test("is added with its password in a file of its own", async () => {
    using folder = new Folder();
    const { accounts, text } = open(folder);
    await accounts.add(bot, { by: "password", password: new Secret("swordfish") }, "Bot");
    expect(text("data/instances.d/accounts.yaml")).toBe(`accounts:
  "@bot:example.org":
    displayname: Bot
    password: { file: ../secrets/accounts/%40bot%3Aexample.org.password }
`);
    const secret = "data/secrets/accounts/%40bot%3Aexample.org.password";
    expect(text(secret)).toBe("swordfish\n");
    expect(statSync(join(folder.path, secret)).mode & 0o777).toBe(0o600);
    expect(accounts.read(bot)).toEqual({ displayname: "Bot", login: "password", readOnly: undefined });
    expect(folder.reload().secrets.map((each) => each.reveal())).toEqual(["swordfish"]);
    expect(await refusalOf(accounts.add(bot, { by: "registration" }))).toMatchObject({ code: "conflict" });
  });

  test("is changed beside others, whose comments stay", async () => {
    using folder = new Folder();
    const { accounts, text } = open(folder);
    const yaml =
      'accounts:\n  # ours\n  "@bot:example.org": { password: hunter2 } # x\n  "@c:example.org": # empty\n';
    folder.write("data/instances.d/accounts.yaml", yaml);
    await accounts.edit(bot, { login: { by: "access-token", accessToken: new Secret("marlin9") } });
    await accounts.edit(user("@c:example.org"), { displayname: "C" });
    expect(text("data/instances.d/accounts.yaml")).toBe(
      `accounts:\n  # ours\n  "@bot:example.org": { access_token: { file: "../secrets/accounts/%40bot%3Aexample.org.access_token" } } # x\n  "@c:example.org":\n    displayname: C # empty\n`,
    );
    await accounts.edit(bot, { login: { by: "registration" } });
    expect(accounts.read(bot)?.login).toBe("registration");
  });

  test("of the main file is read-only, and one that is used is not removed", async () => {
    using folder = new Folder();
    const { accounts } = open(folder);
    const main = user("@a:example.org");
    expect(accounts.read(main)?.readOnly).toContain("never writes");
    expect(await refusalOf(accounts.edit(main, { displayname: "A" }))).toMatchObject({ code: "bad-request" });
    expect(accounts.read(bot)).toBeUndefined();
    expect(await refusalOf(accounts.remove(bot))).toMatchObject({ code: "not-found" });
    await accounts.add(bot, { by: "registration" });
    folder.write(
      "data/instances.d/x.yaml",
      'instances:\n  x: { plugin: echo, account: "@bot:example.org" }\n  y: { plugin: nothing, account: "@bot:example.org" }\n',
    );
    expect(await refusalOf(accounts.remove(bot))).toMatchObject({
      code: "conflict",
      message: "@bot:example.org is used by x, y: give them another account first.",
    });
    folder.write("data/instances.d/x.yaml", "");
    await accounts.remove(bot);
    expect(accounts.read(bot)).toBeUndefined();
  });
});
