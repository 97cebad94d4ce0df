import { shortcodeOf } from "./shortcode.ts";

/** What an Instagram address points at. `share` has to be looked up; `other` (tag, place, audio) has no preview; `none` is not a link. */
export type LinkKind =
  | "post"
  | "reel"
  | "tv"
  | "profile"
  | "story"
  | "highlight"
  | "share"
  | "other"
  | "none";

export interface ParsedLink {
  readonly kind: LinkKind;
  /** Case-sensitive. */
  readonly shortcode?: string;
  /** Lower-case. */
  readonly username?: string;
  /** Which picture of a carousel, from 1. */
  readonly imgIndex?: number;
}

export interface Link extends ParsedLink {
  /** As it was written. */
  readonly url: string;
}

/** What the host looks for before it hands a message over: every address `findLinks` knows contains one of these. */
export const literals = ["instagram", "instagr.am", "kkclip.com"] as const;

const none: ParsedLink = { kind: "none" };
const maxTextChars = 65_536;
const maxLinks = 20;

/** Instagram itself: bare, www, m, i, or a country's or language's two letters; not help., about., l. and the like. */
const ownHost = /^(?:(?:www|m|i|web|[a-z]{2}(?:-[a-z]{2})?)\.)?(?:instagram\.com|instagr\.am)$/;
/** Mirrors made for chat previews (ddinstagram, kkinstagram, vxinstagram ...), with their options as sub-domains. */
const mirrorHost = /^(?:(?:www|d|g|m)\.){0,2}(?:[a-z]{1,4}instagram|instagramez|kkclip)\.com$/;
const username = /^(?!.*\.$)[a-z0-9._]{1,30}$/;

/** First path words that are Instagram's own, so never a user's name. */
const reserved = new Set(
  (
    "p reel reels tv share s stories explore accounts direct about legal developer developers challenge api graphql web " +
    "emails session privacy locations popular ajax query publicapi logging logging_client_events client_error qp oauth data " +
    "press channel j _u _n embed download static blog jobs help directory lite terms nametag fragment"
  ).split(" "),
);
const profileTabs = new Set(
  "reels tagged channel highlights avatar igtv feed posts followers following".split(" "),
);

/**
 * The links of a message in their order, each target once: those written in the body first, then those that stand only behind
 * words of the formatted body. Never throws, whatever the text.
 */
export function findLinks(body: string, formattedBody = ""): Link[] {
  const hrefs = [...formattedBody.slice(0, maxTextChars).matchAll(/href\s?=\s?["']([^"'<>]{1,2048})["']/gi)];
  const text = [body.slice(0, maxTextChars), ...hrefs.map((match) => unescapeHref(match[1] ?? ""))].join(
    "\n",
  );
  const links = new Map<string, Link>();
  for (const url of findAddresses(text)) {
    const parsed = parseAddress(url);
    if (parsed.kind === "none") continue;
    const target =
      parsed.shortcode ?? (parsed.kind === "profile" ? `@${parsed.username}` : stripTracking(url));
    if (!links.has(target)) links.set(target, { url, ...parsed });
    if (links.size === maxLinks) break;
  }
  return [...links.values()];
}

/** Names what a link leads to, such as `post:CODE`: links of one name get one answer. */
export function targetOf(link: Link): string {
  if (link.shortcode !== undefined) return `post:${link.shortcode}`;
  return link.kind === "profile" ? `profile:${link.username}` : `link:${link.url.slice(0, 120)}`;
}

/** The same for people. */
export function labelOf(link: Link): string {
  return link.shortcode ?? (link.kind === "profile" ? `@${link.username}` : link.url.slice(0, 120));
}

/** What one address, or the first one in a piece of text, points at. Never throws. */
export function parseLink(text: string): ParsedLink {
  for (const address of findAddresses(text.slice(0, maxTextChars))) return parseAddress(address);
  return none;
}

