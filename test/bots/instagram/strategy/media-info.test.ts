import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "bun:test";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readCookies } from "../../../../src/bots/instagram/cookies.ts";
import { ReplayedInstagram } from "../../../../src/sandbox/instagram.ts";
import { replayedSession } from "../../../../src/sandbox/instagram-routes.ts";
import { FetcherDouble } from "../fetcher.ts";

const picture = "https://www.instagram.com/p/DRoostPic01/";
const gated = "https://www.instagram.com/p/DRoostAge08/";
const replayed = new ReplayedInstagram();
let fetcher: FetcherDouble;
let file: string;

beforeAll(() => replayed.open());
afterAll(() => replayed.close());
beforeEach(() => {
  fetcher = new FetcherDouble(replayed.origin);
  file = join(fetcher.folder, "cookies.txt");
  writeCookies(replayedSession);
});
afterEach(() => {
  fetcher.close();
  replayed.restore();
});

function line(name: string, value: string, { domain = "127.0.0.1", expires = 0, prefix = "" } = {}): string {
  return `${prefix}${domain}\tFALSE\t/\tTRUE\t${expires}\t${name}\t${value}`;
}

function writeCookies(session: string, ...more: string[]): void {
  const lines = [
    "# Netscape HTTP Cookie File",
    "",
    line("sessionid", session, { prefix: "#HttpOnly_" }),
    line("csrftoken", "sessionCsrf"),
    ...more,
  ];
  writeFileSync(file, `${lines.join("\n")}\n`, { mode: 0o600 });
}

const alone = () => ({ strategies: ["media-info"], cookies_file: file });

test("without a cookies file it is not used, and asks nothing", async () => {
  expect(await fetcher.outcome(picture, { strategies: ["media-info"] })).toBe("unreachable none");
  expect(fetcher.taken).toBe(0);
  expect(fetcher.logged).toHaveLength(1);
});

test("a session reads a post", async () => {
  expect(await fetcher.outcome(picture, alone())).toBe("post media-info");
  expect(replayed.asked).toEqual([expect.stringMatching(/^GET \/api\/v1\/media\/\d{18,20}\/info\/$/)]);
});

test("a session is shown what its page keeps from strangers; without one the page's word stands", async () => {
  const settings = { strategies: ["page", "embed", "media-info"] };
  expect(await fetcher.outcome(gated, { ...settings, cookies_file: file })).toBe("post media-info");
  expect(replayed.asked).toHaveLength(2);
  expect(await fetcher.outcome(gated, settings)).toBe("age-restricted page");
});

test.each(["a session nobody knows", "a challenge"])(
  "%s ends its use until a restart, with one warning",
  async (what) => {
    if (what === "a challenge") replayed.spoil("media-info", "challenge");
    else writeCookies("7000%3Aother%3A1");
    expect(await fetcher.outcome(picture, alone())).toMatch(/^(challenge|login-required) media-info$/);
    writeCookies(replayedSession);
    replayed.restore();
    await fetcher.fetch(picture, alone());
    expect(replayed.asked).toEqual([]);
    const [warning] = fetcher.logged;
    expect(warning).toContain("restart this instance");
    expect(warning).not.toContain("7000");
    fetcher.restart();
    expect(await fetcher.outcome(picture, alone())).toBe("post media-info");
  },
);

test("a file that others may read is not used, and one warning says what to do", async () => {
  chmodSync(file, 0o640);
  await fetcher.fetch(picture, alone());
  await fetcher.fetch(picture, alone());
  expect(replayed.asked).toEqual([]);
  expect(fetcher.logged.filter((message) => message.includes(`chmod 600 ${file}`))).toHaveLength(1);
});

test("only fresh cookies of that very host are read, and never printed", async () => {
  writeCookies(
    "1%3Aa%3A2",
    line("old", "x", { expires: 1 }),
    line("other", "x", { domain: ".example.org" }),
    line("suffix", "x", { domain: "0.0.1" }),
    line("evil", "a\r\nX-Header: 1"),
  );
  const session = await readCookies(file, "127.0.0.1");
  expect(session.cookies.reveal()).toBe("sessionid=1%3Aa%3A2; csrftoken=sessionCsrf; evil=a");
  writeFileSync(file, `${line("sessionid", "1", { domain: ".instagram.com" })}\n`);
  expect((await readCookies(file, "www.instagram.com")).cookies.reveal()).toBe("sessionid=1");
  await expect(readCookies(file, "myinstagram.com")).rejects.toThrow("no valid sessionid");
  expect(JSON.stringify(session) + Bun.inspect(session)).not.toContain("1%3Aa");
});

test("a file without a session is refused", async () => {
  writeFileSync(file, `${line("csrftoken", "a")}\n`, { mode: 0o600 });
  await expect(readCookies(file, "127.0.0.1")).rejects.toThrow("no valid sessionid");
  await expect(readCookies(join(fetcher.folder, "none.txt"), "127.0.0.1")).rejects.toThrow("cannot be read");
});
