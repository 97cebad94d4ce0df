import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { MxcUri } from "../../core/id.ts";
import {
  type FileBot,
  mediaOptions,
  missing,
  type NoFile,
  permanent,
  refusedWith,
  uploaded,
} from "./picture.ts";
import type { Medium } from "./post.ts";

/** A video that the homeserver keeps. */
export interface Video {
  readonly mxc: MxcUri;
  readonly width: number | null;
  readonly height: number | null;
  readonly sizeBytes: number;
  readonly mimetype: string;
  /** With its dot. */
  readonly extension: string;
}

/** Our temporary files begin with this, so that those of a killed run are found. */
export const temporaryPrefix = "video-";
const slowestBytesPerSecond = 128 * 1024;

/**
 * Takes a video to the homeserver by way of the disk: of its renditions the largest that is at most `max_video_mb` and what the
 * homeserver takes. Throws like fetchPicture.
 */
export async function fetchVideo(medium: Medium, name: string, bot: FileBot): Promise<Video | NoFile> {
  const renditions = medium.videoUrls ?? [];
  const { width, height } = medium;
  const choices =
    renditions.length > 0 || medium.videoUrl === undefined
      ? renditions
      : [{ url: medium.videoUrl, width, height }];
  const maxBytes = Math.min(bot.config.max_video_mb * 1024 * 1024, await bot.uploadLimitBytes());
  let outcome: Video | NoFile = permanent("Instagram names no file");
  for (const rendition of choices) {
    outcome = await fetchRendition(rendition, name, maxBytes, bot);
    if ("mxc" in outcome)
      return { ...outcome, width: outcome.width ?? width, height: outcome.height ?? height };
    if (outcome.isTooLarge !== true) return outcome;
  }
  return outcome;
}

async function fetchRendition(
  { url, width, height }: { url: string; width: number | null; height: number | null },
  name: string,
  maxBytes: number,
  bot: FileBot,
): Promise<Video | NoFile> {
  const path = join(bot.folder, `${temporaryPrefix}${crypto.randomUUID()}`);
  try {
    const saved = await save(url, path, maxBytes, bot);
    if ("cause" in saved) return saved;
    const type = sniff(new Uint8Array(await Bun.file(path).slice(0, 12).arrayBuffer()));
    if (type === undefined) return permanent(saved.sizeBytes === 0 ? "it is empty" : "it is not a video");
    return await uploaded(async () => {
      const mxc = await bot.upload({ path, mimetype: type.mimetype, filename: `${name}${type.extension}` });
      return { mxc, width, height, sizeBytes: saved.sizeBytes, ...type };
    });
  } finally {
    await rm(path, { force: true });
  }
}

async function save(
  url: string,
  path: string,
  maxBytes: number,
  bot: FileBot,
): Promise<{ sizeBytes: number } | NoFile> {
  try {
    const { status, sizeBytes } = await bot.http.save(url, path, {
      ...mediaOptions(bot),
      headers: { "User-Agent": bot.config.user_agent, Accept: "video/mp4,video/*;q=0.8" },
      timeoutMs: 10_000 + (maxBytes / slowestBytesPerSecond) * 1000,
      maxBytes,
    });
    return status === 200 ? { sizeBytes } : refusedWith(status);
  } catch (error) {
    return missing(error, `${Math.floor(maxBytes / 1024 / 1024)} MB`);
  }
}

function sniff(head: Uint8Array): Pick<Video, "mimetype" | "extension"> | undefined {
  const text = Buffer.from(head).toString("latin1");
  if (text.slice(4, 8) === "ftyp" && !/^(?:hei|hev|mif|msf|avi)/.test(text.slice(8)))
    return { mimetype: "video/mp4", extension: ".mp4" };
  return text.startsWith("\x1aE\xdf\xa3") ? { mimetype: "video/webm", extension: ".webm" } : undefined;
}
