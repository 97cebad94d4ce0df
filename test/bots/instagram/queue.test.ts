import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { Answerer } from "../../../src/bots/instagram/answer.ts";
import { literals } from "../../../src/bots/instagram/link.ts";
import { type Settings, settingsSchema } from "../../../src/bots/instagram/settings.ts";
import { AnswerStore } from "../../../src/bots/instagram/store.ts";
import { StrategyState } from "../../../src/bots/instagram/strategy-state.ts";
import { RoostError } from "../../../src/core/error.ts";
import type { MxcUri } from "../../../src/core/id.ts";
import type { Bot } from "../../../src/core/plugin.ts";
import { createHttp } from "../../../src/plugins/http/http.ts";
import { ReplayedInstagram } from "../../../src/sandbox/instagram.ts";
import { posts, profiles, type ReplayedPost } from "../../../src/sandbox/instagram-catalogue.ts";
import { renderPage, renderPost } from "../../../src/sandbox/instagram-page.ts";
import { drawJpeg } from "../../../src/sandbox/instagram-picture.ts";
import { BotDouble } from "../../doubles/bot.ts";

const www = "https://www.instagram.com";
const mxc = "mxc://test.example/late" as MxcUri;
const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;

interface Asked {
  readonly body: string;
  readonly options: { readonly eventId: string; readonly sender: string };
}

/** The host around a bot on a clock that is turned by hand: rows that did not settle run again, deferred ones when they are due. */
class Clockwork {
  readonly bot: BotDouble<Settings>;
  readonly #asked = new Map<string, Asked>();
  readonly #unsettled: { readonly asked: Asked; readonly deferredKey: string | undefined }[] = [];
  readonly #changes: Partial<Bot<Settings>>;
  readonly #patienceMs: number;
  deaths = 0;

  constructor(settings: object, changes: Partial<Bot<Settings>> = {}, patienceMs = 20_000) {
    this.#changes = changes;
    this.#patienceMs = patienceMs;
    this.bot = new BotDouble(settingsSchema.parse(settings), createHttp());
  }

  readonly #plugin = {
    answersTo: () => [],
    setup: (bot: Bot<Settings>) => {
      const now = () => this.bot.nowMs;
      const store = new AnswerStore(bot.db, now);
      store.open();
      const state = new StrategyState(bot.db);
      state.open();
      const answerer = new Answerer({
        bot: { ...bot, ...this.#changes },
        store,
        state,
        now,
        patienceMs: this.#patienceMs,
      });
      bot.message(literals, (message) => answerer.answer(message));
    },
  };

  async start(): Promise<void> {
    await this.bot.start(this.#plugin);
  }

  async say(eventId: string, body: string, sender = "@ada:test.example"): Promise<void> {
    const asked = { body, options: { eventId, sender } };
    this.#asked.set(eventId, asked);
    await this.#run(asked, undefined);
  }

  /** Starts again after a death, and runs again what had not settled. */
  async recover(): Promise<void> {
    this.deaths++;
    this.bot.sendsUntilDeath = Number.POSITIVE_INFINITY;
    await this.start();
    const left = this.#unsettled.splice(0);
    await Promise.all(left.map(({ asked, deferredKey }) => this.#run(asked, deferredKey)));
  }

  /** Turns the clock to the next deferred run and does all that are due then; false when none is left. */
  async advance(): Promise<boolean> {
    const { defers } = this.bot;
    const next = Math.min(...defers.values());
    if (!Number.isFinite(next)) return false;
    this.bot.nowMs = Math.max(next, this.bot.nowMs);
    const due = [...defers].filter(([, atMs]) => atMs <= this.bot.nowMs).sort((a, b) => a[1] - b[1]);
    for (const [name] of due) defers.delete(name);
    await Promise.all(
      due.map(([name]) => {
        const asked = this.#asked.get(name.slice(0, name.indexOf(" ")));
        return asked && this.#run(asked, name.slice(name.indexOf(" ") + 1));
      }),
    );
    return true;
  }

  async #run(asked: Asked, deferredKey: string | undefined): Promise<void> {
    try {
      await this.bot.post(asked.body, { ...asked.options, deferredKey });
    } catch {
      this.#unsettled.push({ asked, deferredKey });
    }
  }

  rows(table: string): number {
    const row = this.bot.db.query<{ rows: number }, []>(`SELECT count(*) AS rows FROM ${table}`).get();
    return row?.rows ?? 0;
  }
}

/** Has any post, and notes when it was asked for which. */
async function serveAnyPost(clockwork: () => Clockwork) {
  const requests: { readonly code: string; readonly atMs: number }[] = [];
  const picture = await drawJpeg(1, 64, 64);
  const [model] = posts;
  const [owner] = profiles;
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch(request): Response {
      const { pathname, origin } = new URL(request.url);
      if (pathname.startsWith("/media/")) return new Response(Uint8Array.from(picture));
      const code = pathname.split("/")[2] ?? "";
      requests.push({ code, atMs: clockwork().bot.nowMs });
      if (model === undefined || owner === undefined) return new Response("", { status: 404 });
      const post: ReplayedPost = { ...model, shortcode: code, media: model.media.slice(0, 1) };
      return new Response(renderPage("Post", [renderPost(post, owner, [], origin)]));
    },
  });
  return { requests, origin: `http://127.0.0.1:${server.port}`, close: () => server.stop(true) };
}

