import { describe, expect, test } from "bun:test";
import type { Picture } from "../../../src/bots/instagram/picture.ts";
import type { Medium, Post, Profile } from "../../../src/bots/instagram/post.ts";
import {
  linkTo,
  type Place,
  renderMedium,
  renderProfile,
  renderVideo,
} from "../../../src/bots/instagram/render.ts";
import { asEventId, asMxcUri, asRoomId, asUserId } from "../../../src/core/id.ts";

const mxc = checked(asMxcUri("mxc://test.example/a"));
const picture: Picture = {
  mxc,
  width: 10,
  height: 20,
  sizeBytes: 30,
  mimetype: "image/webp",
  extension: ".webp",
  thumbnail: { mxc, width: 5, height: 10, sizeBytes: 3 },
};
const medium: Medium = { kind: "image", url: "https://a.test/b", width: 10, height: 20 };
const film: Medium = { ...medium, kind: "video", videoUrl: "https://a.test/c", durationSeconds: 61.2 };
const post: Post = {
  shortcode: "AbC",
  kind: "image",
  username: "ada.l",
  caption: "A loom.",
  likes: 2,
  comments: null,
  takenAt: null,
  approximate: false,
  media: [medium],
};
const carousel: Post = { ...post, kind: "carousel", media: [medium, { ...medium }, film] };
const profile: Profile = {
  username: "ada.l",
  fullName: "",
  bio: "",
  followers: null,
  following: null,
  posts: null,
  verified: false,
  private: true,
  pictureUrl: null,
  links: [],
  recent: [],
};
const hostile =
  "!admin users list\n@room @Eve:evil.example <img src=x onerror=alert(1)>\nhttps://matrix.to/#/@eve:evil.example matrix:u/eve:evil.example \"&'\u0007";

function checked<Id>(id: Id | undefined): Id {
  if (id === undefined) throw new Error("The test made up an id of the wrong shape.");
  return id;
}

function show(change: Partial<Post> = {}, place: Place = { isFirst: true }, captionMax = 100) {
  const shown = { ...post, ...change };
  const first = shown.media[0] ?? medium;
  return renderMedium(shown, first, picture, place, captionMax);
}

