import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { FetcherDouble } from "../fetcher.ts";

const url = "https://www.instagram.com/reel/DRoostMov02/";
let fetcher: FetcherDouble;
let program: string;

beforeEach(() => {
  fetcher = new FetcherDouble("http://127.0.0.1:1");
  program = join(fetcher.folder, "yt-dlp");
});
afterEach(() => fetcher.close());

/** A program in the place of yt-dlp. */
function write(script: string): void {
  writeFileSync(program, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
}

function answer(value: object): void {
  write(`cat <<'END'\n${JSON.stringify(value)}\nEND`);
}

const alone = (settings: object = {}) => ({ strategies: ["yt-dlp"], yt_dlp: program, ...settings });

const film = {
  id: "DRoostMov02",
  description: "Forty-two seconds\nof staying up.",
  channel: "harbour.kites",
  uploader: "Harbour Kites",
  uploader_id: "7013",
  timestamp: 1_788_000_000,
  like_count: 5310,
  comment_count: 118,
  duration: 42.3,
  thumbnails: [
    { url: "https://scontent.cdninstagram.com/small.jpg", width: 320, height: 568 },
    { url: "https://scontent.cdninstagram.com/large.jpg", width: 1080, height: 1920 },
  ],
  formats: [
    { url: "https://scontent.cdninstagram.com/silent.mp4", width: 2160, height: 3840, acodec: "none" },
    { url: "https://scontent.cdninstagram.com/small.mp4", width: 360, height: 640 },
    { url: "https://scontent.cdninstagram.com/large.mp4", width: 720, height: 1280 },
  ],
};

test("alone reads a video, for as many turns as it makes requests", async () => {
  answer(film);
  const fetched = await fetcher.fetch(url, alone());
  expect(fetched).toMatchObject({
    strategy: "yt-dlp",
    extraction: {
      outcome: "post",
      post: {
        shortcode: "DRoostMov02",
        kind: "video",
        username: "harbour.kites",
        caption: "Forty-two seconds\nof staying up.",
        likes: 5310,
        comments: 118,
        approximate: false,
        media: [
          {
            kind: "video",
            url: "https://scontent.cdninstagram.com/large.jpg",
            videoUrl: "https://scontent.cdninstagram.com/large.mp4",
            videoUrls: [{ width: 720 }, { width: 360 }],
            durationSeconds: 42.3,
          },
        ],
      },
    },
  });
  expect(fetcher.taken).toBe(3);
});

test("reads a carousel with its pictures, and an image", async () => {
  const still = { id: "DRoostSet03_1", thumbnails: film.thumbnails, formats: [] };
  answer({ ...film, id: "DRoostMov02", _type: "playlist", formats: undefined, entries: [still, film] });
  expect(await fetcher.fetch(url, alone())).toMatchObject({
    extraction: { post: { kind: "carousel", media: [{ kind: "image" }, { kind: "video" }] } },
  });
  answer({ ...film, formats: [] });
  expect(await fetcher.fetch(url, alone())).toMatchObject({ extraction: { post: { kind: "image" } } });
});

test("does not pass off another post", async () => {
  answer({ ...film, id: "DRoostOther" });
  expect(await fetcher.outcome(url, alone())).toBe("broken-shape yt-dlp");
});

test("keeps the turns it has while it waits for the others", async () => {
  answer(film);
  fetcher.turns = 2;
  const waiting = await fetcher.fetch(url, alone());
  expect(waiting).toMatchObject({ outcome: "wait", progress: { turns: 2 } });
  fetcher.turns = 3;
  expect(
    await fetcher.fetch(url, alone(), waiting.outcome === "wait" ? waiting.progress : undefined),
  ).toMatchObject({ outcome: "told" });
  expect(fetcher.taken).toBe(3);
});

test("sees nothing of our environment, works in the bot's folder, and gets the proxy out of sight", async () => {
  write(`env > seen.txt; printf '%s ' "$@" > arguments.txt; pwd > where.txt`);
  await fetcher.fetch(url, alone({ proxy: "http://user:word@proxy.example.org:3128" }));
  const seen = readFileSync(join(fetcher.folder, "seen.txt"), "utf8");
  const names = seen.split("\n").flatMap((line) => /^(\w+)=/.exec(line)?.[1] ?? []);
  const shells = ["PWD", "OLDPWD", "SHLVL", "_"];
  expect(names.filter((name) => !shells.includes(name)).sort()).toEqual([
    "HOME",
    "PATH",
    "http_proxy",
    "https_proxy",
  ]);
  expect(seen).toContain(`HOME=${fetcher.folder}`);
  expect(readFileSync(join(fetcher.folder, "where.txt"), "utf8").trim()).toBe(fetcher.folder);
  const options = readFileSync(join(fetcher.folder, "arguments.txt"), "utf8");
  expect(options).toStartWith("-J --no-playlist --no-warnings ");
  expect(options).toEndWith("-- http://127.0.0.1:1/reel/DRoostMov02/ ");
  expect(options).not.toContain("word");
});

describe("a complaint", () => {
  test.each([
    [
      "Instagram sent an empty media response. Check if this post is accessible without being logged-in",
      "login-required",
    ],
    ["You have exceeded the rate-limit for accessing posts anonymously", "rate-limited"],
    [
      "Requested content is not available, rate-limit reached or login required. Use --cookies",
      "login-required",
    ],
    ["Restricted Video: You must be 18 years old or over to see this video", "age-restricted"],
    ["Unable to download webpage: HTTP Error 404: Not Found (caused by <HTTPError 404>)", "deleted"],
    ["Unable to download webpage: HTTP Error 429: Too Many Requests", "rate-limited"],
    ["Unable to download webpage: <urlopen error [Errno -2] Name or service not known>", "unreachable"],
    ["This account is private", "private"],
    ["Failed to parse JSON", "broken-shape"],
  ])("%s is %s", async (words, expected) => {
    write(`echo '${`ERROR: [Instagram] DRoostMov02: ${words}`}' >&2; exit 1`);
    expect(await fetcher.outcome(url, alone())).toBe(`${expected} yt-dlp`);
  });
});

/** The process named in the file, once it is there. */
async function pidIn(name: string): Promise<number> {
  const file = join(fetcher.folder, name);
  while (!existsSync(file) || readFileSync(file, "utf8").trim() === "") await Bun.sleep(5);
  return Number(readFileSync(file, "utf8"));
}

function isAlive(pid: number): boolean {
  try {
    // A killed process that its parent has not waited for is not alive.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

async function untilGone(pid: number): Promise<void> {
  while (isAlive(pid)) await Bun.sleep(5);
}

test("that takes too long is killed with what it has started", async () => {
  write("sleep 600 & echo $! > child.txt; sleep 600");
  expect(await fetcher.outcome(url, alone({ timeout_seconds: 1 }))).toBe("unreachable yt-dlp");
  await untilGone(await pidIn("child.txt"));
}, 20_000);

test("that is not waited for any longer is killed, and the fetch is cancelled", async () => {
  write("echo $$ > self.txt; sleep 600");
  const fetching = fetcher.fetch(url, alone());
  const pid = await pidIn("self.txt");
  fetcher.abort();
  await expect(fetching).rejects.toMatchObject({ code: "cancelled" });
  await untilGone(pid);
});

test("that leaves a child behind holding its output is not waited for", async () => {
  write(`sleep 600 & echo $! > child.txt; cat <<'END'\n${JSON.stringify(film)}\nEND`);
  expect(await fetcher.outcome(url, alone())).toBe("post yt-dlp");
  await untilGone(await pidIn("child.txt"));
});

test("that talks without end is killed", async () => {
  write("exec yes aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
  expect(await fetcher.outcome(url, alone())).toBe("broken-shape yt-dlp");
});

test("that is not where the admin says is one warning and no turn", async () => {
  await fetcher.fetch(url, alone());
  await fetcher.fetch(url, alone());
  expect(fetcher.taken).toBe(0);
  expect(fetcher.logged.filter((message) => message.includes(program))).toHaveLength(1);
});
