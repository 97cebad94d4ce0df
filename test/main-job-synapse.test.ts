import { afterAll, beforeAll, expect, test } from "bun:test";
import { ReplayedInstagram } from "../src/sandbox/instagram.ts";
import { until } from "./doubles/delivery.ts";
import type { SeenEvent } from "./doubles/matrix-user.ts";
import { needs } from "./doubles/needs.ts";
import { replyTarget } from "./doubles/reply-target.ts";
import { findSynapse } from "./doubles/synapse.ts";
import { SynapseScene } from "./doubles/synapse-scene.ts";

const found = await findSynapse();

needs("a real Synapse", "lack" in found ? found.lack : undefined)("the main job on a real Synapse", () => {
  const instagram = new ReplayedInstagram();
  let scene: SynapseScene;
  let enabled: string;
  let other: string;
  const link = instagram.catalogue[0]?.url ?? "";
  const targetOf = ({ content }: SeenEvent) => replyTarget(content);
  const repliesTo = async (asked: string) =>
    (await scene.anna.history(enabled)).filter((event) => targetOf(event) === asked);

  beforeAll(async () => {
    scene = await SynapseScene.open("python" in found ? found.python : "");
    instagram.open();
    enabled = await scene.openRoom();
    other = await scene.openRoom();
    const [insta, echo] = [scene.userId("insta"), scene.userId("echo")];
    await scene.configure(
      `
accounts:
  "${insta}": { displayname: Instagram }
  "${echo}": {}
instances:
  insta: { plugin: instagram, account: "${insta}", rooms: ["${enabled}"], config: { origin: "${instagram.origin}" } }
  echo: { plugin: echo, account: "${echo}", rooms: ["${enabled}"] }
`,
      2,
    );
  }, 60_000);
  afterAll(async () => {
    await scene[Symbol.asyncDispose]();
    await instagram.close();
  });

  test("a link in the enabled room is answered within 5 s by the picture, and in another room by nothing", async () => {
    scene.host.start();
    for (const id of ["insta", "echo"]) await scene.host.untilInstance(id, "running", 30_000);
    await scene.joined(enabled, "insta", "echo");
    const elsewhere = await scene.anna.say(other, link);
    const asked = await scene.anna.say(enabled, link);
    const reply = await scene.anna.waitFor((event) => targetOf(event) === asked, 5_000);
    expect(reply.content.msgtype).toBe("m.image");
    expect(String(reply.content.body)).toContain("1,204 likes");
    const info = reply.content.info as { w: number; h: number; size: number; thumbnail_url: string };
    expect([info.w, info.h]).toEqual([1080, 1350]);
    const picture = await scene.anna.download(String(reply.content.url));
    expect([picture.mimetype, picture.bytes.length]).toEqual(["image/jpeg", info.size]);
    expect((await scene.anna.download(info.thumbnail_url)).bytes.length).toBeGreaterThan(100);
    expect((await scene.anna.history(other)).filter((event) => targetOf(event) === elsewhere)).toEqual([]);
  }, 60_000);

  test("kill -9 in the middle of traffic loses nothing and doubles nothing", async () => {
    const asked: string[] = [];
    for (let round = 0; round < 3; round++) {
      for (let each = 0; each < 8; each++) {
        asked.push(await scene.anna.say(enabled, each % 4 === 0 ? link : `!echo ${round}.${each}`));
        if (each === 5) await scene.host.kill();
      }
      scene.host.start();
    }
    const last = asked.at(-1);
    await until(
      "all are answered",
      async () => {
        const answered = new Set((await scene.anna.history(enabled)).map(targetOf));
        return asked.every((id) => answered.has(id)) && last !== undefined;
      },
      40_000,
    );
    for (const id of asked) expect((await repliesTo(id)).length).toBe(1);
  }, 90_000);

  test("Synapse killed and started again under it is waited for, and what was posted is answered once", async () => {
    await scene.host.untilInstance("echo", "running");
    await scene.synapse.kill();
    await scene.host.untilInstance("echo", "waiting");
    await scene.synapse.start();
    const asked = await scene.anna.say(enabled, "!echo after the restart");
    await scene.anna.waitFor((event) => targetOf(event) === asked, 30_000);
    await scene.host.untilInstance("echo", "running");
    expect((await repliesTo(asked)).length).toBe(1);
  }, 90_000);

  test("each account was registered once and has one device", async () => {
    const admin = await scene.synapse.admin();
    for (const name of ["insta", "echo"]) {
      const path = `/_synapse/admin/v2/users/${encodeURIComponent(scene.userId(name))}/devices`;
      expect((await admin.request("GET", path)).total).toBe(1);
    }
  });
});