describe("200 links in a minute on a budget of 60 an hour", () => {
  test("are told once each and answered in order within the budget, through two deaths; then nothing is left", async () => {
    let clockwork: Clockwork | undefined;
    const instagram = await serveAnyPost(() => clockwork as Clockwork);
    clockwork = new Clockwork({ origin: instagram.origin, budget: { burst: 6, seconds: 60 } });
    const { bot } = clockwork;
    await clockwork.start();
    const senders = ["@ada:test.example", "@grace:test.example", "@kay:test.example"];
    const codes = Array.from({ length: 200 }, (_, at) => `Code${String(at).padStart(4, "0")}`);
    for (const [at, code] of codes.entries()) {
      bot.nowMs += 300;
      if (at === 80) bot.sendsUntilDeath = 1;
      await clockwork.say(`$ask${at}`, `${www}/p/${code}/`, senders[at % senders.length]);
      if (at === 83) await clockwork.recover();
    }
    let rounds = 0;
    while (await clockwork.advance()) {
      if (rounds === 60) bot.sendsUntilDeath = 0;
      if (rounds === 63) await clockwork.recover();
      expect(++rounds).toBeLessThan(5_000);
    }

    expect(clockwork.deaths).toBe(2);
    const answers = bot.replies.filter(({ key }) => key.startsWith("post:"));
    expect(answers.map(({ key }) => key.slice(5)).sort()).toEqual(codes);
    expect(answers.every(({ content }) => content.msgtype === "m.image")).toBe(true);
    // Whoever was told reads the answer where the notice stood.
    const notices = bot.replies.filter(({ key }) => key.startsWith("wait:"));
    expect(new Set(notices.map(({ key }) => key)).size).toBe(notices.length);
    expect(answers.filter(({ edits }) => edits !== undefined).map(({ edits }) => edits)).toEqual(
      answers.flatMap(({ key }) => notices.find((notice) => notice.key === `wait:${key}`)?.eventId ?? []),
    );
    expect(notices.length).toBeGreaterThanOrEqual(190);
    expect(notices.at(-1)?.content.body).toMatch(/^Queued, about \d+ (?:minutes|hours), \d+ before it\.$/);
    // In the order of asking for each sender.
    for (const [at] of senders.entries()) {
      const own = answers.map(({ key }) => Number(key.slice(9))).filter((index) => index % 3 === at);
      expect(own).toEqual([...own].sort((a, b) => a - b));
    }
    expectWithinBudget(instagram.requests, 6, minuteMs);
    expect(instagram.requests).toHaveLength(200);

    bot.nowMs += dayMs + 1;
    await clockwork.start();
    expect([clockwork.rows("answers"), clockwork.rows("jobs")]).toEqual([0, 0]);
    bot.close();
    await instagram.close();
  }, 30_000);

  function expectWithinBudget(
    requests: readonly { readonly atMs: number }[],
    burst: number,
    everyMs: number,
  ) {
    for (let from = 0; from < requests.length; from++) {
      for (let to = from; to < requests.length; to++) {
        const spanMs = (requests[to]?.atMs ?? 0) - (requests[from]?.atMs ?? 0);
        expect(to - from + 1).toBeLessThanOrEqual(burst + Math.floor(spanMs / everyMs));
      }
    }
  }
});

