import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, setSystemTime, test } from "bun:test";
import { readFileSync } from "node:fs";
import { allowanceOf, settingsSchema } from "../../../src/bots/instagram/settings.ts";
import { ReplayedInstagram } from "../../../src/sandbox/instagram.ts";
import { FetcherDouble } from "./fetcher.ts";

const www = "https://www.instagram.com";
const picture = `${www}/p/DRoostPic01/`;
const carousel = `${www}/p/DRoostSet03/`;
const replayed = new ReplayedInstagram({ slowMs: 1200 });
let fetcher: FetcherDouble;

beforeAll(() => replayed.open());
afterAll(() => replayed.close());
beforeEach(() => {
  fetcher = new FetcherDouble(replayed.origin);
});
afterEach(() => {
  setSystemTime();
  fetcher.close();
  replayed.restore();
});

describe("a post", () => {
  test("costs one turn where its page tells all", async () => {
    expect(await fetcher.outcome(picture)).toBe("post page");
    expect([fetcher.taken, replayed.asked]).toEqual([1, ["GET /p/DRoostPic01/"]]);
    expect(fetcher.counted).toEqual(["post page"]);
  });

  test.each([
    ["unknown", "post embed"],
    ["limited", "post embed"],
  ] as const)("whose page is %s is told by the embed page", async (fault, outcome) => {
    replayed.spoil("page", fault);
    expect(await fetcher.outcome(carousel)).toBe(outcome);
    expect(fetcher.taken).toBe(2);
    expect(fetcher.holds).toEqual([]);
  });

  test("is told by GraphQL with the tokens and the query number of the page before", async () => {
    replayed.spoil("page", "limited");
    replayed.spoil("embed", "limited");
    const fetched = await fetcher.fetch(carousel);
    expect(fetched).toMatchObject({ strategy: "graphql", extraction: { post: { media: [{}, {}, {}] } } });
    expect(replayed.asked).toEqual([
      "GET /p/DRoostSet03/",
      "GET /p/DRoostSet03/embed/captioned/",
      "POST /api/graphql",
    ]);
  });

  test("is told by GraphQL alone, after one look at the home page for tokens", async () => {
    const settings = { strategies: ["graphql"], doc_ids: { post: "9876543210987654" } };
    expect(await fetcher.outcome(picture, settings)).toBe("post graphql");
    expect(await fetcher.outcome(carousel, settings)).toBe("post graphql");
    expect(replayed.asked).toEqual(["GET /", "POST /api/graphql", "POST /api/graphql"]);
    expect(fetcher.taken).toBe(3);
  });

  test("is broken-shape where the query's number is no longer known", async () => {
    expect(await fetcher.outcome(picture, { strategies: ["graphql"] })).toBe("broken-shape graphql");
  });

  test("has the best approximate answer when nobody tells all", async () => {
    replayed.spoil("page", "preview");
    replayed.spoil("embed", "html");
    replayed.spoil("graphql", "limited");
    const fetched = await fetcher.fetch(picture);
    expect(fetched).toMatchObject({
      strategy: "og",
      extraction: { post: { approximate: true, likes: 1000, media: [{}] } },
    });
    expect(replayed.asked).toHaveLength(3);
  });

  test("is not asked for again for tags that its page did not have", async () => {
    for (const way of ["page", "embed", "graphql"] as const) replayed.spoil(way, "limited");
    expect(await fetcher.outcome(picture)).toBe("rate-limited page");
    expect(replayed.asked).toHaveLength(3);
  });

  test("has its preview tags read by a request of their own where nobody else loads the page", async () => {
    replayed.spoil("page", "preview");
    expect(await fetcher.outcome(picture, { strategies: ["og"] })).toBe("post og");
    expect(await fetcher.outcome(picture, { strategies: ["embed", "og"] })).toBe("post embed");
  });

  test("is read from the embed page's HTML where its script is empty", async () => {
    replayed.spoil("embed", "html");
    const fetched = await fetcher.fetch(carousel, { strategies: ["embed"] });
    expect(fetched).toMatchObject({
      extraction: {
        post: {
          shortcode: "DRoostSet03",
          kind: "carousel",
          username: "harbour.kites",
          caption: "Three kites, three mistakes. Swipe for the one that worked.",
          likes: 873,
          comments: 52,
          approximate: true,
          media: [{ kind: "image", alt: "Photo of a red kite on the ground." }],
        },
      },
    });
  });

  test("that its page says is gone, private or for adults is asked for nowhere else", async () => {
    for (const [code, outcome] of [
      ["DRoostDel06", "deleted page"],
      ["DRoostPrv05", "private page"],
      ["DRoostAge08", "age-restricted page"],
    ]) {
      replayed.restore();
      expect(await fetcher.outcome(`${www}/p/${code}/`)).toBe(outcome ?? "");
      expect(replayed.asked).toHaveLength(1);
    }
  });

  test("behind a login page is refused with what says most", async () => {
    expect(await fetcher.outcome(`${www}/p/DRoostLog09/`)).toBe("login-required page");
    expect(replayed.asked.join()).not.toContain("/accounts/login/");
  });

  test("on an Instagram that cannot be reached is asked for once", async () => {
    const away = new FetcherDouble("http://127.0.0.1:1");
    expect(await away.outcome(picture)).toBe("unreachable page");
    expect(away.taken).toBe(1);
    away.close();
  });
});

