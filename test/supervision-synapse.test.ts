import { afterAll, beforeAll, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { stringAt } from "../src/core/json.ts";
import { until } from "./doubles/delivery.ts";
import { MatrixUser } from "./doubles/matrix-user.ts";
import { needs } from "./doubles/needs.ts";
import { findSynapse } from "./doubles/synapse.ts";
import { SynapseScene } from "./doubles/synapse-scene.ts";

const found = await findSynapse();

needs("a real Synapse", "lack" in found ? found.lack : undefined)("left alone on a real Synapse", () => {
  let scene: SynapseScene;
  let room: string;
  let token: string;
  let moved: string;
  const bot = () => scene.userId("echo");
  const newToken = async () => (await MatrixUser.logIn(scene.synapse.url, "tok")).accessToken;

  const deleteDevices = async (user: string) => {
    const admin = await scene.synapse.admin();
    const path = `/_synapse/admin/v2/users/${encodeURIComponent(user)}/devices`;
    const { devices } = await admin.request("GET", path);
    for (const device of Array.isArray(devices) ? devices : [])
      await admin.request("DELETE", `${path}/${stringAt(device, "device_id")}`);
  };
  const answered = async (where: string, body: string, timeoutMs = 30_000) => {
    await scene.anna.waitFor(
      (event) => event.roomId === where && event.content.body === body && event.sender !== scene.anna.userId,
      timeoutMs,
    );
  };
  const yaml = () => `
accounts:
  "${bot()}": {}
  "${scene.userId("tok")}": { access_token: "${token}" }
instances:
  echo: { plugin: echo, account: "${bot()}", rooms: ["${room}"] }
  tok: { plugin: echo, account: "${scene.userId("tok")}", rooms: ["${room}"], prefix: "?" }
`;

  beforeAll(async () => {
    scene = await SynapseScene.open("python" in found ? found.python : "");
    room = await scene.openRoom();
    await MatrixUser.register(scene.synapse.url, "tok", await scene.synapse.makeRegistrationToken());
    token = await newToken();
    await scene.configure(yaml(), 2);
    scene.host.start();
    for (const id of ["echo", "tok"]) await scene.host.untilInstance(id, "running", 30_000);
    await scene.anna.say(room, "!echo hello");
    await answered(room, "hello");
  }, 60_000);
  afterAll(() => scene[Symbol.asyncDispose]());

  test("a deleted device is opened anew under its old name by itself, with a WARN", async () => {
    const [file = ""] = readdirSync(join(scene.host.dataDir, "credentials"));
    const deviceId = () =>
      stringAt(JSON.parse(readFileSync(join(scene.host.dataDir, "credentials", file), "utf8")), "deviceId");
    const before = deviceId();
    await deleteDevices(bot());
    await until(
      "it logs in again",
      () => scene.host.output.includes("was revoked; logging in again"),
      30_000,
    );
    await scene.anna.say(room, "!echo again");
    await answered(room, "again");
    expect(deviceId()).toBe(before);
    expect(scene.host.output).not.toContain('"severity":"CRITICAL"');
  }, 90_000);

  test("without a password it fails with a CRITICAL, and is back with a new token and a restart", async () => {
    await deleteDevices(scene.userId("tok"));
    await scene.host.untilInstance("tok", "failed", 60_000);
    expect(scene.host.output.split('"severity":"CRITICAL"').length).toBe(2);
    token = await newToken();
    await scene.configure(yaml());
    expect(await scene.host.command("restart", "tok")).toMatchObject({ code: 0, out: "tok is running.\n" });
    await scene.anna.say(room, "?echo back");
    await answered(room, "back");
  }, 120_000);

  test("an upgraded room is followed to its successor", async () => {
    const { replacement_room: successor } = await scene.anna.request(
      "POST",
      `/_matrix/client/v3/rooms/${encodeURIComponent(room)}/upgrade`,
      { new_version: "11" },
    );
    moved = String(successor);
    await until(
      "it says which id to write",
      () => scene.host.output.includes(`write \\"${moved}\\" in its place`),
      30_000,
    );
    await scene.anna.say(moved, "!echo moved");
    await answered(moved, "moved");
  }, 90_000);

  test("an outage is told of by each account once, and nothing of it is an ERROR", async () => {
    const before = scene.host.output.length;
    await scene.synapse.stop();
    await scene.host.untilInstance("echo", "waiting", 30_000);
    await scene.synapse.start();
    for (const id of ["echo", "tok"]) await scene.host.untilInstance(id, "running", 30_000);
    const lines = scene.host.output.slice(before).split("\n");
    expect(lines.filter((line) => line.includes('"severity":"ERROR"'))).toEqual([]);
    expect(
      lines.filter(
        (line) => /"severity":"WARN".*cannot be reached/.test(line) && !line.includes('"instance"'),
      ).length,
    ).toBe(2);
  }, 120_000);

  test("a session that is ended soon after its login, twice, is opened again with a sentence about who might do that", async () => {
    for (const end of ["first", "second"]) {
      const before = scene.host.output.length;
      await deleteDevices(bot());
      const sentence = end === "first" ? /was revoked|was ended again soon/ : /was ended again soon/;
      await until("it says so", () => sentence.test(scene.host.output.slice(before)), 30_000);
      await scene.anna.say(moved, `!echo after the ${end}`);
      await answered(moved, `after the ${end}`);
    }
  }, 90_000);
});
