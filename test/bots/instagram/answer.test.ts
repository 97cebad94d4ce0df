import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import instagram from "../../../src/bots/instagram/index.ts";
import { type Settings, settingsSchema } from "../../../src/bots/instagram/settings.ts";
import { createHttp } from "../../../src/plugins/http/http.ts";
import { ReplayedInstagram } from "../../../src/sandbox/instagram.ts";
import { BotDouble } from "../../doubles/bot.ts";

const www = "https://www.instagram.com";
const replayed = new ReplayedInstagram({ slowMs: 1200 });
let bot: BotDouble<Settings>;

beforeAll(() => replayed.open());
afterAll(() => replayed.close());
beforeEach(async () => {
  bot = await startBot();
});
afterEach(() => bot.close());

function startBot(settings: object = {}): Promise<BotDouble<Settings>> {
  const config = settingsSchema.parse({ origin: replayed.origin, ...settings });
  return new BotDouble(config, createHttp()).start(instagram);
}

function bodies(): string[] {
  return bot.replies.map((reply) => String(reply.content.body));
}

describe("a link", () => {
  test("to a picture is answered with it, its caption, counts and thumbnail", async () => {
    await bot.post(`look ${www}/p/DRoostPic01/?igsh=abc`);
    expect(bot.replies).toHaveLength(1);
    const [reply] = bot.replies;
    expect(reply?.key).toBe("post:DRoostPic01");
    expect(reply?.content).toMatchObject({
      msgtype: "m.image",
      filename: "harbour.kites-DRoostPic01.jpg",
      url: "mxc://test.example/file1",
      format: "org.matrix.custom.html",
      info: {
        w: 1080,
        h: 1350,
        mimetype: "image/jpeg",
        size: bot.uploads[0]?.bytes,
        thumbnail_url: "mxc://test.example/file2",
        thumbnail_info: { w: 256, h: 320, mimetype: "image/jpeg", size: bot.uploads[1]?.bytes },
      },
    });
    expect(bodies()[0]).toContain("First light over the pier.");
    expect(bodies()[0]).toContain("1,204 likes · 37 comments");
    expect(bodies()[0]).toContain("Picture: Photo of a sunrise over hills.");
    expect(bodies()[0]).not.toContain("three mistakes");
    expect(bot.typing).toEqual([true, false]);
  });

  test("to a reel is answered with its still, hidden likes and a dated download link", async () => {
    await bot.post(`${www}/reel/DRoostMov02/`);
    expect(bodies()[0]).toContain("likes hidden · 118 comments");
    expect(bodies()[0]).toMatch(/Video, 0:42 \(download, valid until \d{4}-\d\d-\d\d \d\d:\d\d UTC\): http/);
  });

  test("to a profile is answered with what it says about itself", async () => {
    await bot.post(`${www}/Harbour.Kites/`);
    expect(bot.replies[0]?.content.msgtype).toBe("m.image");
    expect(bodies()[0]).toContain("harbour.kites on Instagram (verified)");
    expect(bodies()[0]).toContain("48,213 followers · 310 following");
    expect(bodies()[0]).toContain(`Recent picture: ${www}/p/DRoostPic01/`);
    expect(String(bot.replies[0]?.content.formatted_body).match(/<img src="mxc:/g)).toHaveLength(3);
    expect(bot.uploads.map(({ mimetype }) => mimetype)).toEqual(Array(5).fill("image/jpeg"));
  });

  test("that is slow is answered all the same", async () => {
    await bot.post(`${www}/p/DRoostSlo10/`);
    expect(bodies()[0]).toContain("Slow and steady.");
  });

  test.each([
    ["DRoostPrv05", "private"],
    ["DRoostDel06", "deleted"],
    ["DRoostAge08", "logged-in adults"],
    ["DRoostLog09", "logged in"],
  ])("to %s is refused in one sentence: %s", async (code, word) => {
    await bot.post(`${www}/p/${code}/`);
    expect(bot.replies).toHaveLength(1);
    expect(bot.replies[0]?.content.msgtype).toBe("m.notice");
    expect(bodies()[0]).toContain(word);
  });

  test.each([`${www}/stories/somebody/123/`, `${www}/explore/tags/kites/`, `${www}/reels/audio/123/`])(
    "%s gets one polite sentence and no request",
    async (url) => {
      const before = replayed.requests.pages;
      await bot.post(url);
      expect(bot.replies).toHaveLength(1);
      expect(replayed.requests.pages).toBe(before);
    },
  );

  test("while Instagram is away gets a sentence", async () => {
    bot.close();
    bot = await startBot({ origin: "http://127.0.0.1:1" });
    await bot.post(`${www}/p/DRoostPic01/`);
    expect(bodies()).toEqual(["Instagram could not be reached just now; post the link again later."]);
  });

  test("to a page that takes longer than the time-out is unreachable", async () => {
    bot.close();
    bot = await startBot({ timeout_seconds: 1 });
    await bot.post(`${www}/p/DRoostSlo10/`);
    expect(bodies()[0]).toContain("could not be reached");
  });

  test("that is refused stays in the log where the admin wants no notices", async () => {
    bot.close();
    bot = await startBot({ refusals: "log" });
    await bot.post(`${www}/p/DRoostDel06/`);
    expect(bot.replies).toEqual([]);
    expect(bot.logged).toEqual(["Instagram gave nothing: deleted."]);
  });

  test("that is refused gets a reaction where the admin wants it so, each emoji once", async () => {
    bot.close();
    bot = await startBot({ refusals: "reaction" });
    await bot.post(`${www}/p/DRoostDel06/ ${www}/p/DRoostPrv05/ ${www}/p/DRoostDel66/`);
    expect(bot.replies).toEqual([]);
    expect(bot.reactions.map(({ emoji }) => emoji)).toEqual(["🗑️", "🔒"]);
  });

  test("of a kind without preview meets with silence where the admin wants it so", async () => {
    bot.close();
    bot = await startBot({ unsupported: "silent" });
    await bot.post(`${www}/stories/somebody/123/ ${www}/p/DRoostDel06/`);
    expect(bot.replies.map(({ key }) => key)).toEqual(["post:DRoostDel06"]);
  });

  test("to be shared is answered with what it leads to, once looked up", async () => {
    await bot.post(`${www}/share/DRoostPic01`, { eventId: "$one" });
    expect(bodies()[0]).toContain("First light over the pier.");
    const { pages } = replayed.requests;
    await bot.post(`${www}/share/DRoostPic01`, { eventId: "$two" });
    await bot.post(`${www}/p/DRoostPic01/`, { eventId: "$three" });
    expect(bot.replies).toHaveLength(3);
    expect(replayed.requests.pages).toBe(pages);
    expect(bot.uploads).toHaveLength(2);
  });
});

describe("a carousel", () => {
  const set = `${www}/p/DRoostSet03/`;
  const link = (eventId: string) => `https://matrix.to/#/!room%3Atest.example/%24${eventId}?via=test.example`;

  test("has its first picture in the room, the others under it in a thread, and an index once all are there", async () => {
    await bot.post(set);
    expect(
      bot.replies.map(({ key, thread, edits, content }) => [key, thread ?? edits, content.filename]),
    ).toEqual([
      ["post:DRoostSet03", undefined, "harbour.kites-DRoostSet03-1.jpg"],
      ["post:DRoostSet03:2", "$reply1", "harbour.kites-DRoostSet03-2.jpg"],
      ["post:DRoostSet03:3", "$reply1", "harbour.kites-DRoostSet03-3.png"],
      ["post:DRoostSet03:index", "$reply1", "harbour.kites-DRoostSet03-1.jpg"],
    ]);
    expect(bodies().map((body) => body.split("\n")[0])).toEqual(["1/3", "2/3", "3/3", "1/3"]);
    expect(bot.replies[2]?.content.formatted_body).toContain(
      `3/3 · <a href="${link("reply2")}">previous</a> · <a href="${link("reply1")}">first</a>`,
    );
    expect(bodies()[0]).not.toEndWith("1 2 3");
    expect(bodies()[3]).toEndWith("\n1 2 3");
    for (const id of ["reply1", "reply2", "reply3"])
      expect(bot.replies[3]?.content.formatted_body).toContain(`<a href="${link(id)}">${id.slice(5)}</a>`);
  });

  test("begins with the picture that the link names, goes on from there, and keeps its numbers", async () => {
    await bot.post(`${set}?img_index=2`);
    expect(bodies().map((body) => body.split("\n")[0])).toEqual(["2/3", "3/3", "1/3", "2/3"]);
    expect(bodies()[0]).toContain("Three kites, three mistakes.");
    expect(bot.replies[3]?.content.formatted_body).toContain(
      `<a href="${link("reply3")}">1</a> <a href="${link("reply1")}">2</a> <a href="${link("reply2")}">3</a>`,
    );
  });

  test.each([
    ["by config", { carousel: "room" }, {}],
    ["when the link was posted in a thread", {}, { isInThread: true }],
  ])("is posted flat %s", async (_, settings, options) => {
    bot.close();
    bot = await startBot(settings);
    await bot.post(set, options);
    expect(bot.replies.map(({ thread }) => thread)).toEqual(Array(4).fill(undefined));
    expect(bot.replies[3]?.edits).toBe("$reply1");
  });

  test("of which one picture cannot be had shows the others", async () => {
    await bot.post(`${www}/p/DRoostTwe20/`);
    expect(bot.replies).toHaveLength(21);
    expect(
      bodies()
        .slice(0, 20)
        .map((body) => body.split("\n")[0]),
    ).toEqual(Array.from({ length: 20 }, (_, at) => `${at + 1}/20`));
    expect(bodies()[4]).toContain("The picture is missing: it is empty.");
  });
});

describe("a picture", () => {
  test.each([
    ["DRoostBad01", "it is empty"],
    ["DRoostBad02", "it is larger than 30 MB"],
    ["DRoostBad03", "it is not a picture"],
    ["DRoostBad04", "it does not lie on Instagram's servers"],
    ["DRoostBad05", "it does not lie on Instagram's servers"],
    ["DRoostBad06", "it does not lie on Instagram's servers"],
    ["DRoostBad07", "it was cut off on the way"],
  ])("of %s is left out: %s", async (code, cause) => {
    await bot.post(`${www}/p/${code}/`);
    expect(bot.replies[0]?.content.msgtype).toBe("m.text");
    expect(bodies()[0]).toContain("Something is wrong with this picture.");
    expect(bodies()[0]).toEndWith(`The picture is missing: ${cause}.`);
    expect(bot.uploads).toEqual([]);
  });

  test("with a hostile caption becomes neither HTML nor a ping nor a command", async () => {
    await bot.post(`${www}/p/DRoostBad08/`);
    const { body, formatted_body, "m.mentions": mentions } = bot.replies[0]?.content ?? {};
    expect(mentions).toEqual({});
    expect(body).not.toMatch(/^!/m);
    expect(body).not.toContain("@room");
    expect(formatted_body).not.toContain("<img");
    expect(formatted_body).not.toContain("<b>");
    expect(formatted_body).not.toContain("@room");
    expect(formatted_body).toContain("&lt;b&gt;bold&lt;/b&gt;");
  });
});

describe("several links", () => {
  test("in one message are answered each once and in order, refusals by name", async () => {
    await bot.post(`${www}/p/DRoostDel06/ ${www}/p/DRoostPic01/ https://ddinstagram.com/p/DRoostPic01/`);
    expect(bot.replies.map((reply) => reply.key)).toEqual(["post:DRoostDel06", "post:DRoostPic01"]);
    expect(bodies()[0]).toStartWith("DRoostDel06: ");
  });

  test("and words about Instagram cause nothing", async () => {
    await bot.post("I saw it on instagram.com, I think");
    expect(bot.replies).toEqual([]);
    expect(bot.typing).toEqual([]);
  });

  test("to one post from two messages at once cost one request", async () => {
    const before = { ...replayed.requests };
    await Promise.all([
      bot.post(`${www}/p/DRoostPic01/`, { eventId: "$one" }),
      bot.post(`${www}/p/DRoostPic01/`, { eventId: "$two" }),
    ]);
    expect(bot.replies).toHaveLength(2);
    expect(replayed.requests).toEqual({ pages: before.pages + 1, media: before.media + 1 });
  });

  test("to one post one after the other cost one request and one upload, also after a restart", async () => {
    await bot.post(`${www}/p/DRoostPic01/`, { eventId: "$one" });
    const { pages, media } = replayed.requests;
    await bot.start(instagram);
    await bot.post(`${www}/reel/DRoostPic01/`, { eventId: "$two" });
    expect(bot.replies[1]?.content).toEqual(bot.replies[0]?.content ?? {});
    expect(replayed.requests).toEqual({ pages, media });
    expect(bot.uploads).toHaveLength(2);
  });

  test("to a picture that failed for a moment are fetched again", async () => {
    await bot.post(`${www}/p/DRoostBad07/`, { eventId: "$one" });
    const { media } = replayed.requests;
    await bot.post(`${www}/p/DRoostBad07/`, { eventId: "$two" });
    expect(replayed.requests.media).toBe(media + 1);
  });
});

describe("a repeated run", () => {
  test.each([0, 1, 2, 3])("after dying before send %i sends the rest, and nothing twice", async (sends) => {
    bot.sendsUntilDeath = sends;
    const link = `${www}/p/DRoostSet03/ ${www}/p/DRoostDel06/`;
    await expect(bot.post(link)).rejects.toThrow("killed");
    bot.sendsUntilDeath = Number.POSITIVE_INFINITY;
    await bot.start(instagram);
    await bot.post(link);
    expect(bot.replies.map((reply) => reply.key)).toEqual([
      "post:DRoostSet03",
      "post:DRoostSet03:2",
      "post:DRoostSet03:3",
      "post:DRoostSet03:index",
      "post:DRoostDel06",
    ]);
  });

  test("of a refused link says nothing more, though Instagram has changed its mind", async () => {
    bot.close();
    let asked = 0;
    const fickle = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: (request) =>
        asked++ === 0
          ? new Response("gone", { status: 404 })
          : fetch(`${replayed.origin}${new URL(request.url).pathname}`),
    });
    bot = await startBot({ origin: `http://127.0.0.1:${fickle.port}` });
    await bot.post(`${www}/p/DRoostSet03/`);
    await bot.post(`${www}/p/DRoostSet03/`);
    await fickle.stop(true);
    expect(bot.replies.map((reply) => reply.key)).toEqual(["post:DRoostSet03"]);
    expect(asked).toBe(1);
  });
});
