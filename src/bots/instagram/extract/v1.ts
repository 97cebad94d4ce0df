import type { JsonObject } from "../../../core/json.ts";
import type { Medium, Post } from "../post.ts";
import {
  areaOf,
  countAt,
  durationAt,
  isCovered,
  objectsAt,
  renditionsOf,
  shortcodeAt,
  sizeAt,
  textAt,
  timeAt,
  urlAt,
  usernameAt,
} from "./read.ts";

/**
 * The media node of the mobile API (`items[0]`), which the web's newer pages repeat: `xdt_api__v1__media__shortcode__web_info`
 * and `xig_polaris_media.if_not_gated_logged_out`.
 */
export function isV1Media(node: JsonObject): boolean {
  return (
    shortcodeAt(node, "code") !== undefined &&
    (typeof node.media_type === "number" ||
      typeof node.display_uri === "string" ||
      ["image_versions2", "carousel_media", "video_versions"].some(
        (key) => typeof node[key] === "object" && node[key] !== null,
      ))
  );
}

/** The post, or undefined when it shows no medium. */
export function readV1Post(node: JsonObject): Post | undefined {
  const children = objectsAt(node, "carousel_media").flatMap((child) => readMedium(child) ?? []);
  const single = children.length === 0 ? readMedium(node) : undefined;
  const media = single === undefined ? children : [single];
  const shortcode = shortcodeAt(node, "code");
  if (shortcode === undefined || media.length === 0) return undefined;
  const isCarousel = node.media_type === 8 || children.length > 0;
  return {
    shortcode,
    kind: isCarousel ? "carousel" : (single?.kind ?? "image"),
    username: usernameAt(node, "user", "username") ?? usernameAt(node, "owner", "username") ?? null,
    caption: textAt(node, "caption", "text") ?? textAt(node, "caption") ?? "",
    likes: node.like_and_view_counts_disabled === true ? null : countAt(node, ["like_count"]),
    comments: countAt(node, ["comment_count"]),
    takenAt: timeAt(node, "taken_at"),
    approximate: false,
    media,
    ...(isCovered(node) ? { sensitive: true as const } : {}),
  };
}

/** Some address of a picture of it, for a list of posts. */
export function readV1Still(node: JsonObject): string | undefined {
  return readMedium(node)?.url ?? readMedium(objectsAt(node, "carousel_media")[0] ?? {})?.url;
}

export function kindOfV1(node: JsonObject): Post["kind"] {
  if (node.media_type === 8 || objectsAt(node, "carousel_media").length > 0) return "carousel";
  return isVideo(node) ? "video" : "image";
}

function isVideo(node: JsonObject): boolean {
  return node.media_type === 2 || objectsAt(node, "video_versions").length > 0;
}

function readMedium(node: JsonObject): Medium | undefined {
  const original = { width: sizeAt(node, "original_width"), height: sizeAt(node, "original_height") };
  const still = readStill(node, original);
  if (still === undefined) return undefined;
  const alt = textAt(node, "accessibility_caption");
  const described = alt === undefined || alt === "" ? {} : { alt };
  if (!isVideo(node)) return { kind: "image", ...still, ...described };
  const films = renditionsOf(objectsAt(node, "video_versions"));
  const [video] = films;
  const durationSeconds = durationAt(node.video_duration, textAt(node, "video_dash_manifest"));
  return {
    kind: "video",
    url: still.url,
    width: original.width ?? video?.width ?? still.width,
    height: original.height ?? video?.height ?? still.height,
    ...(video === undefined ? {} : { videoUrl: video.url }),
    ...(films.length > 1 ? { videoUrls: films } : {}),
    ...(durationSeconds === undefined ? {} : { durationSeconds }),
    ...described,
  };
}

interface Size {
  readonly width: number | null;
  readonly height: number | null;
}

/** The largest picture. Candidates may lack a size: then the one in the address (`stp=..._p720x720_`) or the original counts. */
function readStill(node: JsonObject, original: Size): ({ url: string } & Size) | undefined {
  const stills = objectsAt(node, "image_versions2", "candidates").flatMap((candidate) => {
    const url = urlAt(candidate, "url");
    return url === undefined ? [] : [{ url, ...sizeOf(candidate, url, original) }];
  });
  const largest = stills.reduce<(typeof stills)[number] | undefined>(
    (best, still) => (best === undefined || areaOf(still) > areaOf(best) ? still : best),
    undefined,
  );
  if (largest !== undefined) return largest;
  const url =
    urlAt(node, "display_uri") ??
    urlAt(node, "display_url") ??
    urlAt(node, "image_versions2", "additional_candidates", "first_frame", "url");
  return url === undefined ? undefined : { url, ...sizeOf({}, url, original) };
}

function sizeOf(candidate: JsonObject, url: string, original: Size): Size {
  const width = sizeAt(candidate, "width");
  const height = sizeAt(candidate, "height");
  if (width !== null && height !== null) return { width, height };
  const bound = Number(/[?&]stp=[^&]{0,60}_[sp](\d{2,4})x\d{2,4}/.exec(url)?.[1] ?? 0);
  if (bound === 0 || original.width === null || original.height === null) return original;
  const scale = Math.min(1, bound / original.width);
  return { width: Math.round(original.width * scale), height: Math.round(original.height * scale) };
}
