import type { EventId, RoomId, UserId } from "../../core/id.ts";
import type { JsonObject } from "../../core/json.ts";
import type { NoFile, Picture } from "./picture.ts";
import type { Medium, Post, Profile } from "./post.ts";
import type { Video } from "./video.ts";
import {
  escapeHtml,
  formatCount,
  formatDuration,
  isSafeLink,
  neutralize,
  neutralizeLine,
  shorten,
  toHtml,
} from "./words.ts";

const site = "https://www.instagram.com";
const previewHeight = 96;
/** More than Instagram allows; bounds what a message weighs, twice when it is edited. */
const maxCaptionChars = 2_400;

/** Where one medium's message stands among those of its post. All links lead to messages in the room. */
export interface Place {
  /** The first message shows author, caption and counts. */
  readonly isFirst: boolean;
  readonly previous?: string;
  readonly first?: string;
  /** Where each medium of the post is, in the post's order: once all are there. */
  readonly index?: readonly string[];
}

/** One message of an answer: plain text, and the same as blocks of HTML, around a picture where there is one. */
interface Draft {
  readonly lines: readonly string[];
  readonly html: readonly string[];
  readonly picture: Picture | NoFile | null;
  readonly name: string;
  readonly isSensitive: boolean;
}

/** The message that shows one medium of a post, a video by its still. Pure. */
export function renderMedium(
  post: Post,
  medium: Medium,
  picture: Picture | NoFile | null,
  place: Place,
  captionMax: number,
): JsonObject {
  const label = labelOf(post, medium);
  const links = [
    ...(place.previous === undefined ? [] : [`<a href="${escapeHtml(place.previous)}">previous</a>`]),
    ...(place.first === undefined ? [] : [`<a href="${escapeHtml(place.first)}">first</a>`]),
  ];
  const about = place.isFirst ? describePost(post, captionMax) : { lines: [], html: [] };
  const video = medium.kind === "video" ? describeVideo(medium) : { lines: [], html: [] };
  const isSensitive = post.sensitive === true;
  const alt =
    medium.alt === undefined || isSensitive
      ? []
      : [`Picture: ${neutralizeLine(shorten(medium.alt, 400).head)}`];
  const index = place.index?.map((url, at) => `<a href="${escapeHtml(url)}">${at + 1}</a>`) ?? [];
  const isMissing = picture === null || "cause" in picture;
  return toContent({
    lines: [
      ...(label === undefined ? [] : [label]),
      ...about.lines,
      ...video.lines,
      ...alt,
      ...(index.length > 0 ? [index.map((_, at) => at + 1).join(" ")] : []),
    ],
    html: [
      ...(label === undefined ? [] : [paragraph([label, ...links].join(" · "))]),
      ...about.html,
      ...video.html,
      ...(isMissing ? alt.map((line) => paragraph(escapeHtml(line))) : []),
      ...(index.length > 0 ? [paragraph(index.join(" "))] : []),
    ],
    picture,
    name: nameOf(post, medium),
    isSensitive,
  });
}

/** The message that holds a video itself, under its still. Pure. */
export function renderVideo(
  post: Post,
  medium: Medium,
  video: Video,
  still: Picture | NoFile | null,
): JsonObject {
  const filename = `${nameOf(post, medium)}${video.extension}`;
  const label = labelOf(post, medium);
  const { durationSeconds } = medium;
  return {
    msgtype: "m.video",
    url: video.mxc,
    filename,
    body: label ?? filename,
    info: {
      ...(video.width === null || video.height === null ? {} : { w: video.width, h: video.height }),
      ...(durationSeconds === undefined ? {} : { duration: Math.round(durationSeconds * 1000) }),
      size: video.sizeBytes,
      mimetype: video.mimetype,
      ...(still === null || "cause" in still ? {} : thumbnailOf(still)),
    },
    ...(post.sensitive === true ? spoiler : {}),
    "m.mentions": {},
  };
}

