import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { stringAt } from "../src/core/json.ts";
import { ReplayedInstagram } from "../src/sandbox/instagram.ts";
import type { WireEvent } from "../src/sandbox/room-event.ts";
import { until } from "./doubles/delivery.ts";
import { SandboxScene } from "./doubles/sandbox-scene.ts";

const bot = "@insta:sandbox";
const relationOf = (event: WireEvent) =>
  event.content["m.relates_to"] as
    | { rel_type?: string; event_id?: string; "m.in_reply_to"?: { event_id?: string } }
    | undefined;

describe("the Instagram bot in a room", () => {
  const instagram = new ReplayedInstagram();
  let scene: SandboxScene;
  let room: string;

  const configure = (budget: string) =>
    scene.configure(`
accounts: { "${bot}": {} }
instances:
  insta:
    plugin: instagram
    account: "${bot}"
    rooms: ["${room}"]
    config: { origin: "${instagram.origin}", budget: ${budget} }
`);
  const link = (shortcode: string) => `https://www.instagram.com/p/${shortcode}/`;
  const said = () =>
    scene.homeserver
      .timeline(room)
      .filter((event) => event.sender === bot && event.type === "m.room.message");
  const repliesTo = (asked: string) =>
    said().filter((event) => relationOf(event)?.["m.in_reply_to"]?.event_id === asked);
  const editsOf = (reply: string) =>
    said().filter(
      (event) => relationOf(event)?.rel_type === "m.replace" && relationOf(event)?.event_id === reply,
    );

  /** As what is redacted is. */
  const isEmpty = (eventId: string | undefined) => {
    const event = scene.homeserver.timeline(room).find(({ event_id }) => event_id === eventId);
    return Object.keys(event?.content ?? {}).length === 0;
  };

  beforeAll(async () => {
    scene = await SandboxScene.open();
    instagram.open();
    room = scene.ada.createRoom({ public: true });
    configure("{ burst: 50, seconds: 1 }");
    scene.host.start();
    await scene.joined(room, bot);
  });
  afterAll(async () => {
    await scene[Symbol.asyncDispose]();
    await instagram.close();
  });

  test("shows a carousel's first picture in the room, the rest in a thread under it, and then an index", async () => {
    const asked = scene.ada.say(room, link("DRoostSet03"));
    await until("the first is there", () => repliesTo(asked).length === 1);
    const [first] = repliesTo(asked);
    const threaded = () =>
      said().filter(
        (event) =>
          relationOf(event)?.event_id === first?.event_id && relationOf(event)?.rel_type === "m.thread",
      );
    await until("the rest is there", () => threaded().length === 2);
    expect(threaded().map((event) => String(event.content.body).slice(0, 3))).toEqual(["2/3", "3/3"]);
    await until("the index is there", () => editsOf(String(first?.event_id)).length === 1);
    const index = editsOf(String(first?.event_id))[0]?.content["m.new_content"];
    expect(stringAt(index, "formatted_body")).toContain(encodeURIComponent(String(threaded()[1]?.event_id)));
  });

  test("redacts its answer when the link is redacted", async () => {
    const asked = scene.ada.say(room, link("DRoostPic01"));
    await until("it is answered", () => repliesTo(asked).length === 1);
    const reply = repliesTo(asked)[0]?.event_id;
    scene.ada.redact(room, asked);
    await until("the answer is gone", () => isEmpty(reply));
  });

  test("tells the room that a link is queued, and turns that notice into the answer, across a kill -9", async () => {
    configure("{ burst: 1, seconds: 4 }");
    expect((await scene.host.command("restart", "insta")).code).toBe(0);
    const asked = ["DRoostSlo10", "DRoostBad08", "DRoostMov02"].map((code) =>
      scene.ada.say(room, link(code)),
    );
    const last = asked[2] ?? "";
    await until("the last is queued", () => repliesTo(last).length === 1);
    expect(repliesTo(last)[0]?.content.body).toMatch(/^Queued, .*\d before it\.$/);
    await scene.host.kill();
    scene.host.start();
    const notice = String(repliesTo(last)[0]?.event_id);
    await until("the notice became the answer", () => editsOf(notice).length === 1, 25_000);
    expect(stringAt(editsOf(notice)[0]?.content["m.new_content"], "msgtype")).toBe("m.image");
    for (const id of asked) expect(repliesTo(id).length).toBe(1);
  }, 40_000);

  test("a queued link that is redacted leaves the queue, and its notice goes too", async () => {
    const pages = instagram.requests.pages;
    scene.ada.say(room, link("DRoostBad01"));
    const asked = scene.ada.say(room, link("DRoostBad03"));
    await until("it is queued", () => repliesTo(asked).length === 1);
    const notice = repliesTo(asked)[0]?.event_id;
    scene.ada.redact(room, asked);
    await until("the notice is gone", () => isEmpty(notice));
    await until("nothing waits", async () =>
      (await scene.host.health("/healthz/insta")).body.includes('"queued":0'),
    );
    expect(instagram.requests.pages).toBe(pages + 1);
  }, 20_000);

  test("status counts the outcomes of the week", async () => {
    const { out } = await scene.host.command("status");
    expect(out).toMatch(/insta, last 7 days: .*\d+ post page/);
  });
});