describe("the address we come from", () => {
  test("is the proxy's where there is one, for the requests as for the allowance", async () => {
    const seen: string[] = [];
    const proxy = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: (request) => {
        seen.push(new URL(request.url).pathname);
        return fetch(`${replayed.origin}${new URL(request.url).pathname}`);
      },
    });
    const { port } = proxy;
    const settings = { proxy: `http://user:word@127.0.0.1:${port}` };
    expect(await fetcher.outcome(picture, settings)).toBe("post page");
    expect(seen).toEqual(["/p/DRoostPic01/"]);
    await proxy.stop(true);
    expect(allowanceOf(settingsSchema.parse(settings))).toEqual({
      allowance: `instagram via 127.0.0.1:${port}`,
      burst: 6,
      everyMs: 45_000,
    });
    expect(allowanceOf(settingsSchema.parse({})).allowance).toBe("instagram");
  });
});

describe("a redirect", () => {
  test("to another address of the same post is followed for a turn of its own, and to elsewhere not at all", async () => {
    const places = [
      "/harbour.kites/reel/DRoostPic01/",
      "https://pictures.example.org/p/DRoostPic01/",
      "/challenge/",
    ];
    const asked: string[] = [];
    const server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: (request) => {
        const { pathname } = new URL(request.url);
        asked.push(pathname);
        if (pathname !== "/p/DRoostPic01/") return fetch(`${replayed.origin}/p/DRoostPic01/`);
        return new Response(null, { status: 302, headers: { Location: places.shift() ?? "" } });
      },
    });
    const moved = new FetcherDouble(`http://127.0.0.1:${server.port}`);
    const settings = { strategies: ["page"] };
    expect(await moved.outcome(picture, settings)).toBe("post page");
    expect([asked.length, moved.taken]).toEqual([2, 2]);
    expect(await moved.outcome(picture, settings)).toBe("broken-shape page");
    expect(await moved.outcome(picture, settings)).toBe("challenge page");
    expect([asked.length, moved.taken]).toEqual([4, 4]);
    moved.close();
    await server.stop(true);
  });
});

describe("a profile", () => {
  const profile = `${www}/harbour.kites/`;

  test("has strategies of its own", async () => {
    expect(await fetcher.outcome(profile)).toBe("profile page");
    replayed.spoil("page", "limited");
    expect(await fetcher.outcome(profile)).toBe("profile web_profile_info");
    expect(await fetcher.outcome(profile, { profile_strategies: [] })).toBe("unsupported none");
  });
});

describe("a share link", () => {
  test("is answered with what it leads to", async () => {
    const fetched = await fetcher.fetch(`${www}/share/DRoostPic01?igsh=x`);
    expect(fetched).toMatchObject({
      outcome: "told",
      link: { kind: "post", shortcode: "DRoostPic01" },
      extraction: { post: { shortcode: "DRoostPic01" } },
    });
    expect(replayed.asked).toEqual(["GET /share/DRoostPic01", "GET /p/DRoostPic01/"]);
    expect(fetcher.taken).toBe(2);
  });

  test("that leads to a login page or nowhere is refused", async () => {
    expect(await fetcher.outcome(`${www}/share/none`)).toBe("login-required share");
    expect(await fetcher.outcome(`${www}/share/gone0000`)).toBe("deleted share");
  });

  test("is not looked up again when the post has to wait", async () => {
    fetcher.turns = 1;
    const waiting = await fetcher.fetch(`${www}/share/DRoostPic01`);
    expect(waiting).toMatchObject({ outcome: "wait", waitMs: 45_000, ahead: 2 });
    fetcher.turns = 2;
    const progress = waiting.outcome === "wait" ? waiting.progress : undefined;
    expect(
      await fetcher.fetch(`${www}/share/DRoostPic01`, {}, JSON.parse(JSON.stringify(progress))),
    ).toMatchObject({
      extraction: { outcome: "post" },
    });
    expect(replayed.asked).toHaveLength(2);
  });
});

describe("turns", () => {
  test("that are not granted make a link wait, and it goes on where it stopped", async () => {
    replayed.spoil("page", "limited");
    replayed.spoil("embed", "limited");
    fetcher.turns = 0;
    let fetched = await fetcher.fetch(picture);
    const asked: number[] = [];
    while (fetched.outcome === "wait") {
      asked.push(replayed.asked.length);
      fetcher.turns++;
      fetched = await fetcher.fetch(picture, {}, JSON.parse(JSON.stringify(fetched.progress)));
    }
    expect(asked).toEqual([0, 1, 2]);
    expect(fetched.strategy).toBe("graphql");
    expect([fetcher.taken, replayed.asked.length]).toEqual([3, 3]);
    expect(fetcher.counted).toEqual(["post graphql"]);
  });
});

