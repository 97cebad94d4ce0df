import { isObject, type JsonObject } from "../../../core/json.ts";
import type { Extraction, Post, RecentPost } from "../post.ts";
import {
  isGraphqlMedia,
  kindOfGraphql,
  readGraphqlPost,
  readGraphqlStill,
  shortcodeOfGraphql,
} from "./graphql.ts";
import { isOwnedBy, isProfile, readProfile } from "./profile.ts";
import { shortcodeAt, usernameAt } from "./read.ts";
import { isV1Media, kindOfV1, readV1Post, readV1Still } from "./v1.ts";

/** What was asked for. Without either, the answer's own post or profile is reported. */
export interface Wanted {
  readonly shortcode?: string;
  readonly username?: string;
}

/** `own`: what the answer is about; `timeline`: an owner's posts; `aside`: saved, related and the viewer's own things. */
type Place = "own" | "plain" | "timeline" | "aside";

const places: ReadonlyMap<string, Place> = new Map([
  ["xig_polaris_media", "own"],
  ["xdt_shortcode_media", "own"],
  ["shortcode_media", "own"],
  ["xdt_api__v1__media__shortcode__web_info", "own"],
  ["PostPage", "own"],
  ["polaris_ordered_timeline_connection", "timeline"],
  ["edge_owner_to_timeline_media", "timeline"],
  ["xdt_api__v1__feed__user_timeline_graphql_connection", "timeline"],
  ["media", "timeline"],
  ["edge_felix_video_timeline", "aside"],
  ["edge_saved_media", "aside"],
  ["edge_media_collections", "aside"],
  ["saved_media", "aside"],
  ["edge_web_media_to_related_media", "aside"],
  ["edge_related_profiles", "aside"],
  ["viewer", "aside"],
]);

interface Found {
  readonly node: JsonObject;
  readonly place: Place;
  readonly depth: number;
}

interface Findings {
  readonly media: Found[];
  readonly profiles: Found[];
}

const maxDepth = 48;
const maxNodes = 200_000;
const maxMedia = 500;

/** The wanted post or profile in parsed JSON of any known shape, or undefined. */
export function find(documents: readonly unknown[], wanted: Wanted): Extraction | undefined {
  const { media, profiles } = collect(documents);
  if (wanted.shortcode !== undefined) return findPost(media, wanted.shortcode);
  if (wanted.username !== undefined) {
    const name = wanted.username.toLowerCase();
    const found = profiles.find(({ node }) => usernameAt(node, "username")?.toLowerCase() === name);
    return found === undefined ? undefined : reportProfile(found.node, media);
  }
  return findOwn(media, profiles);
}

/**
 * Every medium and profile, level by level, so that what lies shallower comes first. A medium's inside is not searched: it
 * holds its owner's other posts.
 */
function collect(documents: readonly unknown[]): Findings {
  const findings: Findings = { media: [], profiles: [] };
  let level: { value: unknown; place: Place }[] = documents.map((value) => ({ value, place: "plain" }));
  let budget = maxNodes;
  for (let depth = 0; depth < maxDepth && level.length > 0; depth++) {
    const next: typeof level = [];
    for (const { value, place } of level) {
      if (--budget < 0 || findings.media.length >= maxMedia) return findings;
      if (Array.isArray(value)) {
        for (const item of value)
          if (typeof item === "object" && item !== null) next.push({ value: item, place });
      } else if (isObject(value)) {
        if (isV1Media(value) || isGraphqlMedia(value)) {
          findings.media.push({ node: value, place, depth });
          continue;
        }
        if (place !== "aside" && isProfile(value)) findings.profiles.push({ node: value, place, depth });
        for (const key in value) {
          const child = value[key];
          if (typeof child === "object" && child !== null)
            next.push({ value: child, place: place === "aside" ? place : (places.get(key) ?? place) });
        }
      }
    }
    level = next;
  }
  return findings;
}

/** The fullest description of the wanted post: pages repeat a post in its owner's timeline with less in it. */
function findPost(media: readonly Found[], shortcode: string): Extraction | undefined {
  const posts = media
    .filter(({ node }) => codeOf(node) === shortcode)
    .slice(0, 10)
    .flatMap(({ node }) => readPost(node) ?? [])
    .sort((a, b) => fullness(b) - fullness(a));
  return posts[0] === undefined ? undefined : { outcome: "post", post: posts[0] };
}

function findOwn(media: readonly Found[], profiles: readonly Found[]): Extraction | undefined {
  const rank = { own: 0, plain: 1, timeline: 1, aside: 2 };
  const posts = [...media].sort((a, b) => rank[a.place] - rank[b.place] || a.depth - b.depth);
  const [profile] = profiles;
  for (const { node, place, depth } of posts) {
    if (profile !== undefined && place !== "own" && profile.depth <= depth) break;
    const post = readPost(node);
    if (post !== undefined) return { outcome: "post", post };
  }
  return profile === undefined ? undefined : reportProfile(profile.node, media);
}

function reportProfile(profile: JsonObject, media: readonly Found[]): Extraction {
  const recent = media.flatMap(({ node, place }) =>
    place === "timeline" && isOwnedBy(profile, node) ? (readRecent(node) ?? []) : [],
  );
  return { outcome: "profile", profile: readProfile(profile, recent) };
}

function readRecent(node: JsonObject): RecentPost | undefined {
  const isV1 = isV1Media(node);
  const shortcode = codeOf(node);
  const url = isV1 ? readV1Still(node) : readGraphqlStill(node);
  if (shortcode === undefined || url === undefined) return undefined;
  return { shortcode, kind: isV1 ? kindOfV1(node) : kindOfGraphql(node), url };
}

function readPost(node: JsonObject): Post | undefined {
  return isV1Media(node) ? readV1Post(node) : readGraphqlPost(node);
}

function codeOf(node: JsonObject): string | undefined {
  return isV1Media(node) ? shortcodeAt(node, "code") : shortcodeOfGraphql(node);
}

function fullness(post: Post): number {
  const known = [post.likes, post.comments, post.takenAt, post.username].filter((value) => value !== null);
  return known.length * 100 + post.media.length + post.media.filter((medium) => medium.videoUrl).length;
}