/** The message that shows a profile; `pictures` holds its own, then those of its recent posts. Pure. */
export function renderProfile(profile: Profile, pictures: readonly (Picture | NoFile | null)[]): JsonObject {
  const address = `${site}/${profile.username}/`;
  const name = neutralizeLine(profile.fullName === "" ? profile.username : profile.fullName);
  const marks = [profile.verified ? "verified" : "", profile.private ? "private" : ""].filter(Boolean);
  const title = `${profile.username} on Instagram${marks.length > 0 ? ` (${marks.join(", ")})` : ""}`;
  const isRounded = profile.approximate === true;
  const counts = [
    formatCount(profile.followers, "follower", isRounded),
    profile.following === null ? undefined : `${formatCount(profile.following, "", isRounded)} following`,
    formatCount(profile.posts, "post", isRounded),
  ].filter((count) => count !== undefined);
  const bio = neutralize(shorten(profile.bio, 600).head);
  const links = profile.links.filter((link) => isSafeLink(link) && link.length <= 300);
  const recent = previewed(profile).map(({ kind, shortcode }, at) => ({
    kind: kind === "image" ? "picture" : kind,
    url: `${site}/p/${shortcode}/`,
    picture: pictures[at + 1] ?? null,
  }));
  return toContent({
    lines: [
      title,
      ...(name === profile.username ? [] : [name]),
      ...(bio === "" ? [] : [bio]),
      ...(counts.length > 0 ? [counts.join(" · ")] : []),
      ...links.map(neutralizeLine),
      address,
      ...recent.map(({ kind, url }) => `Recent ${kind}: ${url}`),
    ],
    html: [
      paragraph(`<strong><a href="${address}">${escapeHtml(name)}</a></strong> ${escapeHtml(title)}`),
      ...(bio === "" ? [] : [paragraph(toHtml(bio))]),
      ...(counts.length > 0 ? [paragraph(counts.join(" · "))] : []),
      ...links.map((link) =>
        paragraph(`<a href="${escapeHtml(link)}">${escapeHtml(neutralizeLine(shorten(link, 80).head))}</a>`),
      ),
      ...(recent.length > 0 ? [paragraph(recent.map(renderPreview).join(" "))] : []),
    ],
    picture: pictures[0] ?? null,
    name: profile.username,
    isSensitive: false,
  });
}

/** The recent posts that a profile's answer shows. */
export function previewed(profile: Profile): Profile["recent"] {
  return profile.recent.slice(0, 6);
}

/** The address of a message, for people whose server does not know the room as well. */
export function linkTo(roomId: RoomId, eventId: EventId, via: UserId): string {
  const server = via.slice(via.indexOf(":") + 1);
  return `https://matrix.to/#/${encodeURIComponent(roomId)}/${encodeURIComponent(eventId)}?via=${encodeURIComponent(server)}`;
}

interface Preview {
  readonly kind: string;
  readonly url: string;
  readonly picture: Picture | NoFile | null;
}

function renderPreview({ kind, url, picture }: Preview): string {
  if (picture === null || "cause" in picture) return `<a href="${url}">${kind}</a>`;
  const width = Math.round((picture.width * previewHeight) / picture.height);
  const alt = `Recent ${kind}`;
  return `<a href="${url}"><img src="${escapeHtml(picture.mxc)}" alt="${alt}" title="${alt}" width="${width}" height="${previewHeight}"></a>`;
}

function labelOf(post: Post, medium: Medium): string | undefined {
  return post.media.length > 1 ? `${post.media.indexOf(medium) + 1}/${post.media.length}` : undefined;
}

function nameOf(post: Post, medium: Medium): string {
  const number = post.media.length > 1 ? `-${post.media.indexOf(medium) + 1}` : "";
  return `${post.username ?? "instagram"}-${post.shortcode}${number}`;
}

