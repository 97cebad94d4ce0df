import { expect, test } from "bun:test";
import { extract } from "../../../../src/bots/instagram/extract/index.ts";
import { type Extraction, refusalClasses } from "../../../../src/bots/instagram/post.ts";
import { renderMedium, renderProfile } from "../../../../src/bots/instagram/render.ts";
import { wholeAnswers } from "../fixtures/answers.ts";

/** The same numbers in every run, so that a failure can be looked at. */
function createDice(seed: number): (sides: number) => number {
  let state = seed;
  return (sides) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((state / 2_147_483_648) * sides);
  };
}

const oddities = [
  "null",
  "-1",
  "1e999",
  "9007199254740993",
  '"\\ud800"',
  "[]",
  "{}",
  '{"__proto__":{"code":"x"}}',
  "true",
  '"<script>"',
  '"javascript:alert(1)"',
];

function mutate(text: string, dice: (sides: number) => number): string {
  const place = dice(text.length);
  switch (dice(6)) {
    case 0:
      return text.slice(0, place);
    case 1:
      return text.slice(place);
    case 2:
      return text.slice(0, place) + text.slice(place + dice(40));
    case 3:
      return text.slice(0, place) + String.fromCharCode(dice(65_536)) + text.slice(place + 1);
    case 4: {
      const oddity = oddities[dice(oddities.length)] ?? "";
      let seen = 0;
      const chosen = dice(60);
      return text.replace(/:(?:"[^"\\]*"|-?\d+|true|false|null)/g, (value) =>
        seen++ === chosen ? `:${oddity}` : value,
      );
    }
    default:
      return `${text.slice(0, place)}${'[{"a":'.repeat(dice(200))}${text.slice(place)}`;
  }
}

function check(extraction: Extraction, wanted: string | undefined): void {
  if (extraction.outcome === "refused") {
    expect(refusalClasses).toContain(extraction.refusal.class);
  } else if (extraction.outcome === "post") {
    const { post } = extraction;
    if (wanted !== undefined) expect(post.shortcode).toBe(wanted);
    expect(post.media.length).toBeGreaterThan(0);
    for (const medium of post.media) expect(medium.url).toMatch(/^https?:\/\//);
    for (const count of [post.likes, post.comments]) expect(count === null || count >= 0).toBe(true);
    for (const [at, medium] of post.media.entries()) {
      const content = renderMedium(post, medium, null, { isFirst: at === 0 }, 300);
      expect(JSON.stringify(content).length).toBeLessThan(30_000);
    }
  } else {
    expect(JSON.stringify(renderProfile(extraction.profile, [])).length).toBeLessThan(60_000);
  }
}

test("ten thousand mangled answers give no exception and no wrong post", () => {
  const dice = createDice(29_316);
  for (let round = 0; round < 10_000; round++) {
    let text = wholeAnswers[dice(wholeAnswers.length)] ?? "";
    for (let times = dice(3); times >= 0; times--) text = mutate(text, dice);
    const wanted = dice(2) === 0 ? undefined : "CvTwoReel02";
    const status = [200, 200, 200, 401, 404, 429, 500][dice(7)] ?? 200;
    check(extract({ status, body: text }, wanted === undefined ? {} : { shortcode: wanted }), wanted);
  }
});

const mega = 1024 * 1024;
const hostile: [string, string][] = [
  ["scripts that never end", "<script>".repeat(mega)],
  ["scripts without a tag's end", "<script".repeat(mega)],
  ["meta tags with open quotes", '<meta "'.repeat(mega)],
  ["meta tags that never end", "<meta content=".repeat(mega / 2)],
  ["arrays in arrays", `${"[".repeat(4 * mega)}${"]".repeat(4 * mega)}`],
  ["objects in objects", `${'{"data":'.repeat(mega / 2)}null${"}".repeat(mega / 2)}`],
  ["a wide array", `[${"{},".repeat(2 * mega)}{}]`],
  ["open braces after a marker", `<script>xig_user_by window._sharedData = ${"{".repeat(4 * mega)}</script>`],
  ["many openers", `<script>xig_user_by ${".handle({".repeat(mega / 2)}</script>`],
  ["an open string", `<script>contextJSON "contextJSON":"${"\\\\".repeat(2 * mega)}</script>`],
  ["spaces", `for${" ".repeat(4 * mega)}(;;);`],
  [
    "an endless description",
    `<meta name="og:url" content="https://www.instagram.com/p/AbC/"><meta name="og:image" content="https://a/b"><meta name="og:description" content="${"1 likes, ".repeat(4000)}">`,
  ],
  ["half-signs of embed pages", `EmbeddedMedia ${'/p/aa/ class="a '.repeat(mega / 4)}`],
  ["half-signs of errors", '"canonicalRouteName":"'.repeat(mega / 4)],
  ["half-signs of routes", "Polaris".repeat(mega)],
];
test.each(hostile)("%s are read in bounded time", (_, body) => {
  check(extract({ status: 200, body }), undefined);
  check(extract({ status: 404, body }), undefined);
});
