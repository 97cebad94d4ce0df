import { afterAll, beforeAll, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { stringAt } from "../src/core/json.ts";
import { until } from "./doubles/delivery.ts";
import { temporaryFolder } from "./doubles/folder.ts";
import { findFreePort } from "./doubles/free-port.ts";
import { HostProcess } from "./doubles/host.ts";
import { call, MatrixUser } from "./doubles/matrix-user.ts";
import { needs } from "./doubles/needs.ts";
import { findSynapse, Synapse } from "./doubles/synapse.ts";

const found = await findSynapse();

needs("a real Synapse", "lack" in found ? found.lack : undefined)("left alone on a real Synapse", () => {
  const folder = temporaryFolder();
  const synapse = new Synapse("python" in found ? found.python : "");
  let host: HostProcess;
  let anna: MatrixUser;
  let room: string;
  let token: string;
  let moved: string;
  const bot = () => `@echo:${synapse.serverName}`;
  const login = {
    type: "m.login.password",
    password: "tok-password",
    identifier: { type: "m.id.user", user: "tok" },
  };

  const deleteDevices = async (user: string) => {
    const admin = await synapse.admin();
    const path = `/_synapse/admin/v2/users/${encodeURIComponent(user)}/devices`;
    const { devices } = await admin.request("GET", path);
    for (const device of Array.isArray(devices) ? devices : [])
      await admin.request("DELETE", `${path}/${stringAt(device, "device_id")}`);
  };
  const answered = async (where: string, body: string, timeoutMs = 30_000) => {
    await anna.waitFor(
      (event) => event.roomId === where && event.content.body === body && event.sender !== anna.userId,
      timeoutMs,
    );
  };
  const yaml = () => `
accounts:
  "${bot()}": {}
  "@tok:${synapse.serverName}": { access_token: "${token}" }
instances:
  echo: { plugin: echo, account: "${bot()}", rooms: ["${room}"] }
  tok: { plugin: echo, account: "@tok:${synapse.serverName}", rooms: ["${room}"], prefix: "?" }
`;

  beforeAll(async () => {
    await synapse.start();
    anna = await MatrixUser.register(synapse.url, "anna", await synapse.makeRegistrationToken());
    room = await anna.createRoom({ preset: "public_chat" });
    await MatrixUser.register(synapse.url, "tok", await synapse.makeRegistrationToken());
    token = String((await call(synapse.url, "POST", "/_matrix/client/v3/login", login)).body.access_token);
    host = new HostProcess(join(folder.path, "host"), await findFreePort());
    host.configure(synapse.url, yaml(), await synapse.makeRegistrationToken(2));
    host.start();
    for (const id of ["echo", "tok"]) await host.untilInstance(id, "running", 30_000);
    await anna.say(room, "!echo hello");
    await answered(room, "hello");
  }, 60_000);
  afterAll(async () => {
    await host.kill();
    await synapse[Symbol.asyncDispose]();
    folder[Symbol.dispose]();
  });

  test("a deleted device is opened anew under its old name by itself, with a WARN", async () => {
    const [file = ""] = readdirSync(join(host.dataDir, "credentials"));
    const deviceId = () =>
      stringAt(JSON.parse(readFileSync(join(host.dataDir, "credentials", file), "utf8")), "deviceId");
    const before = deviceId();
    await deleteDevices(bot());
    await until("it logs in again", () => host.output.includes("was revoked; logging in again"), 30_000);
    await anna.say(room, "!echo again");
    await answered(room, "again");
    expect(deviceId()).toBe(before);
    expect(host.output).not.toContain('"severity":"CRITICAL"');
  }, 90_000);

  test("without a password it fails with a CRITICAL, and is back with a new token and a restart", async () => {
    await deleteDevices(`@tok:${synapse.serverName}`);
    await host.untilInstance("tok", "failed", 60_000);
    expect(host.output.split('"severity":"CRITICAL"').length).toBe(2);
    token = String((await call(synapse.url, "POST", "/_matrix/client/v3/login", login)).body.access_token);
    host.configure(synapse.url, yaml());
    expect(await host.command("restart", "tok")).toMatchObject({ code: 0, out: "tok is running.\n" });
    await anna.say(room, "?echo back");
    await answered(room, "back");
  }, 120_000);

  test("an upgraded room is followed to its successor", async () => {
    const { replacement_room: successor } = await anna.request(
      "POST",
      `/_matrix/client/v3/rooms/${encodeURIComponent(room)}/upgrade`,
      { new_version: "11" },
    );
    moved = String(successor);
    await until(
      "it says which id to write",
      () => host.output.includes(`write \\"${moved}\\" in its place`),
      30_000,
    );
    await anna.say(moved, "!echo moved");
    await answered(moved, "moved");
  }, 90_000);

  test("an outage is told of by each account once, and nothing of it is an ERROR", async () => {
    const before = host.output.length;
    await synapse.stop();
    await host.untilInstance("echo", "waiting", 30_000);
    await synapse.start();
    for (const id of ["echo", "tok"]) await host.untilInstance(id, "running", 30_000);
    const lines = host.output.slice(before).split("\n");
    expect(lines.filter((line) => line.includes('"severity":"ERROR"'))).toEqual([]);
    expect(
      lines.filter(
        (line) => /"severity":"WARN".*cannot be reached/.test(line) && !line.includes('"instance"'),
      ).length,
    ).toBe(2);
  }, 120_000);

  test("a session that is ended soon after its login, twice, is opened again with a sentence about who might do that", async () => {
    for (const end of ["first", "second"]) {
      const before = host.output.length;
      await deleteDevices(bot());
      const sentence = end === "first" ? /was revoked|was ended again soon/ : /was ended again soon/;
      await until("it says so", () => sentence.test(host.output.slice(before)), 30_000);
      await anna.say(moved, `!echo after the ${end}`);
      await answered(moved, `after the ${end}`);
    }
  }, 90_000);
});
