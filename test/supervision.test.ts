import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { Homeserver } from "../src/sandbox/homeserver.ts";
import type { SandboxUser } from "../src/sandbox/sandbox-user.ts";
import { until } from "./doubles/delivery.ts";
import { temporaryFolder } from "./doubles/folder.ts";
import { freePort, HostProcess } from "./doubles/host.ts";
import { call } from "./doubles/matrix-user.ts";

const bot = "@bot:sandbox";
let folder: ReturnType<typeof temporaryFolder>;
let homeserver: Homeserver;
let ada: SandboxUser;
let room: string;
let host: HostProcess;

const echo = (rooms: readonly string[], account = "{}", more = "") =>
  `accounts: { "${bot}": ${account} }\ninstances:\n  echo: { plugin: echo, account: "${bot}", rooms: ${JSON.stringify(rooms)} }\n${more}`;
const repliesIn = (where: string) =>
  homeserver
    .timeline(where)
    .filter((event) => event.sender === bot && event.type === "m.room.message")
    .map((event) => event.content.body);
const answered = (where: string, body: string) =>
  until(`"${body}" is answered`, () => repliesIn(where).includes(body));
const records = (severity: string) =>
  host.output.split("\n").filter((line) => line.includes(`"severity":"${severity}"`));

beforeEach(async () => {
  folder = temporaryFolder();
  homeserver = new Homeserver({ serverName: "sandbox", dialect: "synapse", registrationToken: "letmein" });
  await homeserver.open();
  ada = homeserver.createUser("ada");
  room = ada.createRoom({ public: true });
  host = new HostProcess(join(folder.path, "host"), await freePort());
});
afterEach(async () => {
  await host.kill();
  await homeserver.close();
  folder[Symbol.dispose]();
});

async function start(yaml: string): Promise<void> {
  host.configure(homeserver.url, yaml);
  host.start();
  await host.untilInstance("echo", "running");
  await until("it has joined", () => homeserver.memberships(room).get(bot) === "join");
}

describe("a session that the homeserver ends", () => {
  test("is opened anew on the same device where Roost holds the password, with a WARN and nothing graver", async () => {
    await start(echo([room]));
    const devices = homeserver.devices(bot);
    homeserver.revokeTokens(bot);
    ada.say(room, "!echo still there");
    await answered(room, "still there");
    await host.untilInstance("echo", "running");
    expect(homeserver.devices(bot)).toEqual(devices);
    expect(records("WARN").filter((line) => line.includes("was revoked; logging in again")).length).toBe(1);
    expect([...records("ERROR"), ...records("CRITICAL")]).toEqual([]);
  });

  test("fails with one CRITICAL where there is only a token, and a new token and a restart bring it back", async () => {
    const user = homeserver.createUser("bot", { password: "s3cret" });
    await start(echo([room], `{ access_token: "${user.accessToken}" }`));
    homeserver.revokeTokens(bot);
    ada.say(room, "!echo while it is locked out");
    await host.untilInstance("echo", "failed");
    expect(records("CRITICAL").length).toBe(1);
    expect(records("CRITICAL")[0]).toContain("new access_token");
    expect(records("ERROR")).toEqual([]);
    const login = {
      type: "m.login.password",
      identifier: { type: "m.id.user", user: bot },
      password: "s3cret",
    };
    const { body } = await call(homeserver.url, "POST", "/_matrix/client/v3/login", login);
    host.configure(homeserver.url, echo([room], `{ access_token: "${String(body.access_token)}" }`));
    expect(await host.command("restart", "echo")).toMatchObject({ code: 0, out: "echo is running.\n" });
    ada.say(room, "!echo back");
    await answered(room, "back");
    expect(host.output).toContain("The account follows its rooms again.");
  });
});

