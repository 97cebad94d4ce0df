/** A real Synapse that goes away and comes back; bench/outage.ts does the same for 3 minutes. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { until } from "./doubles/delivery.ts";
import { needs } from "./doubles/needs.ts";
import { findSynapse } from "./doubles/synapse.ts";
import { SynapseTalk } from "./doubles/synapse-talk.ts";

const found = await findSynapse();

needs("a real Synapse", "lack" in found ? found.lack : undefined)("an outage of a real Synapse", () => {
  let scene: SynapseTalk;
  beforeAll(async () => {
    scene = await SynapseTalk.open("python" in found ? found.python : "");
  }, 90_000);
  afterAll(() => scene[Symbol.asyncDispose]());

  test("under traffic loses nothing, doubles nothing, and tells the admin room two things at most", async () => {
    const endTalk = scene.talk(50);
    await until("they talk", async () => (await scene.tally()).asked > 10);
    await scene.synapse.stop();
    await scene.host.untilInstance("first", "waiting");
    await scene.synapse.start();
    await scene.converse(30_000);
    await endTalk();
    await scene.untilAllAnswered(30_000);
    expect(await scene.tally()).toMatchObject({ unanswered: 0, doubled: 0 });
    expect((await scene.adminMessages()).length).toBeLessThanOrEqual(2);
  }, 90_000);
});
