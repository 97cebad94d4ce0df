import { afterAll, beforeAll, expect, test } from "bun:test";
import { objectAt, stringAt } from "../src/core/json.ts";
import { ReplayedInstagram } from "../src/sandbox/instagram.ts";
import { until } from "./doubles/delivery.ts";
import type { SeenEvent } from "./doubles/matrix-user.ts";
import { needs } from "./doubles/needs.ts";
import { findSynapse } from "./doubles/synapse.ts";
import { SynapseScene } from "./doubles/synapse-scene.ts";

const found = await findSynapse();

needs("a real Synapse", "lack" in found ? found.lack : undefined)("Instagram on a real Synapse", () => {
  const instagram = new ReplayedInstagram();
  let scene: SynapseScene;
  let room: string;

  beforeAll(async () => {
    scene = await SynapseScene.open("python" in found ? found.python : "");
    instagram.open();
    room = await scene.openRoom();
    const account = scene.userId("insta");
    const config = `{ origin: "${instagram.origin}", video: upload, budget: { burst: 100, seconds: 1 } }`;
    await scene.configure(
      `accounts: { "${account}": {} }\ninstances:\n  insta: { plugin: instagram, account: "${account}", rooms: ["${room}"], config: ${config} }\n`,
    );
    scene.host.start();
    await scene.host.untilInstance("insta", "running", 30_000);
    await scene.joined(room, "insta");
  }, 90_000);
  afterAll(async () => {
    await scene[Symbol.asyncDispose]();
    await instagram.close();
  });

  function relationOf(event: SeenEvent) {
    const relation = objectAt(event.content, "m.relates_to");
    const type = stringAt(relation, "rel_type");
    const replied = stringAt(objectAt(relation, "m.in_reply_to"), "event_id");
    return { type, target: type === undefined ? replied : stringAt(relation, "event_id") };
  }

  /** Whether the event replies to the question, or stands under such a reply, or edits one. */
  function answers(event: SeenEvent, question: string, history: readonly SeenEvent[]): boolean {
    const { target } = relationOf(event);
    if (target === undefined || target === question) return target === question;
    const between = history.find(({ eventId }) => eventId === target);
    return between !== undefined && answers(between, question, history);
  }

  async function answersTo(question: string): Promise<SeenEvent[]> {
    const history = await scene.anna.history(room);
    return history.filter((event) => answers(event, question, history));
  }

  test.each(instagram.catalogue.map((offer) => [offer.label, offer] as const))(
    "%s is answered as the catalogue says",
    async (_, offer) => {
      const question = await scene.anna.say(room, offer.url);
      const missing = async () => {
        const seen = await answersTo(question);
        return offer.replies.filter(
          ({ msgtype, says }) =>
            !seen.some(({ content }) => content.msgtype === msgtype && String(content.body).includes(says)),
        );
      };
      await until(`${offer.label} is answered`, async () => (await missing()).length === 0, 20_000);
    },
    30_000,
  );

  test("the homeserver counts a carousel's pictures as its thread, and gives a queued link's answer for its notice", async () => {
    const question = await scene.anna.say(room, "https://www.instagram.com/p/DRoostSet03/");
    await until("all are there", async () => (await answersTo(question)).length === 4, 10_000);
    const seen = await answersTo(question);
    const root = seen.find((event) => relationOf(event).target === question);
    expect(seen.map((event) => relationOf(event).type).sort()).toEqual(
      ["m.replace", "m.thread", "m.thread", undefined].sort(),
    );
    const path = `/_matrix/client/v3/rooms/${encodeURIComponent(room)}/event/${encodeURIComponent(root?.eventId ?? "")}`;
    const bundled = objectAt(objectAt(await scene.anna.request("GET", path), "unsigned"), "m.relations");
    expect(objectAt(bundled, "m.thread")?.count).toBe(2);
    expect(String(objectAt(objectAt(bundled, "m.replace"), "content")?.body)).toEndWith("1 2 3");
  }, 20_000);

  test("a link that is redacted takes its answer along", async () => {
    const question = await scene.anna.say(room, "https://www.instagram.com/p/DRoostPic01/");
    await until("it is answered", async () => (await answersTo(question)).length === 1, 10_000);
    const [answer] = await answersTo(question);
    const redact = `/_matrix/client/v3/rooms/${encodeURIComponent(room)}/redact/${encodeURIComponent(question)}/1`;
    await scene.anna.request("PUT", redact, {});
    await until(
      "the answer is gone",
      async () => {
        const history = await scene.anna.history(room);
        const left = history.find(({ eventId }) => eventId === answer?.eventId);
        return left?.content.url === undefined;
      },
      10_000,
    );
  }, 30_000);
});
