import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import instagram from "../../../src/bots/instagram/index.ts";
import { type Settings, settingsSchema } from "../../../src/bots/instagram/settings.ts";
import { objectAt } from "../../../src/core/json.ts";
import { createHttp } from "../../../src/plugins/http/http.ts";
import { ReplayedInstagram } from "../../../src/sandbox/instagram.ts";
import { BotDouble } from "../../doubles/bot.ts";

const reel = "https://www.instagram.com/reel/DRoostMov02/";
const replayed = new ReplayedInstagram();
let bot: BotDouble<Settings>;

beforeAll(() => replayed.open());
afterAll(() => replayed.close());
afterEach(() => {
  expect(readdirSync(bot.folder)).toEqual([]);
  bot.close();
});

async function startBot(settings: object = {}): Promise<BotDouble<Settings>> {
  const config = settingsSchema.parse({ origin: replayed.origin, video: "upload", ...settings });
  bot = new BotDouble(config, createHttp());
  return bot.start(instagram);
}

test("a video's file is posted after its still, with all that clients need to lay it out", async () => {
  await startBot();
  await bot.post(reel);
  expect(bot.replies.map(({ key }) => key)).toEqual(["post:DRoostMov02", "post:DRoostMov02:video1"]);
  const [still, video] = bot.replies;
  expect(video?.content).toEqual({
    msgtype: "m.video",
    url: "mxc://test.example/file3",
    filename: "harbour.kites-DRoostMov02.mp4",
    body: "harbour.kites-DRoostMov02.mp4",
    info: {
      w: 1080,
      h: 1920,
      duration: 42_300,
      size: 1080 * 1920 + 32,
      mimetype: "video/mp4",
      thumbnail_url: "mxc://test.example/file2",
      thumbnail_info: objectAt(still?.content.info, "thumbnail_info"),
    },
    "m.mentions": {},
  });
  expect(bot.uploads[2]).toEqual({
    bytes: 1080 * 1920 + 32,
    mimetype: "video/mp4",
    filename: "instagram-DRoostMov02-1.mp4",
  });
});

test("of the renditions the largest that the homeserver takes is posted", async () => {
  await startBot();
  bot.uploadLimitBytes = 1024 * 1024;
  await bot.post(reel);
  expect(bot.replies[1]?.content).toMatchObject({ info: { w: 540, h: 960, size: 540 * 960 + 32 } });
});

test("a video larger than the admin wants is left at its download link", async () => {
  await startBot();
  bot.uploadLimitBytes = 1000;
  await bot.post(reel);
  expect(bot.replies.map(({ key }) => key)).toEqual(["post:DRoostMov02"]);
  expect(bot.replies[0]?.content.body).toContain("download, valid until");
});

test("a repeat costs neither download nor upload", async () => {
  await startBot();
  await bot.post(reel, { eventId: "$one" });
  const { media } = replayed.requests;
  await bot.post(reel, { eventId: "$two" });
  expect(replayed.requests.media).toBe(media);
  expect(bot.uploads).toHaveLength(3);
  expect(bot.replies[3]?.content).toEqual(bot.replies[1]?.content ?? {});
});

test("a video within a carousel follows its still in the thread", async () => {
  await startBot();
  await bot.post("https://www.instagram.com/p/DRoostTwe20/");
  const at = bot.replies.findIndex(({ key }) => key === "post:DRoostTwe20:video7");
  expect(bot.replies[at - 1]?.key).toBe("post:DRoostTwe20:7");
  expect(bot.replies[at]).toMatchObject({ thread: "$reply1", content: { msgtype: "m.video", body: "7/20" } });
});

test("without being asked to, no file is fetched", async () => {
  await startBot({ video: "link" });
  await bot.post(reel);
  expect(bot.replies).toHaveLength(1);
  expect(bot.uploads).toHaveLength(2);
});

test("what a killed run left on the disk is removed at the next start", async () => {
  await startBot();
  const left = join(bot.folder, "video-of-a-killed-run");
  writeFileSync(left, "half");
  await bot.start(instagram);
  expect(existsSync(left)).toBe(false);
});
