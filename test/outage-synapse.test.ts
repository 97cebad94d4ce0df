/** A real Synapse that goes away and comes back, and that ends sessions. The outage of 3 minutes is bench/outage.ts. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { until } from "./doubles/delivery.ts";
import { needs } from "./doubles/needs.ts";
import { findSynapse } from "./doubles/synapse.ts";
import { SynapseScene } from "./doubles/synapse-scene.ts";

const found = await findSynapse();

needs("a real Synapse", "lack" in found ? found.lack : undefined)("trouble with a real Synapse", () => {
  let scene: SynapseScene;
  beforeAll(async () => {
    scene = await SynapseScene.open("python" in found ? found.python : "");
  }, 90_000);
  afterAll(() => scene[Symbol.asyncDispose]());

  test("a stop and start under traffic loses nothing, doubles nothing, and troubles the admin room at most once", async () => {
    const endTalk = scene.talk(50);
    await until("they talk", async () => (await scene.tally()).asked > 10);
    await scene.synapse.stop();
    await scene.host.untilInstance("kept", "waiting");
    await scene.synapse.start();
    await scene.converse("kept", 30_000);
    await scene.converse("given", 30_000);
    await endTalk();
    await scene.untilAllAnswered(30_000);
    expect(await scene.tally()).toMatchObject({ unanswered: 0, doubled: 0 });
    expect((await scene.adminMessages()).length).toBeLessThanOrEqual(2);
  }, 90_000);

  test("a bot whose device was deleted logs in again by itself as the same device, with a WARN", async () => {
    const before = await scene.devices("kept");
    await scene.deleteDevices("kept");
    await scene.converse("kept", 30_000);
    expect(await scene.devices("kept")).toEqual(before);
    expect(scene.host.output).toMatch(/^<4>.*logging in again on the same device/m);
  }, 60_000);

  test("a bot that was given only a token fails with a CRITICAL, and a new token in the YAML mends it", async () => {
    await scene.deleteDevices("given");
    await scene.host.untilInstance("given", "failed", 60_000);
    expect(scene.host.output).toMatch(/^<2>.*"severity":"CRITICAL"/m);
    await scene.giveToken();
    expect(await scene.host.command("restart", "given")).toMatchObject({ code: 0 });
    await scene.converse("given", 30_000);
    await scene.converse("kept", 5_000);
  }, 120_000);
});
