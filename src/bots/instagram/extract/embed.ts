import type { Medium, Post } from "../post.ts";
import { parseCount } from "./count.ts";
import { urlAt } from "./read.ts";
import { decodeEntities, textOf } from "./text.ts";

/** Such pages are small, and other pages need not be looked through. */
const maxPageChars = 512 * 1024;
const maxTagChars = 8000;
const maxCaptionChars = 40_000;

/**
 * The embed page's own HTML, for when its script holds no data: one picture of the post, its author, caption and counts. It is
 * approximate, since of several pictures only the first is there. Undefined when it shows no picture, or of another post.
 */
export function readEmbed(page: string, wanted: { shortcode?: string; username?: string }): Post | undefined {
  const html = page.slice(0, maxPageChars);
  if (wanted.username !== undefined || !html.includes("EmbeddedMedia")) return undefined;
  const shortcode = shortcodeIn(html, wanted.shortcode);
  if (shortcode === undefined || (wanted.shortcode ?? shortcode) !== shortcode) return undefined;
  const type = /data-media-type="Graph(\w{1,20})"/.exec(html)?.[1];
  const video = attributeOf(tagOf(html, "EmbeddedMediaVideo"), "src");
  const still = attributeOf(tagOf(html, "EmbeddedMediaImage"), "src");
  const url = urlAt([still ?? attributeOf(tagOf(html, "EmbeddedMediaVideo"), "poster")], 0);
  if (url === undefined) return undefined;
  const videoUrl = urlAt([video], 0);
  const isVideo = type === "Video" || videoUrl !== undefined;
  const alt = attributeOf(tagOf(html, "EmbeddedMediaImage"), "alt");
  const medium: Medium = {
    kind: isVideo ? "video" : "image",
    url,
    width: null,
    height: null,
    ...(videoUrl === undefined ? {} : { videoUrl }),
    ...(alt === undefined || alt === "" ? {} : { alt }),
  };
  const username = /^[\w.]{1,30}$/.exec(textOf(innerOf(html, "UsernameText", 200)))?.[0] ?? null;
  return {
    shortcode,
    kind: type === "Sidecar" ? "carousel" : medium.kind,
    username,
    caption: readCaption(innerOf(html, "Caption", maxCaptionChars), username),
    likes: parseCount(/([\d.,]{1,20}[KMB]?) likes?\b/i.exec(textOf(innerOf(html, "SocialProof", 600)))?.[1]),
    comments: parseCount(
      /([\d.,]{1,20}[KMB]?) comments?\b/i.exec(textOf(innerOf(html, "CaptionComments", 600)))?.[1],
    ),
    takenAt: null,
    approximate: true,
    media: [medium],
  };
}

/** Whose page it is: its links to the post say where they come from, or at least lead to the wanted one. */
function shortcodeIn(html: string, wanted: string | undefined): string | undefined {
  const own = /\/(?:p|reel|tv)\/([\w-]{2,64})\/[^"']{0,200}utm_source=ig_embed/.exec(html)?.[1];
  const isLinked = ["p", "reel", "tv"].some((kind) => html.includes(`/${kind}/${wanted}/`));
  return own ?? (isLinked ? wanted : undefined);
}

/** The caption stands between a link to its author and the comments. */
function readCaption(inner: string, username: string | null): string {
  const [written = ""] = inner.split(/<div class="CaptionComments/);
  const text = textOf(
    written.replace(/^\s{0,99}<a [^>]{0,2000}CaptionUsername[\s\S]{0,300}?<\/a>/, ""),
  ).trim();
  return text === username ? "" : text.slice(0, 10_000);
}

/** The first tag whose class list holds the name. */
function tagOf(html: string, name: string): string {
  const place = placeOf(html, name);
  const start = place < 0 ? -1 : html.lastIndexOf("<", place);
  const end = start < 0 ? -1 : html.indexOf(">", place);
  return end < 0 || end - start > maxTagChars ? "" : html.slice(start, end + 1);
}

function placeOf(html: string, name: string): number {
  return new RegExp(`class="(?:[\\w -]{1,100} )?${name}[ "]`).exec(html)?.index ?? -1;
}

/** What stands inside the first such element, up to the tag that closes it or the limit. */
function innerOf(html: string, name: string, maxChars: number): string {
  const place = placeOf(html, name);
  const start = place < 0 ? -1 : html.indexOf(">", place) + 1;
  if (start <= 0) return "";
  const tag = /^<(\w{1,10})/.exec(html.slice(html.lastIndexOf("<", place)))?.[1] ?? "div";
  const text = html.slice(start, start + maxChars);
  let depth = 1;
  for (const match of text.matchAll(new RegExp(`<(/?)${tag}\\b`, "g"))) {
    depth += match[1] === "/" ? -1 : 1;
    if (depth === 0) return text.slice(0, match.index);
  }
  return text;
}

function attributeOf(tag: string, name: string): string | undefined {
  const value = new RegExp(`\\s${name}="([^"]{0,4096})"`).exec(tag)?.[1];
  return value === undefined ? undefined : decodeEntities(value);
}
