import { describe, expect, test } from "bun:test";
import { findLinks, literals, parseLink } from "../../../src/bots/instagram/link.ts";
import { hasCorpus, readTable } from "./corpus.ts";

describe("one address", () => {
  const rows: [string, object][] = [
    ["https://www.instagram.com/p/DRoostPic01/", { kind: "post", shortcode: "DRoostPic01" }],
    ["instagram.com/reel/Ab-_9?igsh=x", { kind: "reel", shortcode: "Ab-_9" }],
    ["HTTPS://M.INSTAGRAM.COM/REELS/AbC/", { kind: "reel", shortcode: "AbC" }],
    ["https://instagram.com/tv/AbC", { kind: "tv", shortcode: "AbC" }],
    ["https://instagr.am/p/AbC", { kind: "post", shortcode: "AbC" }],
    ["https://fr.instagram.com/p/AbC", { kind: "post", shortcode: "AbC" }],
    ["https://www.instagram.com/some.one/p/AbC/", { kind: "post", shortcode: "AbC", username: "some.one" }],
    [
      "https://www.instagram.com/p/AbC/?img_index=3&utm_source=x",
      { kind: "post", shortcode: "AbC", imgIndex: 3 },
    ],
    ["https://www.instagram.com/p/AbC/?img_index=-1", { kind: "post", shortcode: "AbC" }],
    ["https://g.ddinstagram.com/p/AbC/2", { kind: "post", shortcode: "AbC", imgIndex: 2 }],
    ["https://kkinstagram.com/reel/AbC", { kind: "reel", shortcode: "AbC" }],
    ["https://www.instagramez.com/p/AbC", { kind: "post", shortcode: "AbC" }],
    ["https://www.instagram.com/Some.One?hl=de", { kind: "profile", username: "some.one" }],
    ["https://www.instagram.com/stories/some.one/123/", { kind: "story", username: "some.one" }],
    ["https://www.instagram.com/stories/highlights/123/", { kind: "highlight" }],
    ["https://www.instagram.com/share/reel/AbC", { kind: "share" }],
    ["https://www.instagram.com/reels/audio/123/", { kind: "other" }],
    ["https://www.instagram.com/explore/tags/kites/", { kind: "other" }],
    [
      "https://l.instagram.com/?u=https%3A%2F%2Fwww.instagram.com%2Fp%2FAbC%2F&e=x",
      { kind: "post", shortcode: "AbC" },
    ],
    ["instagram://media?id=3983118388705688735", { kind: "post", shortcode: "DdG4RIxIPyf" }],
    ["https://www.instagram.com/p/AbC\u201d", { kind: "post", shortcode: "AbC" }],
    ["**https://www.instagram.com/p/AbC/**", { kind: "post", shortcode: "AbC" }],
    ["https://www.instagram.com/accounts/login/?next=/p/AbC/", { kind: "post", shortcode: "AbC" }],
  ];
  test.each(rows)("%s", (url, expected) => {
    expect(parseLink(url)).toEqual(expected as ReturnType<typeof parseLink>);
  });

  const nothing = [
    "I saw it on Instagram",
    "instagram.com",
    "https://www.instagram.com/",
    "https://instagram.com.evil.example/p/AbC/",
    "https://evil.example/instagram.com/p/AbC/",
    "https://evil.example@instagram.com/p/AbC/",
    "https://instagram.com@evil.example/p/AbC/",
    "https://instagram.com:80@evil.example/p/AbC/",
    "https://notinstagram.com.example/p/AbC",
    "https://help.instagram.com/p/AbC",
    "https://www.instagram.com:8443/p/AbC/",
    "https://www.instagram.com/accounts/login/?next=https://evil.example/p/AbC/",
    "https://www.instagram.com/accounts/login/?next=/accounts/login/?next=/p/AbC/",
    "https://l.instagram.com/?u=https://l.instagram.com/?u=https://www.instagram.com/p/AbC/",
    "https://www.instagram.com/explore/",
    "https://www.instagram.com/%E0%A4%A/",
    "someone@instagram.com",
  ];
  test.each(nothing)("%s is no link", (url) => {
    expect(parseLink(url).kind).toBe("none");
  });
});

describe("a message", () => {
  test("gives its links in order, each target once", () => {
    const body =
      "see https://www.instagram.com/p/Two/ and https://www.instagram.com/p/One, again (https://ddinstagram.com/p/Two/2) and instagram.com/kites.";
    expect(findLinks(body).map((link) => link.shortcode ?? link.username)).toEqual(["Two", "One", "kites"]);
  });

  test("gives links that stand only behind words", () => {
    const html = '<a href="https://www.instagram.com/p/One/?a=1&amp;img_index=2">this</a>';
    expect(findLinks("this", html)).toEqual([
      {
        url: "https://www.instagram.com/p/One/?a=1&img_index=2",
        kind: "post",
        shortcode: "One",
        imgIndex: 2,
      },
    ]);
  });

  test("is bounded in links", () => {
    const body = Array.from({ length: 100 }, (_, index) => `https://instagram.com/p/Code${index}`).join(" ");
    expect(findLinks(body)).toHaveLength(20);
  });

  test("never throws and never hangs on hostile text", () => {
    const hostile = [
      "instagram.com/".repeat(5000),
      `https://instagram.com/${"%".repeat(60_000)}`,
      `https://instagram.com/${"!".repeat(60_000)}a`,
      `${"a.".repeat(30_000)}instagram.com/p/x`,
      `href="${'href="'.repeat(10_000)}`,
      "instagram://".repeat(5000),
      "\u0000\ud800 https://instagram.com/\udfff/p/\ud800",
      `https://l.instagram.com/?u=${encodeURIComponent("https://instagram.com/?u=".repeat(2000))}`,
    ];
    for (const text of hostile) {
      expect(Array.isArray(findLinks(text, text))).toBe(true);
      expect(parseLink(text).kind).toBeString();
    }
  });

  test("always contains one of the literals the host looks for", () => {
    for (const url of [
      "https://instagr.am/p/AbC",
      "https://vxinstagram.com/p/AbC",
      "https://kkclip.com/p/AbC",
    ]) {
      expect(parseLink(url).kind).toBe("post");
      expect(literals.some((literal) => url.includes(literal))).toBe(true);
    }
  });
});

if (hasCorpus) {
  test("classifies every recorded address", () => {
    const wrong = readTable("urls.tsv").filter(([url = "", kind = "", code = "", user = "", index = ""]) => {
      const parsed = parseLink(url);
      const expected = ["tag", "location", "audio"].includes(kind) ? "other" : kind;
      const got = [parsed.kind, parsed.shortcode ?? "", parsed.username ?? "", `${parsed.imgIndex ?? ""}`];
      return got.join(" ") !== [expected, code, user, index].join(" ");
    });
    expect(wrong).toEqual([]);
  });
} else {
  console.log("skipped: the recorded addresses (../shared/instagram-corpus is not there)");
}
