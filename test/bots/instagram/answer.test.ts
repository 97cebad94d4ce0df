import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import instagram from "../../../src/bots/instagram/index.ts";
import { type Settings, settingsSchema } from "../../../src/bots/instagram/settings.ts";
import { createHttp } from "../../../src/plugins/http.ts";
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

  test("to a carousel is answered with every picture in order", async () => {
    await bot.post(`${www}/p/DRoostSet03/`);
    expect(bot.replies.map((reply) => [reply.key, reply.content.filename])).toEqual([
      ["post:DRoostSet03", "harbour.kites-DRoostSet03-1.jpg"],
      ["post:DRoostSet03:2", "harbour.kites-DRoostSet03-2.jpg"],
      ["post:DRoostSet03:3", "harbour.kites-DRoostSet03-3.png"],
    ]);
    expect(bodies().map((body) => body.split("\n")[0])).toEqual(["1/3", "2/3", "3/3"]);
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

  test.each([`${www}/stories/somebody/123/`, `${www}/explore/tags/kites/`, `${www}/share/AbCdEf`])(
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
  test.each([0, 1, 2])("after dying before send %i sends the rest, and nothing twice", async (sends) => {
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

describe("a rate-limited link", () => {
  const link = `${www}/p/DRoostPic01/`;
  const retry = { deferredKey: "retry:post:DRoostPic01" };

  test("is announced once, tried again at growing distances, and answered", async () => {
    replayed.rateLimitFor("DRoostPic01", 3);
    const distances: number[] = [];
    const note = () => {
      const atMs = bot.defers.get("$event retry:post:DRoostPic01") ?? 0;
      distances.push(Math.round((atMs - Date.now()) / 60_000));
    };
    await bot.post(link);
    note();
    await bot.post(link, retry);
    note();
    await bot.post(link, retry);
    note();
    expect(bodies()).toEqual(["Instagram asks us to wait (rate-limited); trying again in about 2 minutes."]);
    expect(distances).toEqual([2, 4, 8]);
    await bot.post(link, retry);
    expect(bot.replies.map((reply) => reply.key)).toEqual(["wait:post:DRoostPic01", "post:DRoostPic01"]);
    expect(bot.replies[1]?.content.msgtype).toBe("m.image");
  });

  test("does not hold up the others, and its retry answers it alone", async () => {
    replayed.rateLimitFor("DRoostPic01", 1);
    await bot.post(`${link} ${www}/p/DRoostDel06/`);
    await bot.post(`${link} ${www}/p/DRoostDel06/`, retry);
    expect(bot.replies.map((reply) => reply.key)).toEqual([
      "wait:post:DRoostPic01",
      "post:DRoostDel06",
      "post:DRoostPic01",
    ]);
  });

  test("is not asked for before its time when the message is handled again", async () => {
    replayed.rateLimitFor("DRoostPic01", 1);
    await bot.post(link);
    const { pages } = replayed.requests;
    await bot.start(instagram);
    await bot.post(link);
    expect(replayed.requests.pages).toBe(pages);
    expect(bot.replies).toHaveLength(1);
    expect(bot.defers.size).toBe(1);
  });
});
