import { expect, test } from "bun:test";
import { readFileSync, statSync } from "node:fs";
import { keepSample } from "../../../src/bots/instagram/sample.ts";
import { temporaryFolder } from "../../doubles/folder.ts";

async function sampleOf(body: string): Promise<string> {
  using folder = temporaryFolder();
  const path = await keepSample(folder.path, "page", {
    status: 200,
    url: "https://www.instagram.com/p/AbC/?secret=1",
    body,
  });
  expect(statSync(path).mode & 0o077).toBe(0);
  return readFileSync(path, "utf8");
}

const secrets = {
  csrf_token: "short",
  config: { viewerId: "17841400000000000", Cookie: "sessionid=abc" },
  list: ["AVpkoQVhvlQ12345678", "see https://a.example.org/path?token=abcdefgh now"],
};

test("a sample keeps the structure and the beginnings of words, and nothing that could be a secret", async () => {
  const value = { ...secrets, caption: "word ".repeat(40), items: [1, 2, 3, 4, 5], ok: true, none: null };
  const sample = await sampleOf(`for (;;);${JSON.stringify(value)}`);
  const { json, path } = JSON.parse(sample);
  expect(path).toBe("/p/AbC/");
  expect(json).toEqual({
    csrf_token: "[left out]",
    config: { viewerId: "[left out]", Cookie: "[left out]" },
    list: ["[left out]", "see https://a.example.org/... now"],
    caption: `${"word ".repeat(8)}...`,
    items: [1, 2, 3, "... 2 more"],
    ok: true,
    none: null,
  });
});

test("a sample of a page holds its route, its title and its scripts' data", async () => {
  const body = `<html><title>Instagram</title><script nonce="AbCdEf123456">var lsd="AVpkoQVhvlQ";</script>
    <script type="application/json">${JSON.stringify({ ...secrets, xig_new: { canonicalRouteName: "comet.Next" } })}</script></html>`;
  const sample = await sampleOf(body);
  expect(JSON.parse(sample)).toMatchObject({
    title: "Instagram",
    route: "comet.Next",
    scripts: [{ xig_new: {}, csrf_token: "[left out]" }],
  });
  expect(sample).not.toMatch(/AVpkoQ|AbCdEf|sessionid|short/);
});

test("a sample is small whatever the answer is", async () => {
  const deep = `${'{"a":'.repeat(5000)}1${"}".repeat(5000)}`;
  const wide = JSON.stringify(
    Object.fromEntries(Array.from({ length: 5000 }, (_, index) => [`k${index}`, {}])),
  );
  for (const body of [deep, wide, "x".repeat(3_000_000), "<script>{".repeat(300_000), ""])
    expect((await sampleOf(body)).length).toBeLessThan(200_000);
});
