import type { JsonObject } from "../../../core/json.ts";
import type { Medium, Post } from "../post.ts";
import {
  countAt,
  durationAt,
  isCovered,
  nodesAt,
  objectsAt,
  shortcodeAt,
  sizeAt,
  textAt,
  timeAt,
  urlAt,
  usernameAt,
} from "./read.ts";

/**
 * The media node of the web's GraphQL: `graphql.shortcode_media`, `data.xdt_shortcode_media`, timeline nodes, and their
 * forerunner of 2017 in `user.media.nodes` (`code`, `display_src`).
 */
export function isGraphqlMedia(node: JsonObject): boolean {
  if (shortcodeAt(node, "code") !== undefined && typeof node.display_src === "string") return true;
  return (
    shortcodeAt(node, "shortcode") !== undefined &&
    (typeof node.display_url === "string" || typeof node.thumbnail_src === "string")
  );
}

/** The post, or undefined when it shows no medium. A timeline's node may show a carousel by its cover and a video without address. */
export function readGraphqlPost(node: JsonObject): Post | undefined {
  const children = nodesAt(node, "edge_sidecar_to_children").flatMap((child) => readMedium(child) ?? []);
  const single = children.length === 0 ? readMedium(node) : undefined;
  const media = single === undefined ? children : [single];
  const shortcode = shortcodeOfGraphql(node);
  if (shortcode === undefined || media.length === 0) return undefined;
  return {
    shortcode,
    kind: kindOfGraphql(node),
    username: usernameAt(node, "owner", "username") ?? null,
    caption:
      textAt(nodesAt(node, "edge_media_to_caption")[0], "text") ??
      textAt(node, "caption", "text") ??
      textAt(node, "caption") ??
      "",
    likes:
      node.like_and_view_counts_disabled === true
        ? null
        : countAt(node, ["edge_media_preview_like", "count"], ["edge_liked_by", "count"], ["likes", "count"]),
    comments: countAt(
      node,
      ["edge_media_to_parent_comment", "count"],
      ["edge_media_to_comment", "count"],
      ["edge_media_preview_comment", "count"],
      ["comments", "count"],
    ),
    takenAt: timeAt(node, "taken_at_timestamp") ?? timeAt(node, "date"),
    approximate: false,
    media,
    ...(isCovered(node) ? { sensitive: true as const } : {}),
  };
}

export function shortcodeOfGraphql(node: JsonObject): string | undefined {
  return shortcodeAt(node, "shortcode") ?? shortcodeAt(node, "code");
}

export function readGraphqlStill(node: JsonObject): string | undefined {
  return readMedium(node)?.url;
}

export function kindOfGraphql(node: JsonObject): Post["kind"] {
  const type = textAt(node, "__typename") ?? "";
  if (type.endsWith("Sidecar") || nodesAt(node, "edge_sidecar_to_children").length > 0) return "carousel";
  return isVideo(node) ? "video" : "image";
}

function isVideo(node: JsonObject): boolean {
  return node.is_video === true || (textAt(node, "__typename") ?? "").endsWith("Video");
}

function readMedium(node: JsonObject): Medium | undefined {
  const [largest] = [...objectsAt(node, "display_resources"), ...objectsAt(node, "thumbnail_resources")]
    .filter((resource) => urlAt(resource, "src") !== undefined)
    .sort((a, b) => (sizeAt(b, "config_width") ?? 0) - (sizeAt(a, "config_width") ?? 0));
  const url =
    urlAt(node, "display_url") ??
    urlAt(largest, "src") ??
    urlAt(node, "display_src") ??
    urlAt(node, "thumbnail_src");
  if (url === undefined) return undefined;
  const alt = textAt(node, "accessibility_caption");
  const videoUrl = urlAt(node, "video_url");
  const durationSeconds = durationAt(node.video_duration, textAt(node, "dash_info", "video_dash_manifest"));
  return {
    kind: isVideo(node) ? "video" : "image",
    url,
    width: sizeAt(node, "dimensions", "width"),
    height: sizeAt(node, "dimensions", "height"),
    ...(isVideo(node) && videoUrl !== undefined ? { videoUrl } : {}),
    ...(isVideo(node) && durationSeconds !== undefined ? { durationSeconds } : {}),
    ...(alt === undefined || alt === "" ? {} : { alt }),
  };
}