/** Everything in a text that begins like an address of Instagram or a mirror; a host inside another address is not one. */
function* findAddresses(text: string): Generator<string> {
  const address =
    /instagram:\/\/[^\s<>"'`]{1,2000}|(?<![\w.@/%-])(?:https?:\/\/)?([a-z0-9.-]{1,100})(?::\d{1,5})?(?![\w.:@-])(?:[/?#][^\s<>"'`]{0,1000})?/gi;
  for (const match of text.matchAll(address)) {
    const host = match[1]?.toLowerCase();
    if (host === undefined || ownHost.test(host) || mirrorHost.test(host) || host === "l.instagram.com")
      yield match[0];
  }
}

function parseAddress(address: string): ParsedLink {
  const url = URL.parse(/^[a-z]+:\/\//i.test(address) ? address : `https://${address}`);
  if (url === null) return none;
  if (url.protocol === "instagram:") return parseDeepLink(url);
  if (url.port !== "") return none;
  if (url.hostname === "l.instagram.com") {
    const target = url.searchParams.get("u") ?? "";
    return target.includes("l.instagram.com") ? none : parseLink(target);
  }
  const index = Number(/^\d{1,2}$/.exec(url.searchParams.get("img_index") ?? "")?.[0] ?? 0);
  const parsed = parsePath(segmentsOf(url.pathname), url.searchParams);
  return index > 0 && parsed.shortcode !== undefined ? { ...parsed, imgIndex: index } : parsed;
}

/** The app's own addresses: `instagram://user?username=NAME`, `instagram://media?id=NUMBER`. */
function parseDeepLink(url: URL): ParsedLink {
  if (url.hostname === "user") return parseUser(url.searchParams.get("username") ?? "", []);
  const id = /^\d{5,25}/.exec(url.searchParams.get("id") ?? "")?.[0];
  return url.hostname === "media" && id !== undefined ? { kind: "post", shortcode: shortcodeOf(id) } : none;
}

function segmentsOf(pathname: string): string[] {
  return pathname
    .split("/")
    .map((segment) => unescapeSegment(segment).replace(/[^\p{L}\p{N}_-]+$/u, ""))
    .filter((segment) => segment !== "");
}

function parsePath(segments: readonly string[], query: URLSearchParams): ParsedLink {
  const [first = "", second = "", third = ""] = segments;
  switch (first.toLowerCase()) {
    case "p":
      return parseCode("post", second, third);
    case "tv":
      return parseCode("tv", second, third);
    case "reel":
    case "reels":
      return second.toLowerCase() === "audio" ? { kind: "other" } : parseCode("reel", second, third);
    case "share":
      return second === "" || (/^(p|reel|tv)$/i.test(second) && third === "") ? none : { kind: "share" };
    case "stories":
      if (second.toLowerCase() === "highlights") return third === "" ? none : { kind: "highlight" };
      return username.test(second.toLowerCase()) ? { kind: "story", username: second.toLowerCase() } : none;
    case "s":
      return parseShortStory(second, query);
    case "explore":
      return /^(tags|locations)$/i.test(second) && third !== "" ? { kind: "other" } : none;
    case "accounts":
      return second.toLowerCase() === "login" ? parseNext(query.get("next") ?? "") : none;
    case "_u":
      return parseUser(second, segments.slice(2));
    default:
      return reserved.has(first.toLowerCase()) ? none : parseUser(first, segments.slice(1));
  }
}

function parseCode(kind: "post" | "reel" | "tv", code: string, after: string): ParsedLink {
  const shortcode = /^([\w-]{2,64})(?:[^\w-]|$)/.exec(code)?.[1];
  if (shortcode === undefined) return none;
  return /^[1-9]\d?$/.test(after) ? { kind, shortcode, imgIndex: Number(after) } : { kind, shortcode };
}

function parseUser(segment: string, rest: readonly string[]): ParsedLink {
  const name = segment.replace(/^@/, "").toLowerCase();
  if (!username.test(name) || reserved.has(name)) return none;
  const [tab = "", code = "", after = ""] = rest;
  if (tab === "" || profileTabs.has(tab.toLowerCase())) {
    if (!/^reels?$/i.test(tab) || code === "") return { kind: "profile", username: name };
  }
  if (/^(p|reels?|tv)$/i.test(tab)) {
    const parsed = parseCode(
      tab.toLowerCase() === "p" ? "post" : tab.toLowerCase() === "tv" ? "tv" : "reel",
      code,
      after,
    );
    return parsed.kind === "none" ? none : { ...parsed, username: name };
  }
  return { kind: "none", username: name };
}

/** `/s/BASE64`: the text within says `highlight:NUMBER` or names a story. */
function parseShortStory(token: string, query: URLSearchParams): ParsedLink {
  if (token === "") return none;
  const text = Buffer.from(token, "base64url").toString("latin1");
  return text.startsWith("highlight:") || query.has("story_media_id")
    ? { kind: "highlight" }
    : { kind: "story" };
}

/** Where a login page would have led; only within Instagram, and not to another login page. */
function parseNext(next: string): ParsedLink {
  const path = next.replace(/^https?:\/\/(?:www\.)?instagram\.com(?=\/)/i, "");
  const url = path.startsWith("/") ? URL.parse(path, "https://www.instagram.com") : null;
  if (url === null || url.hostname !== "www.instagram.com" || /^\/+accounts/i.test(url.pathname)) return none;
  return parsePath(segmentsOf(url.pathname), url.searchParams);
}

function stripTracking(url: string): string {
  return url.replace(/[?#].*$/, "").replace(/\/+$/, "");
}

function unescapeHref(href: string): string {
  return href.replaceAll("&amp;", "&").replaceAll("&#38;", "&");
}

function unescapeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
