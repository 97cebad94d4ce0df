import { parseLink } from "../link.ts";
import type { Extraction, Medium, Post, Profile } from "../post.ts";
import { parseCount } from "./count.ts";
import type { Wanted } from "./find.ts";
import { sizeAt, urlAt } from "./read.ts";

type Meta = ReadonlyMap<string, string>;

/**
 * The page's Open Graph tags, written for link previews: the last source, since counts are rounded and a carousel shows one
 * picture. Undefined when they describe neither a post nor a profile, or another one than was asked for.
 */
export function readOpenGraph(meta: Meta, wanted: Wanted): Extraction | undefined {
  const link = parseLink(meta.get("og:url") ?? meta.get("al:android:url") ?? "");
  if (link.shortcode !== undefined) {
    const isWanted = wanted.shortcode === undefined || wanted.shortcode === link.shortcode;
    const post =
      isWanted && wanted.username === undefined ? readPost(meta, link.shortcode, link.kind) : undefined;
    return post === undefined ? undefined : { outcome: "post", post };
  }
  if (link.kind !== "profile" || link.username === undefined || wanted.shortcode !== undefined)
    return undefined;
  if (wanted.username !== undefined && wanted.username.toLowerCase() !== link.username) return undefined;
  const profile = readProfile(meta, link.username);
  return profile === undefined ? undefined : { outcome: "profile", profile };
}

/** `152K likes, 784 comments - NAME on April 19, 2021: "CAPTION". `, older: `9 Likes, 2 Comments - Full Name (@NAME) on Instagram: “CAPTION”`. */
const postPattern =
  /^(?:([\d.,]+[KMB]?) likes?, )?(?:([\d.,]+[KMB]?) comments? )?[-–—] (?:.{0,150}?\(@([\w.]{1,30})\)|([\w.]{1,30})) on ([^:"“]{1,40}?)(?:: ["“]([\s\S]*)["”]\.?)?\s*$/i;

function readPost(meta: Meta, shortcode: string, linkKind: string): Post | undefined {
  const url = urlAt({ url: meta.get("og:image") ?? meta.get("twitter:image") }, "url");
  if (url === undefined) return undefined;
  const description = (meta.get("og:description") ?? meta.get("description") ?? "").slice(0, 12_000);
  const [, likes, comments, longName, shortName, date, caption] = postPattern.exec(description) ?? [];
  const videoUrl = urlAt({ url: meta.get("og:video:secure_url") ?? meta.get("og:video") }, "url");
  const isVideo =
    videoUrl !== undefined || linkKind === "reel" || linkKind === "tv" || meta.get("og:type") === "video";
  const isCarousel = !isVideo && /photos and videos$/.test(meta.get("twitter:title") ?? "");
  const medium: Medium = {
    kind: isVideo ? "video" : "image",
    url,
    width: sizeAt({ size: Number(meta.get("og:video:width") ?? meta.get("og:image:width") ?? 0) }, "size"),
    height: sizeAt({ size: Number(meta.get("og:video:height") ?? meta.get("og:image:height") ?? 0) }, "size"),
    ...(videoUrl === undefined ? {} : { videoUrl }),
  };
  return {
    shortcode,
    kind: isCarousel ? "carousel" : medium.kind,
    username:
      longName ?? shortName ?? /\(@([\w.]{1,30})\)/.exec(meta.get("twitter:title") ?? "")?.[1] ?? null,
    caption: (
      caption ??
      /on Instagram: ["“]([\s\S]*)["”]$/.exec(meta.get("og:title") ?? "")?.[1] ??
      ""
    ).slice(0, 10_000),
    likes: parseCount(likes),
    comments: parseCount(comments),
    takenAt: parseDay(date),
    approximate: true,
    media: [medium],
  };
}

const profilePattern = /^([\d.,]+[kmb]?) followers?, ([\d.,]+[kmb]?) following, ([\d.,]+[kmb]?) posts?/i;

function readProfile(meta: Meta, username: string): Profile | undefined {
  const description = (meta.get("og:description") ?? meta.get("description") ?? "").slice(0, 4000);
  const counts = profilePattern.exec(description);
  if (counts === null) return undefined;
  const bio = /: ["“]([\s\S]*)["”]\s*$/.exec(description)?.[1];
  return {
    username,
    fullName: /^([\s\S]{0,200}?) \(@/.exec(meta.get("og:title") ?? "")?.[1]?.trim() ?? "",
    bio: bio ?? "",
    followers: parseCount(counts[1]),
    following: parseCount(counts[2]),
    posts: parseCount(counts[3]),
    verified: false,
    private: false,
    pictureUrl: urlAt({ url: meta.get("og:image") }, "url") ?? null,
    links: [],
    recent: [],
    approximate: true,
  };
}

/** `April 19, 2021`: the day is all that is said. */
function parseDay(text: string | undefined): string | null {
  if (text === undefined || !/^[A-Z][a-z]{2,8} \d{1,2}, \d{4}$/.test(text)) return null;
  const time = Date.parse(`${text} UTC`);
  return Number.isNaN(time) ? null : new Date(time).toISOString().replace(".000Z", "Z");
}
