import { describe, expect, test } from "bun:test";
import { type Answer, extract, type Wanted } from "../../../../src/bots/instagram/extract/index.ts";
import type { Extraction, Post, Profile } from "../../../../src/bots/instagram/post.ts";
import * as answers from "../fixtures/answers.ts";

function read(body: string | object, wanted: Wanted = {}, answer: Partial<Answer> = {}): Extraction {
  return extract(
    { status: 200, body: typeof body === "string" ? body : JSON.stringify(body), ...answer },
    wanted,
  );
}

function post(body: string | object, wanted: Wanted = {}): Post {
  const extraction = read(body, wanted);
  if (extraction.outcome !== "post") throw new Error(`no post: ${JSON.stringify(extraction)}`);
  return extraction.post;
}

function profile(body: string | object, wanted: Wanted = {}): Profile {
  const extraction = read(body, wanted);
  if (extraction.outcome !== "profile") throw new Error(`no profile: ${JSON.stringify(extraction)}`);
  return extraction.profile;
}

function refusal(body: string | object, wanted: Wanted = {}, answer: Partial<Answer> = {}): string {
  const extraction = read(body, wanted, answer);
  return extraction.outcome === "refused" ? extraction.refusal.class : extraction.outcome;
}

const cdn = "https://scontent.cdninstagram.com/v/t51.2885-15";

