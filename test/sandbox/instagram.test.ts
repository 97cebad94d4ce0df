import { afterAll, beforeAll, expect, test } from "bun:test";
import { ReplayedInstagram } from "../../src/sandbox/instagram.ts";

const replayed = new ReplayedInstagram({ slowMs: 1 });
beforeAll(() => replayed.open());
afterAll(() => replayed.close());

async function load(path: string): Promise<{ status: number; url: string; text: string }> {
  const response = await fetch(`${replayed.origin}${path}`);
  return { status: response.status, url: response.url, text: await response.text() };
}

test("a post's page is as large as a page and holds the post among its neighbours", async () => {
  const { status, text } = await load("/p/DRoostPic01/");
  expect(status).toBe(200);
  expect(text.length).toBeGreaterThan(100_000);
  expect(text).toContain('"canonicalRouteName":"comet.igweb.PolarisLoggedOutDesktopWWWPostRoute"');
  expect(text).toContain('"if_not_gated_logged_out":{');
  expect(text).toContain('"code":"DRoostSet03"');
  expect(text).toContain("/accounts/login/");
});

test("what does not exist is an error page with status 200", async () => {
  const { status, text } = await load("/p/DRoostNone0/");
  expect(status).toBe(200);
  expect(text).toContain("PolarisErrorRoute");
});

test("a login wall is reached by a redirect", async () => {
  const { url, text } = await load("/p/DRoostLog09/");
  expect(new URL(url).pathname).toBe("/accounts/login/");
  expect(text).toContain("PolarisCAAIGLoginHomepageRoute");
});

test("a limited post is an empty shell as often as was asked for, then the post", async () => {
  replayed.rateLimitFor("DRoostPic01", 2);
  const has = async () => (await load("/p/DRoostPic01/")).text.includes("xig_polaris_media");
  expect([await has(), await has(), await has()]).toEqual([false, false, true]);
});

test("pictures are true pictures of the size in their name, and requests are counted", async () => {
  const { media } = replayed.requests;
  for (const [file, format] of [
    ["1-1080x1350.jpg", "jpeg"],
    ["4-1080x720.png", "png"],
  ] as const) {
    const response = await fetch(`${replayed.origin}/media/${file}`);
    const { width, height, format: found } = await new Bun.Image(await response.bytes()).metadata();
    expect([`${width}x${height}`, found]).toEqual([file.slice(2, -4), format]);
  }
  expect(replayed.requests.media).toBe(media + 2);
});

test("a video says that it is an MP4", async () => {
  const response = await fetch(`${replayed.origin}/media/5-1080x1920.mp4`);
  expect((await response.text()).slice(4, 12)).toBe("ftypisom");
});

test("every offered address leads somewhere on this origin, whatever it is to show", async () => {
  const links = replayed.catalogue.filter(({ url }) => /^https:\S+$/.test(url));
  expect(links.length).toBeGreaterThanOrEqual(7);
  for (const { url } of links) expect((await load(new URL(url).pathname)).status).not.toBe(404);
});
