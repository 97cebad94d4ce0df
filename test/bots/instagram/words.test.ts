import { expect, test } from "bun:test";
import {
  escapeHtml,
  formatCount,
  formatDuration,
  neutralize,
  shorten,
} from "../../../src/bots/instagram/words.ts";

test("everything that means something in HTML is escaped", () => {
  expect(escapeHtml(`<a href="x" title='y'>&`)).toBe("&lt;a href=&quot;x&quot; title=&#39;y&#39;&gt;&amp;");
});

test("a room ping and lines that begin like commands lose their power and keep their look", () => {
  const tamed = neutralize("hi @room and @Room\n!admin\n/me waves\n\\escape\nnot ! here");
  expect(tamed).not.toMatch(/@room/i);
  expect(tamed).not.toMatch(/^[!/\\]/m);
  expect(tamed.replaceAll("\u2060", "")).toBe("hi @room and @Room\n!admin\n/me waves\n\\escape\nnot ! here");
});

test("control characters go, line breaks and right-to-left text and emoji stay", () => {
  expect(neutralize("a\u0000b\u001bc\r\nd\u2028e\n\n\n\nf שלום 👩‍👩‍👧")).toBe("abc\nd\ne\n\nf שלום 👩‍👩‍👧");
});

test("a long text is cut at a word, and never inside a character", () => {
  expect(shorten("one two three four", 14)).toEqual({ head: "one two three…", tail: "four" });
  expect(shorten("short", 14)).toEqual({ head: "short", tail: "" });
  expect(shorten("🪁".repeat(20), 11).head).toBe(`${"🪁".repeat(5)}…`);
});

test("counts are written for people", () => {
  expect(formatCount(1234, "like", false)).toBe("1,234 likes");
  expect(formatCount(1, "like", false)).toBe("1 like");
  expect(formatCount(152_000, "like", true)).toBe("about 152,000 likes");
  expect(formatCount(null, "like", false)).toBeUndefined();
});

test("lengths are written for people", () => {
  expect([9, 62.5, 3723].map(formatDuration)).toEqual(["0:09", "1:03", "1:02:03"]);
  expect(formatDuration(undefined)).toBeUndefined();
});