describe("a post", () => {
  test("of the mobile API is read with its largest picture", () => {
    expect(post({ items: [answers.v1Image] })).toEqual({
      shortcode: "CvOneImage1",
      kind: "image",
      username: "ada.l",
      caption: "Plain & simple <3\nsecond line",
      likes: 41,
      comments: 2,
      takenAt: "2023-11-14T22:13:20Z",
      approximate: false,
      media: [{ kind: "image", url: `${cdn}/large.jpg`, width: 1440, height: 1800, alt: "Photo of a loom." }],
    });
  });

  test("with a video is read with its largest rendition and its length", () => {
    const { kind, likes, media } = post({ items: [answers.v1Reel] });
    expect({ kind, likes }).toEqual({ kind: "video", likes: null });
    expect(media[0]).toMatchObject({
      kind: "video",
      url: `${cdn}/large.jpg`,
      videoUrl: `${cdn}/large.mp4`,
      durationSeconds: 62.5,
    });
  });

  test("with several media is read in order; a picture without a size takes the one in its address", () => {
    const { kind, caption, media } = post(answers.webInfoPage);
    expect({ kind, caption }).toEqual({ kind: "carousel", caption: "" });
    expect(media.map(({ kind, width, height }) => [kind, width, height])).toEqual([
      ["image", 720, 900],
      ["video", 1440, 1800],
    ]);
    expect(media[1]?.durationSeconds).toBe(9.5);
  });

  test.each([
    ["the answer of GraphQL", { data: { xdt_shortcode_media: answers.graphqlSidecar } }],
    ["the answer of ?__a=1", { graphql: { shortcode_media: answers.graphqlSidecar } }],
    ["the older page", answers.sharedDataPage],
    ["the embed page", answers.embedPage],
  ])("is read from %s", (_, body) => {
    expect(post(body)).toMatchObject({
      shortcode: "CgForSet004",
      kind: "carousel",
      username: "grace.h",
      caption: "Bugs 🐞 found",
      likes: null,
      comments: 5,
      takenAt: "2020-09-13T12:26:40Z",
      sensitive: true,
      media: [{ kind: "image" }, { kind: "video", videoUrl: `${cdn}/b.mp4` }],
    });
  });

  test("is read from the embed page's HTML, approximately, where its script is empty", () => {
    expect(post(answers.embedHtml)).toEqual({
      shortcode: "CvTwoReel02",
      kind: "video",
      username: "ada.l",
      caption: "Warp & weft <3\n #loom",
      likes: 12_500,
      comments: 1064,
      takenAt: null,
      approximate: true,
      media: [
        {
          kind: "video",
          url: `${cdn}/still.jpg?stp=a&oe=1`,
          width: null,
          height: null,
          alt: 'Video of a "loom"',
        },
      ],
    });
    const unmarked = answers.embedHtml.replaceAll("utm_source=ig_embed", "x=1");
    expect(post(unmarked, { shortcode: "CvTwoReel02" }).likes).toBe(12_500);
    for (const page of [answers.embedHtml, unmarked])
      expect(refusal(page, { shortcode: "CvElsewhere" })).toBe("broken-shape");
  });

  test("is read from the current page, and its owner's other post is not", () => {
    expect(post(answers.xigPage)).toMatchObject({ shortcode: "CvTwoReel02", likes: 41 });
    expect(post(answers.xigPage, { shortcode: "CvTwoReel02" }).shortcode).toBe("CvTwoReel02");
    expect(refusal(answers.xigPage, { shortcode: "CvElsewhere" })).toBe("broken-shape");
  });

  test("among several is the one that was asked for", () => {
    const feed = {
      feed_items: [{ media_or_ad: answers.v1Image }, { media_or_ad: answers.v1Reel }],
    };
    expect(post(feed).shortcode).toBe("CvOneImage1");
    expect(post(feed, { shortcode: "CvTwoReel02" }).shortcode).toBe("CvTwoReel02");
  });

  test("of a followers-only link is found by the part before its key", () => {
    const wanted = { shortcode: `CvOneImage1${"k".repeat(28)}` };
    expect(post({ items: [answers.v1Image] }, wanted).shortcode).toBe("CvOneImage1");
  });

  test("in the fullest description wins over a lesser one of the same post", () => {
    const lesser = { ...answers.v1Image, like_count: undefined, comment_count: undefined };
    const body = { items: [lesser, { media: answers.v1Image }] };
    expect(post(body, { shortcode: "CvOneImage1" }).likes).toBe(41);
  });

  test("of 2017 is read from its profile", () => {
    expect(post(answers.profile2017, { shortcode: "BaOldNode07" })).toMatchObject({
      caption: "of 2017",
      likes: 6,
      takenAt: "2017-03-20T08:53:20Z",
    });
  });

  test("is read from preview tags with rounded counts when there is nothing better", () => {
    expect(post(answers.openGraphPost, { shortcode: "CvOneImage1" })).toMatchObject({
      username: "ada.l",
      caption: "Tom & Jerry > 🚀\n\nit's late",
      likes: 12_500,
      comments: 1064,
      takenAt: "2021-05-08T00:00:00Z",
      approximate: true,
      media: [{ url: `${cdn}/og.jpg?stp=a&oe=67785396` }],
    });
    expect(refusal(answers.openGraphPost, { shortcode: "CvElsewhere" })).toBe("rate-limited");
  });

  test("comes through the guard that Instagram puts before JSON", () => {
    expect(post(`for (;;);${JSON.stringify({ items: [answers.v1Image] })}`).shortcode).toBe("CvOneImage1");
  });

  test("is read from an answer that streams one document a line", () => {
    const lines = [{ label: "a" }, { data: { xdt_shortcode_media: answers.graphqlSidecar } }];
    expect(post(lines.map((line) => JSON.stringify(line)).join("\n")).shortcode).toBe("CgForSet004");
  });
});

