import type { JsonObject } from "../../core/json.ts";
import type { NoPicture, Picture } from "./picture.ts";
import type { Medium, Post, Profile } from "./post.ts";
import { escapeHtml, foldHtml, formatCount, formatDuration, neutralize, shorten, toHtml } from "./words.ts";

const site = "https://www.instagram.com";
const maxRecent = 6;

/** One message of an answer: plain text and the same as HTML, around a picture where there is one. */
interface Draft {
  readonly lines: readonly string[];
  readonly html: readonly string[];
  readonly picture: Picture | NoPicture | undefined;
  readonly name: string;
  readonly isSensitive: boolean;
}

/**
 * The messages that show a post, in order: the first with author, caption and counts, the rest of a carousel labelled `2/7`.
 * `pictures` holds one entry a medium. Pure.
 */
export function renderPost(
  post: Post,
  pictures: readonly (Picture | NoPicture)[],
  captionMax: number,
): JsonObject[] {
  return post.media.map((medium, index) => {
    const label = post.media.length > 1 ? `${index + 1}/${post.media.length}` : undefined;
    const about = index === 0 ? describePost(post, captionMax) : { lines: [], html: [] };
    const video = medium.kind === "video" ? describeVideo(medium) : { lines: [], html: [] };
    const labels = label === undefined ? [] : [label];
    const alt = medium.alt === undefined ? [] : [`Picture: ${neutralize(shorten(medium.alt, 400).head)}`];
    return toContent({
      lines: [...labels, ...about.lines, ...video.lines, ...alt],
      html: [...labels, ...about.html, ...video.html],
      picture: pictures[index],
      name: `${post.username ?? "instagram"}-${post.shortcode}${label === undefined ? "" : `-${index + 1}`}`,
      isSensitive: post.sensitive === true,
    });
  });
}

/** The message that shows a profile. Pure. */
export function renderProfile(profile: Profile, picture: Picture | NoPicture | undefined): JsonObject {
  const address = `${site}/${profile.username}/`;
  const name = neutralize(profile.fullName === "" ? profile.username : profile.fullName);
  const marks = [profile.verified ? "verified" : "", profile.private ? "private" : ""].filter(Boolean);
  const title = `${profile.username} on Instagram${marks.length > 0 ? ` (${marks.join(", ")})` : ""}`;
  const isRounded = profile.approximate === true;
  const counts = [
    formatCount(profile.followers, "follower", isRounded),
    profile.following === null ? undefined : `${formatCount(profile.following, "", isRounded)} following`,
    formatCount(profile.posts, "post", isRounded),
  ].filter((count) => count !== undefined);
  const bio = neutralize(shorten(profile.bio, 600).head);
  const recent = profile.recent.slice(0, maxRecent).map((post) => ({
    kind: post.kind === "image" ? "picture" : post.kind,
    url: `${site}/p/${post.shortcode}/`,
  }));
  return toContent({
    lines: [
      title,
      ...(name === profile.username ? [] : [name]),
      ...(bio === "" ? [] : [bio]),
      ...(counts.length > 0 ? [counts.join(" · ")] : []),
      ...profile.links,
      address,
      ...recent.map(({ kind, url }) => `Recent ${kind}: ${url}`),
    ],
    html: [
      `<strong><a href="${escapeHtml(address)}">${escapeHtml(name)}</a></strong> ${escapeHtml(title)}`,
      ...(bio === "" ? [] : [toHtml(bio)]),
      ...(counts.length > 0 ? [counts.join(" · ")] : []),
      ...profile.links.map(
        (link) => `<a href="${escapeHtml(link)}">${escapeHtml(shorten(link, 80).head)}</a>`,
      ),
      ...(recent.length > 0
        ? [`Recent: ${recent.map(({ kind, url }) => `<a href="${url}">${kind}</a>`).join(" · ")}`]
        : []),
    ],
    picture,
    name: profile.username,
    isSensitive: false,
  });
}

function describePost(post: Post, captionMax: number): { lines: string[]; html: string[] } {
  const address = `${site}/p/${post.shortcode}/`;
  const author = post.username ?? "Somebody";
  const caption = neutralize(post.caption);
  const folded = shorten(caption, captionMax);
  const counts = [
    formatCount(post.likes, "like", post.approximate) ?? "likes hidden",
    formatCount(post.comments, "comment", post.approximate),
  ].filter((count) => count !== undefined);
  const heading =
    post.username === null
      ? "<strong>Instagram</strong>"
      : `<strong><a href="${site}/${escapeHtml(post.username)}/">${escapeHtml(post.username)}</a></strong>`;
  const text = foldHtml(folded);
  const covered = post.sensitive === true ? `<span data-mx-spoiler="sensitive">${text}</span>` : text;
  return {
    lines: [
      `${author} on Instagram${post.sensitive === true ? " (marked sensitive)" : ""}`,
      ...(folded.head === "" ? [] : [folded.head]),
      counts.join(" · "),
      address,
    ],
    html: [
      heading,
      ...(folded.head === "" ? [] : [covered]),
      `${counts.join(" · ")} · <a href="${address}">on Instagram</a>`,
    ],
  };
}

/** Length, and where the file can be had: Instagram's addresses carry their end (`oe=`, hexadecimal seconds). */
function describeVideo(medium: Medium): { lines: string[]; html: string[] } {
  const what = ["Video", formatDuration(medium.durationSeconds)].filter(Boolean).join(", ");
  if (medium.videoUrl === undefined) return { lines: [what], html: [what] };
  const endsAt = Number.parseInt(URL.parse(medium.videoUrl)?.searchParams.get("oe") ?? "", 16);
  const isDated = endsAt > 1_000_000_000 && endsAt < 10_000_000_000;
  const end = isDated
    ? `, valid until ${new Date(endsAt * 1000).toISOString().slice(0, 16).replace("T", " ")} UTC`
    : "";
  return {
    lines: [`${what} (download${end}): ${medium.videoUrl}`],
    html: [`${what}: <a href="${escapeHtml(medium.videoUrl)}">download</a>${end}`],
  };
}

function toContent({ lines, html, picture, name, isSensitive }: Draft): JsonObject {
  const missing =
    picture !== undefined && "cause" in picture ? [`The picture is missing: ${picture.cause}.`] : [];
  const text = {
    body: [...lines, ...missing].join("\n"),
    format: "org.matrix.custom.html",
    formatted_body: [...html, ...missing.map(escapeHtml)].map((part) => `<p>${part}</p>`).join(""),
    "m.mentions": {},
  };
  if (picture === undefined || "cause" in picture) return { msgtype: "m.text", ...text };
  const { thumbnail } = picture;
  return {
    msgtype: "m.image",
    url: picture.mxc,
    filename: `${name}${picture.extension}`,
    info: {
      w: picture.width,
      h: picture.height,
      size: picture.sizeBytes,
      mimetype: picture.mimetype,
      thumbnail_url: thumbnail.mxc,
      thumbnail_info: {
        w: thumbnail.width,
        h: thumbnail.height,
        size: thumbnail.sizeBytes,
        mimetype: "image/jpeg",
      },
    },
    // MSC4193, unstable: there is no stable way yet to cover a picture.
    ...(isSensitive ? { "page.codeberg.everypizza.msc4193.spoiler": true } : {}),
    ...text,
  };
}