function describePost(post: Post, captionMax: number): { lines: string[]; html: string[] } {
  const address = `${site}/p/${post.shortcode}/`;
  const author = post.username ?? "Somebody";
  const isSensitive = post.sensitive === true;
  const { head, tail } = shorten(neutralize(post.caption.slice(0, maxCaptionChars)), captionMax);
  const likes = formatCount(post.likes, "like", post.approximate);
  const counts = [
    // Where counts are rounded, a missing one says nothing about who hid it.
    likes ?? (post.approximate ? undefined : "likes hidden"),
    formatCount(post.comments, "comment", post.approximate),
  ].filter((count) => count !== undefined);
  const heading =
    post.username === null
      ? "<strong>Instagram</strong>"
      : `<strong><a href="${site}/${escapeHtml(post.username)}/">${escapeHtml(post.username)}</a></strong>`;
  const cover = (text: string) => (isSensitive ? `<span data-mx-spoiler="sensitive">${text}</span>` : text);
  const isPartial = post.approximate && post.kind === "carousel" && post.media.length === 1;
  const rest = isPartial ? ["The rest of the carousel is on Instagram."] : [];
  return {
    lines: [
      `${author} on Instagram${isSensitive ? " (marked sensitive)" : ""}`,
      // Plain text cannot cover anything.
      ...(head === "" ? [] : [isSensitive ? "[caption covered]" : head]),
      ...(counts.length > 0 ? [counts.join(" · ")] : []),
      ...rest,
      address,
    ],
    html: [
      paragraph(heading),
      ...(head === "" ? [] : [paragraph(cover(toHtml(head)))]),
      ...(tail === "" ? [] : [`<details><summary>more</summary>${cover(toHtml(tail))}</details>`]),
      paragraph([...counts, ...rest, `<a href="${address}">on Instagram</a>`].join(" · ")),
    ],
  };
}

/** Length, and where the file can be had: Instagram's addresses carry their end (`oe=`, hexadecimal seconds). */
function describeVideo({ videoUrl, durationSeconds }: Medium): { lines: string[]; html: string[] } {
  const what = ["Video", formatDuration(durationSeconds)].filter(Boolean).join(", ");
  if (videoUrl === undefined || !isSafeLink(videoUrl)) return { lines: [what], html: [paragraph(what)] };
  const endsAt = Number.parseInt(URL.parse(videoUrl)?.searchParams.get("oe") ?? "", 16);
  const isDated = endsAt > 1_000_000_000 && endsAt < 10_000_000_000;
  const end = isDated
    ? `, valid until ${new Date(endsAt * 1000).toISOString().slice(0, 16).replace("T", " ")} UTC`
    : "";
  return {
    lines: [`${what} (download${end}): ${videoUrl}`],
    html: [paragraph(`${what}: <a href="${escapeHtml(videoUrl)}">download</a>${end}`)],
  };
}

function paragraph(html: string): string {
  return `<p>${html}</p>`;
}

// MSC4193, unstable: there is no stable way yet to cover a picture.
const spoiler = { "page.codeberg.everypizza.msc4193.spoiler": true };

function toContent({ lines, html, picture, name, isSensitive }: Draft): JsonObject {
  const missing = picture !== null && "cause" in picture ? [`The picture is missing: ${picture.cause}.`] : [];
  const text = {
    body: [...lines, ...missing].join("\n"),
    format: "org.matrix.custom.html",
    formatted_body: [...html, ...missing.map((line) => paragraph(escapeHtml(line)))].join(""),
    "m.mentions": {},
  };
  if (picture === null || "cause" in picture) return { msgtype: "m.text", ...text };
  return {
    msgtype: "m.image",
    url: picture.mxc,
    filename: `${name}${picture.extension}`,
    info: {
      w: picture.width,
      h: picture.height,
      size: picture.sizeBytes,
      mimetype: picture.mimetype,
      ...thumbnailOf(picture),
    },
    ...(isSensitive ? spoiler : {}),
    ...text,
  };
}

function thumbnailOf({ thumbnail }: Picture): JsonObject {
  if (thumbnail === undefined) return {};
  const { mxc, width, height, sizeBytes } = thumbnail;
  return {
    thumbnail_url: mxc,
    thumbnail_info: { w: width, h: height, size: sizeBytes, mimetype: "image/jpeg" },
  };
}