describe("a profile", () => {
  test("of the web is read with its own timeline and nothing else's", () => {
    expect(profile({ data: { user: answers.webUser } })).toEqual({
      username: "grace.h",
      fullName: "Grace H.",
      bio: "Compilers.\nMoths.",
      followers: 1906,
      following: 12,
      posts: 77,
      verified: true,
      private: false,
      pictureUrl: `${cdn}/face.jpg`,
      links: ["https://moths.example.org/", "https://ships.example.org/"],
      recent: [{ shortcode: "CgNode00005", kind: "image", url: `${cdn}/node.jpg` }],
    });
  });

  test("is read from the older page, whatever follows the data in its script", () => {
    expect(profile(answers.additionalDataPage, { username: "Grace.H" }).followers).toBe(1906);
  });

  test("of the mobile API and of 2017 is read", () => {
    expect(profile(answers.mobileUser)).toMatchObject({
      posts: 30,
      private: true,
      pictureUrl: `${cdn}/hd.jpg`,
    });
    expect(profile(answers.profile2017)).toMatchObject({
      followers: 3,
      recent: [{ shortcode: "BaOldNode07" }],
    });
  });

  test("is not taken for the one who reads the page", () => {
    expect(post(answers.sharedDataPage).shortcode).toBe("CgForSet004");
    expect(refusal(answers.sharedDataPage, { username: "reader" })).toBe("broken-shape");
  });

  test("is read from preview tags, rounded, when there is nothing better", () => {
    expect(profile(answers.openGraphProfile)).toMatchObject({
      username: "grace.h",
      fullName: "Grace H.",
      followers: 1_900_000,
      posts: 77,
      approximate: true,
    });
  });
});

describe("a refusal", () => {
  const wait = { message: "Please wait a few minutes before you try again.", require_login: true };
  const rows: [string, string | object, string][] = [
    ["the error page, though its status is 200", answers.routePage("PolarisErrorRoute"), "deleted"],
    ["the login page", answers.routePage("PolarisCAAIGLoginHomepageRoute"), "login-required"],
    ["the right page without data", answers.routePage("PolarisLoggedOutDesktopWWWPostRoute"), "rate-limited"],
    ["a gate", answers.gatedPage, "age-restricted"],
    ["a request to wait", wait, "rate-limited"],
    ["a request to log in", { message: "login_required", status: "fail" }, "login-required"],
    ["a checkpoint", { message: "checkpoint_required", checkpoint_url: "/challenge/1/" }, "challenge"],
    ["feedback", { message: "feedback_required", spam: true }, "challenge"],
    ["no medium", { data: { xdt_shortcode_media: null } }, "deleted"],
    ["no items", { items: [], status: "ok" }, "deleted"],
    ["no user", { data: { user: null } }, "deleted"],
    ["a ruling", { title: "Restricted Video", description: "You must be 18 years old" }, "age-restricted"],
    ["a private account", { message: "Not authorized to view user", status: "fail" }, "private"],
    ["a failed query", { errors: [{ message: "execution error", severity: "CRITICAL" }] }, "broken-shape"],
    ["an error number", 'for (;;);{"error":1357004,"errorSummary":"Sorry"}', "broken-shape"],
    ["something else", "hello", "broken-shape"],
    ["nothing", "", "broken-shape"],
  ];
  test.each(rows)("is told for %s", (_, body, expected) => {
    expect(refusal(body)).toBe(expected);
  });

  test("is told by the status where the body says nothing", () => {
    const told = [401, 403, 404, 410, 429, 500, 503].map((status) => refusal("", {}, { status }));
    expect(told).toEqual([
      "login-required",
      "rate-limited",
      "deleted",
      "deleted",
      "rate-limited",
      "unreachable",
      "unreachable",
    ]);
    expect(refusal(wait, {}, { status: 401 })).toBe("rate-limited");
  });

  test("is told by where the redirects ended", () => {
    const wanted = { shortcode: "CvOneImage1" };
    const end = (path: string) => refusal("<html>", wanted, { url: `https://www.instagram.com${path}` });
    expect(end("/accounts/login/?next=/p/CvOneImage1/")).toBe("login-required");
    expect(end("/")).toBe("login-required");
    expect(end("/challenge/?next=/p/CvOneImage1/")).toBe("challenge");
  });

  test("of a followers-only link says private", () => {
    const wanted = { shortcode: `CvOneImage1${"k".repeat(28)}` };
    expect(refusal({ data: { xdt_shortcode_media: null } }, wanted)).toBe("private");
  });
});
