import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { until } from "./doubles/delivery.ts";
import { MatrixUser } from "./doubles/matrix-user.ts";
import { SandboxScene } from "./doubles/sandbox-scene.ts";

const bot = "@bot:sandbox";
let scene: SandboxScene;
let room: string;

const echo = (rooms: readonly string[], account = "{}", more = "") =>
  `accounts: { "${bot}": ${account} }\ninstances:\n  echo: { plugin: echo, account: "${bot}", rooms: ${JSON.stringify(rooms)} }\n${more}`;
const records = (severity: string) =>
  scene.host.output.split("\n").filter((line) => line.includes(`"severity":"${severity}"`));

beforeEach(async () => {
  scene = await SandboxScene.open();
  room = scene.ada.createRoom({ public: true });
});
afterEach(() => scene[Symbol.asyncDispose]());

async function start(yaml: string): Promise<void> {
  scene.configure(yaml);
  scene.host.start();
  await scene.host.untilInstance("echo", "running");
  await scene.joined(room);
}

describe("a session that the homeserver ends", () => {
  test("is opened anew on the same device where Roost holds the password, with a WARN and nothing graver", async () => {
    await start(echo([room]));
    const devices = scene.homeserver.devices(bot);
    scene.homeserver.revokeTokens(bot);
    scene.ada.say(room, "!echo still there");
    await scene.answered(room, "still there");
    await scene.host.untilInstance("echo", "running");
    expect(scene.homeserver.devices(bot)).toEqual(devices);
    expect(records("WARN").filter((line) => line.includes("was revoked; logging in again")).length).toBe(1);
    expect([...records("ERROR"), ...records("CRITICAL")]).toEqual([]);
  });

  test("fails with one CRITICAL where there is only a token, and a new token and a restart bring it back", async () => {
    const user = scene.homeserver.createUser("bot", { password: "s3cret" });
    await start(echo([room], `{ access_token: "${user.accessToken}" }`));
    scene.homeserver.revokeTokens(bot);
    scene.ada.say(room, "!echo while it is locked out");
    await scene.host.untilInstance("echo", "failed");
    expect(records("CRITICAL").length).toBe(1);
    expect(records("CRITICAL")[0]).toContain("new access_token");
    expect(records("ERROR")).toEqual([]);
    const { accessToken } = await MatrixUser.logIn(scene.homeserver.url, bot, "s3cret");
    scene.configure(echo([room], `{ access_token: "${accessToken}" }`));
    expect(await scene.host.command("restart", "echo")).toMatchObject({ code: 0, out: "echo is running.\n" });
    scene.ada.say(room, "!echo back");
    await scene.answered(room, "back");
    expect(scene.host.output).toContain("The account follows its rooms again.");
  });
});

describe("what failed for good", () => {
  test("is tried at once when the config is mended, where it says reload: automatic", async () => {
    const automatic = "reload: automatic\n";
    scene.host.configure(scene.homeserver.url, echo([room]) + automatic, "a wrong token");
    scene.host.start();
    await scene.host.untilInstance("echo", "failed");
    scene.configure(echo([room]) + automatic);
    await scene.host.untilInstance("echo", "running");
    const broken = `  other: { plugin: ecko, account: "${bot}", rooms: ["${room}"], prefix: "?" }\n`;
    scene.configure(echo([room], "{}", broken) + automatic);
    await until("it is seen", async () => (await scene.host.health()).body.includes("ecko"));
    scene.configure(echo([room], "{}", broken.replace("ecko", "echo")) + automatic);
    await scene.host.untilInstance("other", "running");
  });
});

describe("a start", () => {
  test("with the homeserver last brings ten instances up side by side, whatever ails the eleventh", async () => {
    const port = Number(new URL(scene.homeserver.url).port);
    const url = scene.homeserver.url;
    await scene.homeserver.close();
    const names = Array.from({ length: 10 }, (_, index) => `echo${index}`);
    const ten = names
      .map(
        (name, index) =>
          `  ${name}: { plugin: echo, account: "${bot}", rooms: ["${room}"], prefix: "${index}!" }\n`,
      )
      .join("");
    scene.host.configure(
      url,
      echo([room], "{}", `${ten}  bad: { plugin: nothing, account: "${bot}", rooms: [] }\n`),
    );
    scene.host.start();
    await scene.host.untilInstance("echo9", "waiting");
    await scene.homeserver.open(port);
    for (const name of names) await scene.host.untilInstance(name, "running");
    expect((await scene.host.health("/healthz/bad")).body).toContain('"observedValue":"failed"');
    for (const index of names.keys()) scene.ada.say(room, `${index}!echo by ${index}`);
    for (const index of names.keys()) await scene.answered(room, `by ${index}`);
  });
});

describe("a homeserver that goes away under traffic", () => {
  test("is told of once by the account, and nothing of it is an ERROR", async () => {
    await start(
      echo([room], "{}", `  twin: { plugin: echo, account: "${bot}", rooms: ["${room}"], prefix: "?" }\n`),
    );
    const port = Number(new URL(scene.homeserver.url).port);
    for (let count = 0; count < 20; count++) scene.ada.say(room, `!echo before ${count}`);
    await scene.homeserver.close();
    await scene.host.untilInstance("twin", "waiting");
    for (let count = 0; count < 20; count++) scene.ada.say(room, `!echo during ${count}`);
    await scene.homeserver.open(port);
    for (let count = 0; count < 20; count++) {
      await scene.answered(room, `before ${count}`);
      await scene.answered(room, `during ${count}`);
    }
    await scene.host.untilInstance("twin", "running");
    expect(scene.replies(room).length).toBe(40);
    expect([...records("ERROR"), ...records("CRITICAL")]).toEqual([]);
    const told = records("WARN").filter((line) => !line.includes('"instance"'));
    expect(told.length).toBe(1);
    expect(scene.host.output).toContain("The account follows its rooms again.");
  });
});

describe("a room that is upgraded", () => {
  test("is worked in under its new id, across restarts of the host", async () => {
    await start(echo([room]));
    const successor = scene.ada.upgradeRoom(room, "12");
    await scene.joined(successor);
    await until("it says which id to write", () =>
      scene.host.output.includes(`write \\"${successor}\\" in its place`),
    );
    scene.ada.say(successor, "!echo moved");
    await scene.answered(successor, "moved");
    await scene.host.stop();
    scene.ada.kick(room, bot);
    scene.ada.say(successor, "!echo posted while it was down");
    scene.host.start();
    await scene.answered(successor, "posted while it was down");
  });
});

describe("presence", () => {
  test("goes offline when the last instance is stopped and when the host stops", async () => {
    await start(echo([room]));
    expect(scene.homeserver.presence(bot)).toBe("online");
    await scene.host.command("stop", "echo");
    await until("it is offline", () => scene.homeserver.presence(bot) === "offline");
    await scene.host.command("start", "echo");
    await until("it is online", () => scene.homeserver.presence(bot) === "online");
    expect(await scene.host.stop()).toBe(0);
    expect(scene.homeserver.presence(bot)).toBe("offline");
  });
});
