import type { JsonObject } from "../../../core/json.ts";
import type { Medium, Post } from "../post.ts";
import {
  areaOf,
  at,
  countAt,
  durationAt,
  objectsAt,
  renditionsOf,
  sizeAt,
  textAt,
  timeAt,
  urlAt,
  usernameAt,
} from "./read.ts";

/** What `yt-dlp -J` says about a post; a carousel is its playlist. Undefined when it is another post or shows no picture. */
export function readYtDlp(info: unknown, shortcode: string): Post | undefined {
  const isWanted = [at(info, "id"), at(info, "display_id")].includes(shortcode);
  const entries = objectsAt(info, "entries");
  const own = at(info, "_type") === "playlist" ? undefined : readMedium(info);
  const media = own === undefined ? entries.flatMap((entry) => readMedium(entry) ?? []) : [own];
  if (!isWanted || media.length === 0) return undefined;
  // Older releases describe the post only in the entries.
  const sources = [info, entries[0]];
  const first = <Value>(read: (source: unknown) => Value | null | undefined): Value | null =>
    sources.map(read).find((value) => value !== null && value !== undefined) ?? null;
  return {
    shortcode,
    kind: own === undefined ? "carousel" : own.kind,
    username: first((source) => usernameAt(source, "channel") ?? usernameAt(source, "uploader_id")),
    caption: first((source) => textAt(source, "description")) ?? "",
    likes: first((source) => countAt(source, ["like_count"])),
    comments: first((source) => countAt(source, ["comment_count"])),
    takenAt: first((source) => timeAt(source, "timestamp")),
    approximate: false,
    media,
  };
}

function readMedium(info: unknown): Medium | undefined {
  const stills = objectsAt(info, "thumbnails").filter((still) => urlAt(still, "url") !== undefined);
  // Where sizes are unknown the last one is the best: yt-dlp sorts them so.
  const largest = stills.reduce<JsonObject | undefined>(
    (best, still) => (best === undefined || areaOf(still) >= areaOf(best) ? still : best),
    undefined,
  );
  const url = urlAt(largest, "url") ?? urlAt(info, "thumbnail");
  if (url === undefined) return undefined;
  const films = renditionsOf(
    objectsAt(info, "formats").filter((format) => format.vcodec !== "none" && format.acodec !== "none"),
  );
  const [film] = films;
  const videoUrl = film?.url ?? urlAt(info, "url");
  const durationSeconds = durationAt(at(info, "duration"), undefined);
  const isVideo = videoUrl !== undefined || objectsAt(info, "formats").length > 0;
  return {
    kind: isVideo ? "video" : "image",
    url,
    width: film?.width ?? sizeAt(info, "width") ?? sizeAt(largest, "width"),
    height: film?.height ?? sizeAt(info, "height") ?? sizeAt(largest, "height"),
    ...(videoUrl === undefined ? {} : { videoUrl }),
    ...(films.length > 1 ? { videoUrls: films } : {}),
    ...(isVideo && durationSeconds !== undefined ? { durationSeconds } : {}),
  };
}
