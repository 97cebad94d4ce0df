import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { stringAt } from "../src/core/json.ts";
import { ReplayedInstagram } from "../src/sandbox/instagram.ts";
import { until } from "./doubles/delivery.ts";
import { temporaryFolder } from "./doubles/folder.ts";
import { findFreePort } from "./doubles/free-port.ts";
import { HostProcess } from "./doubles/host.ts";
import { MatrixUser, type SeenEvent } from "./doubles/matrix-user.ts";
import { needs } from "./doubles/needs.ts";
import { findSynapse, Synapse } from "./doubles/synapse.ts";

const found = await findSynapse();

needs("a real Synapse", "lack" in found ? found.lack : undefined)("the main job on a real Synapse", () => {
  const folder = temporaryFolder();
  const synapse = new Synapse("python" in found ? found.python : "");
  const instagram = new ReplayedInstagram();
  let host: HostProcess;
  let anna: MatrixUser;
  let enabled: string;
  let other: string;
  const bot = (name: string) => `@${name}:${synapse.serverName}`;
  const link = instagram.catalogue[0]?.url ?? "";
  const targetOf = (event: SeenEvent) =>
    stringAt(
      (event.content["m.relates_to"] as { "m.in_reply_to"?: object } | undefined)?.["m.in_reply_to"],
      "event_id",
    );
  const repliesTo = async (asked: string) =>
    (await anna.history(enabled)).filter((event) => targetOf(event) === asked);

  beforeAll(async () => {
    await synapse.start();
    instagram.open();
    anna = await MatrixUser.register(synapse.url, "anna", await synapse.makeRegistrationToken());
    enabled = await anna.createRoom({ preset: "public_chat" });
    other = await anna.createRoom({ preset: "public_chat" });
    host = new HostProcess(join(folder.path, "host"), await findFreePort());
    host.configure(
      synapse.url,
      `
accounts:
  "${bot("insta")}": { displayname: Instagram }
  "${bot("echo")}": {}
instances:
  insta: { plugin: instagram, account: "${bot("insta")}", rooms: ["${enabled}"], config: { origin: "${instagram.origin}" } }
  echo: { plugin: echo, account: "${bot("echo")}", rooms: ["${enabled}"] }
`,
      await synapse.makeRegistrationToken(2),
    );
  }, 60_000);
  afterAll(async () => {
    await host.kill();
    await instagram.close();
    await synapse[Symbol.asyncDispose]();
    folder[Symbol.dispose]();
  });

  test("a link in the enabled room is answered within 5 s by the picture, and in another room by nothing", async () => {
    host.start();
    for (const id of ["insta", "echo"]) await host.untilInstance(id, "running", 30_000);
    await until("both have joined", async () => {
      const members = await anna.request(
        "GET",
        `/_matrix/client/v3/rooms/${encodeURIComponent(enabled)}/joined_members`,
      );
      return Object.keys(members.joined ?? {}).length === 3;
    });
    const elsewhere = await anna.say(other, link);
    const asked = await anna.say(enabled, link);
    const reply = await anna.waitFor((event) => targetOf(event) === asked, 5_000);
    expect(reply.content.msgtype).toBe("m.image");
    expect(String(reply.content.body)).toContain("1,204 likes");
    const info = reply.content.info as { w: number; h: number; size: number; thumbnail_url: string };
    expect([info.w, info.h]).toEqual([1080, 1350]);
    const picture = await anna.download(String(reply.content.url));
    expect([picture.mimetype, picture.bytes.length]).toEqual(["image/jpeg", info.size]);
    expect((await anna.download(info.thumbnail_url)).bytes.length).toBeGreaterThan(100);
    expect((await anna.history(other)).filter((event) => targetOf(event) === elsewhere)).toEqual([]);
  }, 60_000);

  test("kill -9 in the middle of traffic loses nothing and doubles nothing", async () => {
    const asked: string[] = [];
    for (let round = 0; round < 3; round++) {
      for (let each = 0; each < 8; each++) {
        asked.push(await anna.say(enabled, each % 4 === 0 ? link : `!echo ${round}.${each}`));
        if (each === 5) await host.kill();
      }
      host.start();
    }
    const last = asked.at(-1);
    await until(
      "all are answered",
      async () => {
        const answered = new Set((await anna.history(enabled)).map(targetOf));
        return asked.every((id) => answered.has(id)) && last !== undefined;
      },
      40_000,
    );
    for (const id of asked) expect((await repliesTo(id)).length).toBe(1);
  }, 90_000);

  test("Synapse killed and started again under it is waited for, and what was posted is answered once", async () => {
    await host.untilInstance("echo", "running");
    await synapse.kill();
    await host.untilInstance("echo", "waiting");
    await synapse.start();
    const asked = await anna.say(enabled, "!echo after the restart");
    await anna.waitFor((event) => targetOf(event) === asked, 30_000);
    await host.untilInstance("echo", "running");
    expect((await repliesTo(asked)).length).toBe(1);
  }, 90_000);

  test("each account was registered once and has one device", async () => {
    const admin = await synapse.admin();
    for (const name of ["insta", "echo"]) {
      const path = `/_synapse/admin/v2/users/${encodeURIComponent(bot(name))}/devices`;
      expect((await admin.request("GET", path)).total).toBe(1);
    }
  });
});
