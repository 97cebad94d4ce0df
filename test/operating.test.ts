/** docs/operating.md and docs/capacity.md, done as they say. */
import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ApiUser } from "./doubles/api.ts";
import { findFreePort } from "./doubles/free-port.ts";
import { HostProcess, roost } from "./doubles/host.ts";
import { SandboxScene } from "./doubles/sandbox-scene.ts";

setDefaultTimeout(60_000);

const bots = ["one", "two"] as const;
let scene: SandboxScene;
let rooms: Map<string, string>;
let hosts: HostProcess[];

beforeEach(async () => {
  hosts = [];
  scene = await SandboxScene.open();
  rooms = new Map(bots.map((bot) => [bot, scene.ada.createRoom({ public: true })]));
});
afterEach(async () => {
  for (const host of hosts) await host.kill();
  await scene[Symbol.asyncDispose]();
});

async function newHost(name: string, chosen: readonly string[] = bots, more = ""): Promise<HostProcess> {
  const host = new HostProcess(join(scene.folder, name), await findFreePort());
  hosts.push(host);
  const instances = chosen.map(
    (bot) => `  ${bot}: { plugin: echo, account: "@${bot}:sandbox", rooms: ["${rooms.get(bot)}"] }\n`,
  );
  const accounts = chosen.map((bot) => `"@${bot}:sandbox": {}`).join(", ");
  host.configure(scene.homeserver.url, `accounts: { ${accounts} }\ninstances:\n${instances.join("")}${more}`);
  return host;
}
/** Starts it, and has each bot answer `before`. */
async function startAnswering(host: HostProcess): Promise<void> {
  host.start();
  for (const bot of bots) {
    await scene.joined(roomOf(bot), userId(bot));
    ask(bot, "before");
    await answered(bot, "before");
  }
}
const roomOf = (bot: string) => rooms.get(bot) ?? "";
const userId = (bot: string) => `@${bot}:sandbox`;
const ask = (bot: string, text: string) => scene.ada.say(roomOf(bot), `!echo ${text}`);
const answersOf = (bot: string) => scene.replies(roomOf(bot), userId(bot));
const answered = (bot: string, text: string) => scene.answered(roomOf(bot), text, userId(bot));

test("the executable serves as the process it was started as, with code compiled ten times as soon", async () => {
  const host = await newHost("eager");
  await startAnswering(host);
  const environment = readFileSync(`/proc/${host.pid}/environ`, "utf8").split("\0");
  const command = readFileSync(`/proc/${host.pid}/cmdline`, "utf8").split("\0");
  expect(command.slice(1, 4)).toEqual(["serve", "--config", host.configFile]);
  expect(environment).toContain("BUN_JSC_thresholdForJITAfterWarmUp=50");
});

describe("another machine", () => {
  test("goes on where the old one stopped, with the whole data folder", async () => {
    const old = await newHost("old");
    await startAnswering(old);
    const devices = bots.map((bot) => scene.homeserver.devices(userId(bot)));
    await old.stop();
    const next = await newHost("next");
    cpSync(old.dataDir, next.dataDir, { recursive: true });
    for (const bot of bots) ask(bot, "between");
    next.start();
    for (const bot of bots) {
      await answered(bot, "between");
      ask(bot, "after");
      await answered(bot, "after");
      expect(answersOf(bot)).toEqual(["before", "between", "after"]);
    }
    expect(bots.map((bot) => scene.homeserver.devices(userId(bot)))).toEqual(devices);
  });

  test("has the bots again from the backups alone", async () => {
    const old = await newHost("old");
    await startAnswering(old);
    expect(await old.command("backup")).toMatchObject({ code: 0 });
    await old.kill();
    const next = await newHost("next");
    mkdirSync(next.dataDir, { recursive: true, mode: 0o700 });
    cpSync(join(old.dataDir, "backups"), join(next.dataDir, "backups"), { recursive: true });
    rmSync(old.dataDir, { recursive: true });
    expect(await next.command("restore", "all")).toMatchObject({ code: 0 });
    next.start();
    for (const bot of bots) {
      ask(bot, "after");
      await answered(bot, "after");
      expect(answersOf(bot)).toEqual(["before", "after"]);
      expect(scene.homeserver.devices(userId(bot))).toHaveLength(1);
    }
  });

  test("takes over some of the accounts: both have the data folder, and each config its own accounts", async () => {
    const old = await newHost("old");
    await startAnswering(old);
    await old.stop();
    const second = await newHost("second", ["two"]);
    cpSync(old.dataDir, second.dataDir, { recursive: true });
    for (const bot of bots) ask(bot, "between");
    rmSync(join(second.dataDir, "instances/one"), { recursive: true });
    const first = await newHost("old", ["one"]);
    first.start();
    second.start();
    for (const bot of bots) {
      await answered(bot, "between");
      ask(bot, "after");
      await answered(bot, "after");
      expect(answersOf(bot)).toEqual(["before", "between", "after"]);
      expect(scene.homeserver.devices(userId(bot))).toHaveLength(1);
    }
  });
});

describe("a new", () => {
  test("registration token is read by the next registration, without a restart", async () => {
    const token = join(scene.folder, "token");
    writeFileSync(token, "an old one\n", { mode: 0o600 });
    const host = await newHost("host");
    const body = `accounts: { "@one:sandbox": {} }\ninstances: { one: { plugin: echo, account: "@one:sandbox", rooms: ["${rooms.get("one")}"] } }\n`;
    host.configure(scene.homeserver.url, body, `{ file: ${token} }`);
    host.start();
    await host.untilInstance("one", "failed");
    writeFileSync(token, "letmein\n", { mode: 0o600 });
    expect(await host.command("restart", "one")).toMatchObject({ code: 0 });
    await scene.joined(roomOf("one"), userId("one"));
    ask("one", "hello");
    await answered("one", "hello");
  });

  test("password of the page ends the sessions of the old one, once the host is started again", async () => {
    const file = join(scene.folder, "password_hash");
    const newPassword = async (password: string) => {
      const { out } = await roost(["hash-password"], { stdin: `${password}\n` });
      writeFileSync(file, out, { mode: 0o600 });
    };
    await newPassword("correct horse battery");
    const host = await newHost(
      "host",
      bots,
      `admin: { username: admin, password_hash: { file: ${file} } }\n`,
    );
    host.start();
    for (const bot of bots) await host.untilInstance(bot, "running");
    const user = new ApiUser(host.port);
    await user.logIn("correct horse battery");
    await user.call("GET", "/overview");
    await newPassword("another, longer password");
    await host.stop();
    host.start();
    for (const bot of bots) await host.untilInstance(bot, "running");
    await user.call("GET", "/overview", undefined, 401);
    await user.logIn("another, longer password");
    await user.call("GET", "/overview");
  });
});