describe("a link that has to wait", () => {
  const replayed = new ReplayedInstagram();
  let clockwork: Clockwork;
  const link = `${www}/p/DRoostPic01/`;

  beforeEach(async () => {
    replayed.open();
    clockwork = new Clockwork({ origin: replayed.origin, budget: { burst: 1, seconds: 120 } });
    await clockwork.start();
  });
  afterEach(async () => {
    clockwork.bot.close();
    replayed.rateLimitFor("DRoostPic01", 0);
    replayed.restore();
    await replayed.close();
  });

  function keys(): string[] {
    return clockwork.bot.replies.map(({ key }) => key);
  }
  function bodies(): string[] {
    return clockwork.bot.replies.map(({ content }) => String(content.body));
  }

  test("is told at once, and the notice becomes the answer, a carousel's thread under it", async () => {
    await clockwork.say("$one", link);
    await clockwork.say("$two", `${www}/p/DRoostSet03/`);
    expect(bodies()[1]).toBe("Queued, about 2 minutes.");
    while (await clockwork.advance());
    const [, notice, first, second, , index] = clockwork.bot.replies;
    expect(first).toMatchObject({ key: "post:DRoostSet03", edits: notice?.eventId });
    expect(second).toMatchObject({ key: "post:DRoostSet03:2", thread: notice?.eventId });
    expect(index).toMatchObject({ key: "post:DRoostSet03:index", edits: notice?.eventId });
  });

  test("for a moment only is not told", async () => {
    await clockwork.say("$one", link);
    clockwork.bot.nowMs += 118_000;
    await clockwork.say("$two", `${www}/p/DRoostMov02/`);
    expect(keys()).toEqual(["post:DRoostPic01"]);
    while (await clockwork.advance());
    expect(keys()).toEqual(["post:DRoostPic01", "post:DRoostMov02"]);
    expect(clockwork.bot.replies[1]?.edits).toBeUndefined();
  });

  test("for a moment only keeps those behind it in its message waiting, and their order", async () => {
    await clockwork.say("$one", link);
    clockwork.bot.nowMs += 118_000;
    await clockwork.say("$two", `${www}/p/DRoostMov02/ ${link} ${www}/stories/ada/1/`);
    expect(keys()).toHaveLength(1);
    while (await clockwork.advance());
    expect(keys().slice(1)).toEqual(["post:DRoostMov02", "post:DRoostPic01", `link:${www}/stories/ada/1/`]);
  });

  test("from several messages is asked for once, and all are answered", async () => {
    await clockwork.say("$one", `${www}/p/DRoostMov02/`);
    for (const id of ["$two", "$three", "$four"]) await clockwork.say(id, link);
    expect(keys().slice(1)).toEqual(Array(3).fill("wait:post:DRoostPic01"));
    const before = replayed.requests.pages;
    while (await clockwork.advance());
    expect(replayed.requests.pages).toBe(before + 1);
    expect(keys().slice(4)).toEqual(Array(3).fill("post:DRoostPic01"));
    expect(clockwork.bot.replies.slice(4).map(({ edits }) => edits)).toEqual(
      clockwork.bot.replies.slice(1, 4).map(({ eventId }) => eventId),
    );
  });

  test("from several messages and is refused is refused to all by one request", async () => {
    await clockwork.say("$one", link);
    for (const id of ["$two", "$three"]) await clockwork.say(id, `${www}/p/DRoostDel06/`);
    const before = replayed.requests.pages;
    while (await clockwork.advance());
    expect(replayed.requests.pages).toBe(before + 1);
    expect(bodies().slice(3)).toEqual(Array(2).fill(expect.stringContaining("nothing at this address")));
  });

  test("is asked for by the next when the message that asked first is gone", async () => {
    await clockwork.say("$one", `${www}/p/DRoostMov02/`);
    await clockwork.say("$two", link);
    await clockwork.say("$three", link);
    clockwork.bot.defers.delete("$two retry:post:DRoostPic01");
    while (await clockwork.advance());
    expect(clockwork.bot.replies.at(-1)).toMatchObject({ key: "post:DRoostPic01", edits: "$reply3" });
  });

  test("because Instagram says so is told once and tried as long as it takes", async () => {
    replayed.rateLimitFor("DRoostPic01", 12);
    clockwork.bot.close();
    clockwork = new Clockwork({
      origin: replayed.origin,
      budget: { burst: 100, seconds: 1 },
      strategies: ["page"],
    });
    await clockwork.start();
    await clockwork.say("$one", link);
    expect(bodies()).toEqual(["Instagram asks us to wait (rate-limited); trying again in about 2 minutes."]);
    while (await clockwork.advance());
    expect(keys()).toEqual(["wait:post:DRoostPic01", "post:DRoostPic01"]);
    expect(clockwork.bot.replies[1]?.edits).toBe("$reply1");
  });

  test.each(["reaction", "log"])(
    "ends in a sentence when it is refused, even where refusals are but a %s",
    async (refusals) => {
      clockwork.bot.close();
      clockwork = new Clockwork({ origin: replayed.origin, budget: { burst: 1, seconds: 120 }, refusals });
      await clockwork.start();
      await clockwork.say("$one", link);
      await clockwork.say("$two", `${www}/p/DRoostDel06/`);
      while (await clockwork.advance());
      expect(clockwork.bot.replies.at(-1)).toMatchObject({ key: "post:DRoostDel06", edits: "$reply2" });
      expect(clockwork.bot.reactions).toEqual([]);
    },
  );

  test.each([0, 1])(
    "goes the same way when it is handled again after dying before send %i",
    async (sends) => {
      await clockwork.say("$one", link);
      clockwork.bot.sendsUntilDeath = sends;
      await clockwork.say("$two", `${www}/p/DRoostMov02/ ${www}/p/DRoostDel06/`);
      await clockwork.recover();
      while (await clockwork.advance());
      expect(keys().slice(1)).toEqual([
        "wait:post:DRoostMov02",
        "wait:post:DRoostDel06",
        "post:DRoostMov02",
        "post:DRoostDel06",
      ]);
      expect(clockwork.bot.replies.slice(3).map(({ edits }) => edits)).toEqual(["$reply2", "$reply3"]);
    },
  );

  test("because Instagram takes long is told, goes on by itself, and is answered by a later run", async () => {
    const slow = new ReplayedInstagram({ slowMs: 400 });
    slow.open();
    clockwork.bot.close();
    clockwork = new Clockwork({ origin: slow.origin }, {}, 50);
    await clockwork.start();
    await clockwork.say("$one", `${www}/p/DRoostSlo10/`);
    expect(bodies()).toEqual(["Instagram takes its time; the answer will follow here."]);
    while (await clockwork.advance());
    expect(clockwork.bot.replies[1]).toMatchObject({ key: "post:DRoostSlo10", edits: "$reply1" });
    expect(slow.requests.pages).toBe(1);
    await slow.close();
  });

  test("for a homeserver that does not take its picture costs Instagram nothing more", async () => {
    let away = 1;
    const upload = async () => {
      if (away-- > 0) throw new RoostError("homeserver-unreachable", "The homeserver is away.");
      return mxc;
    };
    clockwork.bot.close();
    clockwork = new Clockwork({ origin: replayed.origin }, { upload });
    await clockwork.start();
    const { pages } = replayed.requests;
    await clockwork.say("$one", link);
    expect(clockwork.bot.replies).toEqual([]);
    await clockwork.recover();
    expect(clockwork.bot.replies[0]?.content.msgtype).toBe("m.image");
    expect(replayed.requests.pages).toBe(pages + 1);
  });
});
