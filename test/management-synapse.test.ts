import { afterAll, beforeAll, expect, test } from "bun:test";
import { Secret } from "../src/core/secret.ts";
import { until } from "./doubles/delivery.ts";
import {
  admin,
  instanceId,
  type ManagedHost,
  openManagedHost,
  roomId,
  userId,
} from "./doubles/managed-host.ts";
import { MatrixUser } from "./doubles/matrix-user.ts";
import { needs } from "./doubles/needs.ts";
import { findSynapse, Synapse } from "./doubles/synapse.ts";

const found = await findSynapse();

needs("a real Synapse", "lack" in found ? found.lack : undefined)("management on a real Synapse", () => {
  const synapse = new Synapse("python" in found ? found.python : "");
  let host: ManagedHost;
  let anna: MatrixUser;

  beforeAll(async () => {
    await synapse.start();
    const token = await synapse.makeRegistrationToken();
    anna = await MatrixUser.register(synapse.url, "anna", token);
    host = await openManagedHost(synapse.url, "", token);
  }, 60_000);
  afterAll(async () => {
    await host[Symbol.asyncDispose]();
    await synapse[Symbol.asyncDispose]();
  });

  test("a bot that is created for a new account answers in its open room, and other rooms are told apart", async () => {
    const bot = userId(`@bot:${synapse.serverName}`);
    const echo = instanceId("echo");
    const room = await anna.createRoom({ preset: "public_chat", name: "Kites" });
    const secret = await anna.createRoom({ preset: "private_chat", name: "Secret" });
    await host.management.addAccount(bot, { by: "registration" }, {}, admin);
    const look = async () =>
      (
        await host.management.viewRooms(bot, [roomId(room), roomId(secret), roomId("!gone:other.example")])
      ).map(({ name, membership, mayPost }) => [name, membership, mayPost]);
    expect(await look()).toEqual([
      ["Kites", "joinable", false],
      [undefined, "invite-needed", false],
      [undefined, "invite-needed", false],
    ]);
    const change = { plugin: "echo", account: bot, rooms: [roomId(room)] };
    expect((await host.management.saveInstance(echo, change, admin)).warnings).toEqual([]);
    await anna.say(room, "!echo hello");
    await until("it answers", async () =>
      (await anna.history(room)).some(({ sender, content }) => sender === bot && content.body === "hello"),
    );
    expect((await look())[0]).toEqual(["Kites", "joined", true]);
  }, 60_000);

  test("sessions for use elsewhere are registered and logged in", async () => {
    const make = (register: boolean) =>
      host.management.makeSession(
        "script",
        new Secret("a long Password 9"),
        { register, deviceName: "Script" },
        admin,
      );
    const made = await make(true);
    expect(made.userId).toBe(userId(`@script:${synapse.serverName}`));
    expect((await make(false)).deviceId).not.toBe(made.deviceId);
  }, 60_000);
});
