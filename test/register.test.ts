import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { Homeserver } from "../src/sandbox/homeserver.ts";
import { temporaryFolder } from "./doubles/folder.ts";
import { HostProcess } from "./doubles/host.ts";

const homeserver = new Homeserver({
  serverName: "sandbox",
  dialect: "conduwuit",
  registrationToken: "letmein",
});
const folder = temporaryFolder();
const host = new HostProcess(join(folder.path, "host"), 0);

beforeAll(() => homeserver.open());
afterAll(async () => {
  await homeserver.close();
  folder[Symbol.dispose]();
});

test("registers an account that the host then uses: one device, credentials for its owner's eyes only", async () => {
  host.configure(homeserver.url, 'accounts: { "@bot:sandbox": {} }\n');
  const { code, out } = await host.command("register", "@bot:sandbox");
  expect({ code, out }).toMatchObject({ code: 0, out: expect.stringContaining("@bot:sandbox is ready") });
  const [file = ""] = readdirSync(join(host.dataDir, "credentials"));
  expect(statSync(join(host.dataDir, "credentials", file)).mode & 0o777).toBe(0o600);
  expect(homeserver.devices("@bot:sandbox").length).toBe(1);
  const again = await host.command("register", "@bot:sandbox", "--json");
  expect(JSON.parse(again.out)).toMatchObject({ userId: "@bot:sandbox", isNew: false, isListed: true });
  expect(homeserver.devices("@bot:sandbox").length).toBe(1);
});

test("says how to use an account that the config does not list", async () => {
  const { code, err } = await host.command("register", "@other:sandbox");
  expect(code).toBe(0);
  expect(err).toContain('accounts:\n  "@other:sandbox": {}');
});

test("says why an account cannot be had, and prints no token", async () => {
  homeserver.createUser("taken");
  expect((await host.command("register", "@taken:sandbox")).err).toContain("already taken");
  host.configure(homeserver.url, "", "a-wrong-one");
  const wrong = await host.command("register", "@third:sandbox");
  expect(wrong).toMatchObject({ code: 1, out: "" });
  expect(wrong.err).toContain("does not accept the registration token");
  expect(wrong.err).not.toContain("a-wrong-one");
  host.configure("http://127.0.0.1:1", "");
  expect((await host.command("register", "@third:sandbox")).code).toBe(1);
  expect(existsSync(join(folder.path, "config.yaml"))).toBe(false);
  expect((await host.command("register", "bot")).code).toBe(2);
});
