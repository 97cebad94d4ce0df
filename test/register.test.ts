import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { SandboxScene } from "./doubles/sandbox-scene.ts";

let scene: SandboxScene;
beforeAll(async () => {
  scene = await SandboxScene.open({ dialect: "conduwuit" });
});
afterAll(() => scene[Symbol.asyncDispose]());

test("registers an account that the host then uses: one device, credentials for its owner's eyes only", async () => {
  scene.configure('accounts: { "@bot:sandbox": {} }\n');
  const { code, out } = await scene.host.command("register", "@bot:sandbox");
  expect({ code, out }).toMatchObject({ code: 0, out: expect.stringContaining("@bot:sandbox is ready") });
  const [file = ""] = readdirSync(join(scene.host.dataDir, "credentials"));
  expect(statSync(join(scene.host.dataDir, "credentials", file)).mode & 0o777).toBe(0o600);
  expect(scene.homeserver.devices("@bot:sandbox").length).toBe(1);
  const again = await scene.host.command("register", "@bot:sandbox", "--json");
  expect(JSON.parse(again.out)).toMatchObject({ userId: "@bot:sandbox", isNew: false, isListed: true });
  expect(scene.homeserver.devices("@bot:sandbox").length).toBe(1);
});

test("says how to use an account that the config does not list", async () => {
  const { code, err } = await scene.host.command("register", "@other:sandbox");
  expect(code).toBe(0);
  expect(err).toContain('accounts:\n  "@other:sandbox": {}');
});

test("says why an account cannot be had, and prints no token", async () => {
  scene.homeserver.createUser("taken");
  expect((await scene.host.command("register", "@taken:sandbox")).err).toContain("already taken");
  scene.host.configure(scene.homeserver.url, "", "a-wrong-one");
  const wrong = await scene.host.command("register", "@third:sandbox");
  expect(wrong).toMatchObject({ code: 1, out: "" });
  expect(wrong.err).toContain("does not accept the registration token");
  expect(wrong.err).not.toContain("a-wrong-one");
  scene.host.configure("http://127.0.0.1:1", "");
  expect((await scene.host.command("register", "@third:sandbox")).code).toBe(1);
  expect(existsSync(join(scene.folder, "config.yaml"))).toBe(false);
  expect((await scene.host.command("register", "bot")).code).toBe(2);
});