function expectTame(content: { readonly [key: string]: unknown }): void {
  const body = String(content.body);
  const html = String(content.formatted_body);
  expect(content["m.mentions"]).toEqual({});
  expect(body).not.toMatch(/^[!/\\]/m);
  for (const text of [body, html]) {
    expect(text).not.toMatch(/@room/i);
    expect(text).not.toMatch(/@eve:evil/i);
    expect(text).not.toMatch(/matrix\.to/i);
    expect(text).not.toMatch(/matrix:u\//i);
    expect(text).not.toContain("\u0007");
  }
  expect(html).not.toMatch(/<img src=x/);
}

describe("a post", () => {
  test("names its file as its type does, since clients go by the name", () => {
    expect(show()).toMatchObject({ filename: "ada.l-AbC.webp", info: { mimetype: "image/webp" } });
  });

  test("leaves an unknown count out, calls hidden likes hidden, and rounded counts about right", () => {
    const lines = (change: Partial<Post>) => String(show(change).body).split("\n");
    expect(lines({})).toContain("2 likes");
    expect(lines({ likes: null, comments: 3 })).toContain("likes hidden · 3 comments");
    expect(lines({ likes: 152_000, approximate: true })).toContain("about 152,000 likes");
    expect(lines({ likes: null, comments: 3, approximate: true })).toContain("about 3 comments");
  });

  test("folds a long caption at a word, the rest behind an element that opens", () => {
    const content = show({ caption: `${"word ".repeat(100)}end` }, { isFirst: true }, 50);
    expect(String(content.body)).toContain("word…");
    expect(String(content.body)).not.toContain("end");
    expect(String(content.formatted_body)).toMatch(
      /word…<\/p><details><summary>more<\/summary>.*end<\/details><p>/,
    );
  });

  test("with the longest caption there can be fits into an event, also when it is edited", () => {
    const index = Array.from({ length: 20 }, (_, at) => `https://matrix.to/#/!room/${at}${"x".repeat(100)}`);
    for (const caption of ['<"&'.repeat(4000), "織".repeat(9000), "🪁".repeat(9000)]) {
      const content = show({ caption, media: Array(20).fill(medium) }, { isFirst: true, index }, 2200);
      expect(Buffer.byteLength(JSON.stringify(content))).toBeLessThan(29_000);
    }
  });

  test("that is sensitive is covered, words and picture, and its plain text tells nothing", () => {
    const covered = { sensitive: true, caption: `Secret ${"and ".repeat(50)}so on` } as const;
    const content = show({ ...covered, media: [{ ...medium, alt: "Picture of a secret" }] }, undefined, 50);
    expect(content["page.codeberg.everypizza.msc4193.spoiler"]).toBe(true);
    expect(String(content.formatted_body)).toMatch(
      /<p><span data-mx-spoiler="sensitive">Secret .*…<\/span><\/p>/,
    );
    expect(String(content.formatted_body)).toMatch(
      /<\/summary><span data-mx-spoiler="sensitive">.*so on<\/span>/,
    );
    expect(content.body).toContain("marked sensitive");
    expect(String(content.body).toLowerCase()).not.toContain("secret");
  });

  test("by nobody and without words still says what it is", () => {
    expect(show({ username: null, caption: "" })).toMatchObject({
      filename: "instagram-AbC.webp",
      body: "Somebody on Instagram\n2 likes\nhttps://www.instagram.com/p/AbC/",
    });
  });

  test("has its alt text in the body, and for all to see where the picture is missing", () => {
    const described = { ...medium, alt: "Photo of\na loom" };
    const shown = { ...post, media: [described] };
    const there = renderMedium(shown, described, picture, { isFirst: true }, 100);
    const missing = renderMedium(
      shown,
      described,
      { cause: "gone", isTransient: true },
      { isFirst: true },
      100,
    );
    expect(there.body).toContain("\nPicture: Photo of a loom");
    expect(there.formatted_body).not.toContain("Photo of");
    expect(missing).toMatchObject({ msgtype: "m.text" });
    expect(missing.formatted_body).toContain("<p>Picture: Photo of a loom</p>");
    expect(missing.body).toEndWith("The picture is missing: gone.");
  });

  test("cannot ping, command or smuggle anything by its caption or alt text", () => {
    expectTame(show({ caption: hostile, media: [{ ...medium, alt: hostile }] }, undefined, 1000));
    expectTame(show({ caption: hostile.repeat(4) }, undefined, 50));
  });

  test("keeps line breaks, emoji, right-to-left text and mentions of people on Instagram", () => {
    const caption = "שלום 👩‍👩‍👧\nwith @grace.h, #looms";
    expect(show({ caption }).body).toContain(caption);
    expect(show({ caption }).formatted_body).toContain("שלום 👩‍👩‍👧<br>with @grace.h, #looms");
  });
});

describe("a carousel's", () => {
  test("later picture is labelled, with links to the one before and to the first", () => {
    const second = carousel.media[1] ?? medium;
    const place = { isFirst: false, previous: "https://matrix.to/#/a", first: "https://matrix.to/#/b" };
    const content = renderMedium(carousel, second, picture, place, 100);
    expect(content.body).toBe("2/3");
    expect(content.formatted_body).toBe(
      '<p>2/3 · <a href="https://matrix.to/#/a">previous</a> · <a href="https://matrix.to/#/b">first</a></p>',
    );
  });

  test("first message ends with an index of links to all", () => {
    const index = ["https://matrix.to/#/a", "https://matrix.to/#/b", "https://matrix.to/#/c"];
    const content = renderMedium(carousel, medium, picture, { isFirst: true, index }, 100);
    expect(content.body).toEndWith("\n1 2 3");
    expect(content.formatted_body).toEndWith(
      '<p><a href="https://matrix.to/#/a">1</a> <a href="https://matrix.to/#/b">2</a> <a href="https://matrix.to/#/c">3</a></p>',
    );
  });

  test("messages are linked by room, event and a server that knows them", () => {
    const room = checked(asRoomId("!room:test.example"));
    const event = checked(asEventId("$abc"));
    const user = checked(asUserId("@bot:test.example:8448"));
    expect(linkTo(room, event, user)).toBe(
      "https://matrix.to/#/!room%3Atest.example/%24abc?via=test.example%3A8448",
    );
  });

  test("video is posted with its size, length and still", () => {
    const video = { mxc, width: 720, height: 1280, sizeBytes: 99, mimetype: "video/mp4", extension: ".mp4" };
    expect(renderVideo(carousel, film, video, picture)).toEqual({
      msgtype: "m.video",
      url: mxc,
      filename: "ada.l-AbC-3.mp4",
      body: "3/3",
      info: {
        w: 720,
        h: 1280,
        duration: 61_200,
        size: 99,
        mimetype: "video/mp4",
        thumbnail_url: mxc,
        thumbnail_info: { w: 5, h: 10, size: 3, mimetype: "image/jpeg" },
      },
      "m.mentions": {},
    });
  });
});

describe("a profile", () => {
  test("that is private and has no picture is text", () => {
    expect(renderProfile(profile, [])).toMatchObject({
      msgtype: "m.text",
      body: "ada.l on Instagram (private)\nhttps://www.instagram.com/ada.l/",
    });
  });

  test("shows six recent posts as small pictures that lead to them, and as a plain list", () => {
    const recent = Array.from({ length: 8 }, (_, at) => ({
      shortcode: `Code${at}`,
      kind: at === 0 ? ("video" as const) : ("image" as const),
      url: "https://a.test/b",
    }));
    const small = { ...picture, width: 240, height: 120 };
    const content = renderProfile({ ...profile, recent }, [
      picture,
      small,
      { cause: "gone", isTransient: true },
    ]);
    const html = String(content.formatted_body);
    expect(html).toContain(
      '<a href="https://www.instagram.com/p/Code0/"><img src="mxc://test.example/a" alt="Recent video" title="Recent video" width="192" height="96"></a>',
    );
    expect(html).toContain('<a href="https://www.instagram.com/p/Code1/">picture</a>');
    expect(html.match(/\/p\/Code/g)).toHaveLength(6);
    expect(String(content.body).match(/^Recent (?:video|picture): https:\/\/www/gm)).toHaveLength(6);
  });

  test("cannot ping, command or smuggle anything by its name, bio or links", () => {
    const links = [
      "https://matrix.to/#/@eve:evil.example",
      "https://a.test/?b='><script>",
      "javascript:alert(1)",
    ];
    const content = renderProfile({ ...profile, fullName: hostile, bio: hostile, links }, [picture]);
    expectTame(content);
    expect(content.formatted_body).not.toContain("<script>");
    expect(content.formatted_body).not.toContain("javascript:");
    expect(content.formatted_body).toContain("&#39;&gt;&lt;script&gt;");
  });

  test("with a name that turns text around leaves the rest of the line as it is", () => {
    expect(renderProfile({ ...profile, fullName: "Ada\u202e evil\u2066\nLovelace" }, []).body).toContain(
      "\nAda evil Lovelace\n",
    );
  });
});
