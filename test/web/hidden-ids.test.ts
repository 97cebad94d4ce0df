import { expect, test } from "bun:test";
import { hideIds } from "../../src/web/hidden-ids.ts";

const hash = "R".repeat(43);

test.each([
  ["@dan:example.org is banned.", "(hidden) is banned."],
  ["Invite it to !abc:example.org:8448.", "Invite it to (hidden)."],
  ["#ops:example.org does not exist", "(hidden) does not exist"],
  [`!${hash} is gone`, "(hidden) is gone"],
  [`The event $${hash} is gone`, "The event (hidden) is gone"],
  ["(@a:[2001:db8::1]:80, @b:c)", "((hidden), (hidden))"],
  ["GET /rooms/!abc%3Aexample.org/send gave 403", "GET /rooms/(hidden)/send gave 403"],
  ["GET /rooms/%21abc%3Aexample.org/send gave 403", "GET /rooms/(hidden)/send gave 403"],
  ["accounts.@insta:example.org.password: missing", "accounts.(hidden): missing"],
])("what looks like a Matrix id is hidden: %s", (text, hidden) => {
  expect(hideIds(text)).toBe(hidden);
});

test.each([
  "The homeserver https://matrix.example.org:8448 does not answer.",
  "Stopped! Start it with: roost start insta",
  "config.yaml:3:5 instances.insta.rooms[0]: quote it",
  "Costs $5 at 12:30",
])("other text stays: %s", (text) => {
  expect(hideIds(text)).toBe(text);
});

test("a long text without an id takes no long time", () => {
  const text = "@!#$".repeat(50_000);
  expect(hideIds(text)).toBe(text);
});