describe("what failed for good", () => {
  test("is tried at once when the config is mended, where it says reload: automatic", async () => {
    const automatic = "reload: automatic\n";
    host.configure(homeserver.url, echo([room]) + automatic, "a wrong token");
    host.start();
    await host.untilInstance("echo", "failed");
    host.configure(homeserver.url, echo([room]) + automatic);
    await host.untilInstance("echo", "running");
    const broken = `  other: { plugin: ecko, account: "${bot}", rooms: ["${room}"], prefix: "?" }\n`;
    host.configure(homeserver.url, echo([room], "{}", broken) + automatic);
    await until("it is seen", async () => (await host.health()).body.includes("ecko"));
    host.configure(homeserver.url, echo([room], "{}", broken.replace("ecko", "echo")) + automatic);
    await host.untilInstance("other", "running");
  });
});

describe("a start", () => {
  test("with the homeserver last brings ten instances up side by side, whatever ails the eleventh", async () => {
    const port = Number(new URL(homeserver.url).port);
    const url = homeserver.url;
    await homeserver.close();
    const names = Array.from({ length: 10 }, (_, index) => `echo${index}`);
    const ten = names
      .map(
        (name, index) =>
          `  ${name}: { plugin: echo, account: "${bot}", rooms: ["${room}"], prefix: "${index}!" }\n`,
      )
      .join("");
    host.configure(
      url,
      echo([room], "{}", `${ten}  bad: { plugin: nothing, account: "${bot}", rooms: [] }\n`),
    );
    host.start();
    await host.untilInstance("echo9", "waiting");
    await homeserver.open(port);
    for (const name of names) await host.untilInstance(name, "running");
    expect((await host.health("/healthz/bad")).body).toContain('"observedValue":"failed"');
    for (const index of names.keys()) ada.say(room, `${index}!echo by ${index}`);
    for (const index of names.keys()) await answered(room, `by ${index}`);
  });
});

describe("a homeserver that goes away under traffic", () => {
  test("is told of once by the account, and nothing of it is an ERROR", async () => {
    await start(
      echo([room], "{}", `  twin: { plugin: echo, account: "${bot}", rooms: ["${room}"], prefix: "?" }\n`),
    );
    const port = Number(new URL(homeserver.url).port);
    for (let count = 0; count < 20; count++) ada.say(room, `!echo before ${count}`);
    await homeserver.close();
    await host.untilInstance("twin", "waiting");
    for (let count = 0; count < 20; count++) ada.say(room, `!echo during ${count}`);
    await homeserver.open(port);
    for (let count = 0; count < 20; count++) {
      await answered(room, `before ${count}`);
      await answered(room, `during ${count}`);
    }
    await host.untilInstance("twin", "running");
    expect(repliesIn(room).length).toBe(40);
    expect([...records("ERROR"), ...records("CRITICAL")]).toEqual([]);
    const told = records("WARN").filter((line) => !line.includes('"instance"'));
    expect(told.length).toBe(1);
    expect(host.output).toContain("The account follows its rooms again.");
  });
});

describe("a room that is upgraded", () => {
  test("is worked in under its new id, across restarts of the host", async () => {
    await start(echo([room]));
    const successor = ada.upgradeRoom(room, "12");
    await until("it has joined", () => homeserver.memberships(successor).get(bot) === "join");
    await until("it says which id to write", () =>
      host.output.includes(`write \\"${successor}\\" in its place`),
    );
    ada.say(successor, "!echo moved");
    await answered(successor, "moved");
    await host.stop();
    ada.kick(room, bot);
    ada.say(successor, "!echo posted while it was down");
    host.start();
    await answered(successor, "posted while it was down");
  });
});

describe("presence", () => {
  test("goes offline when the last instance is stopped and when the host stops", async () => {
    await start(echo([room]));
    expect(homeserver.presence(bot)).toBe("online");
    await host.command("stop", "echo");
    await until("it is offline", () => homeserver.presence(bot) === "offline");
    await host.command("start", "echo");
    await until("it is online", () => homeserver.presence(bot) === "online");
    expect(await host.stop()).toBe(0);
    expect(homeserver.presence(bot)).toBe("offline");
  });
});