describe("the backoff", () => {
  const everywhere = ["page", "embed", "graphql"] as const;
  const minutesHeld = (nowMs: number) => Math.round(((fetcher.holds.at(-1) ?? 0) - nowMs) / 60_000);

  test("doubles from 2 minutes to 2 hours, outlives a restart, and ends with a success", async () => {
    for (const way of everywhere) replayed.spoil(way, "limited");
    let nowMs = 1_800_000_000_000;
    const lengths: number[] = [];
    for (let round = 0; round < 8; round++) {
      setSystemTime(nowMs);
      expect(await fetcher.fetch(picture)).toMatchObject({
        extraction: { refusal: { class: "rate-limited", retryAfterSeconds: 120 * Math.min(60, 2 ** round) } },
      });
      lengths.push(minutesHeld(nowMs));
      fetcher.restart();
      nowMs = (fetcher.holds.at(-1) ?? 0) + 1000;
    }
    expect(lengths).toEqual([2, 4, 8, 16, 32, 64, 120, 120]);
    expect(fetcher.counted).toEqual([]);
    replayed.restore();
    setSystemTime(nowMs);
    expect(await fetcher.outcome(picture)).toBe("post page");
    for (const way of everywhere) replayed.spoil(way, "limited");
    await fetcher.fetch(picture);
    expect(minutesHeld(nowMs)).toBe(2);
  });

  test("is told to the host again after a restart, and links that fail together count once", async () => {
    for (const way of everywhere) replayed.spoil(way, "limited");
    await Promise.all([fetcher.fetch(picture), fetcher.fetch(carousel)]);
    const [until] = fetcher.holds;
    fetcher.restart();
    await fetcher.fetch(picture);
    expect(until).toBeNumber();
    expect(fetcher.holds.filter((held) => held !== until)).toEqual([]);
  });

  test("is as long as Instagram says where it says so, and begins at once", async () => {
    setSystemTime(1_800_000_000_000);
    replayed.spoil("page", "told");
    fetcher.turns = 1;
    const first = await fetcher.fetch(picture);
    expect(fetcher.holds).toEqual([1_800_000_060_000]);
    setSystemTime(1_800_000_061_000);
    fetcher.turns = 2;
    const second = await fetcher.fetch(picture, {}, first.outcome === "wait" ? first.progress : undefined);
    expect(fetcher.holds).toEqual([1_800_000_060_000, 1_800_000_121_000]);
    setSystemTime(1_800_000_122_000);
    fetcher.turns = 3;
    const third = await fetcher.fetch(picture, {}, second.outcome === "wait" ? second.progress : undefined);
    expect(third).toMatchObject({ outcome: "told", strategy: "embed" });
    expect(replayed.asked).toEqual([
      "GET /p/DRoostPic01/",
      "GET /p/DRoostPic01/",
      "GET /p/DRoostPic01/embed/captioned/",
    ]);
  });
});

describe("a strategy that no longer understands its answers", () => {
  test("is rested after five in a row over ten minutes, with one warning and a sample without secrets", async () => {
    replayed.spoil("page", "unknown");
    let nowMs = 1_800_000_000_000;
    for (let round = 0; round < 5; round++) {
      setSystemTime(nowMs);
      expect(await fetcher.outcome(picture)).toBe("post embed");
      nowMs += 150_000;
    }
    expect(fetcher.logged).toHaveLength(1);
    const sample = readFileSync(`${fetcher.folder}/not-understood-page.json`, "utf8");
    expect(sample).toContain("xig_timeless_media");
    expect(sample).not.toContain("AVqSecret");
    expect(sample).not.toContain("w".repeat(41));
    replayed.restore();
    replayed.spoil("page", "unknown");
    await fetcher.fetch(picture);
    expect(replayed.asked).toEqual(["GET /p/DRoostPic01/embed/captioned/"]);
    replayed.restore();
    setSystemTime(nowMs + 6 * 3_600_000);
    expect(await fetcher.outcome(picture)).toBe("post page");
  });

  test("is not rested for five within a moment, nor for fewer with a success between", async () => {
    replayed.spoil("page", "unknown");
    for (let round = 0; round < 7; round++) await fetcher.fetch(picture);
    expect(fetcher.logged).toEqual([]);
    replayed.restore();
    await fetcher.fetch(picture);
    replayed.spoil("page", "unknown");
    setSystemTime(Date.now() + 3_600_000);
    await fetcher.fetch(picture);
    expect(fetcher.logged).toEqual([]);
  });
});
