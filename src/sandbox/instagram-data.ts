import type { ReplayedPost, ReplayedProfile } from "./instagram-catalogue.ts";
import {
  addressOf,
  describePost,
  describeUser,
  escapeHtml,
  idOf,
  sizeOf,
  timeline,
} from "./instagram-page.ts";

/** The answers that are not a page to read: the embed page, GraphQL, and what the web's scripts and the mobile API ask for. */

/** The page that other sites frame. Its script holds the post; in the `html` form nothing but its first picture is there. */
export function renderEmbed(
  post: ReplayedPost | undefined,
  owner: ReplayedProfile | undefined,
  origin: string,
  form: "script" | "html",
): string {
  if (post === undefined || owner === undefined || post.behaviour !== undefined)
    return embedPage('<div class="EmbedBrokenMedia"><div>The link may be broken</div></div>', null);
  if (form === "script") {
    const gql_data = { shortcode_media: describeForGraphql(post, owner, origin) };
    return embedPage('<div class="Embed"></div>', JSON.stringify({ gql_data }));
  }
  const [first] = post.media;
  const type = post.media.length > 1 ? "Sidecar" : first?.kind === "video" ? "Video" : "Image";
  const link = `https://www.instagram.com/p/${post.shortcode}/?utm_source=ig_embed`;
  return embedPage(
    [
      `<div class="Embed Feedback" data-media-type="Graph${type}">`,
      `<a class="HoverCardUserName" href="${link}"><span class="UsernameText">${owner.username}</span></a>`,
      `<a class="EmbeddedMedia" href="${link}"><img class="EmbeddedMediaImage" alt="${escapeHtml(first?.alt ?? "")}" src="${escapeHtml(addressOf(first?.file ?? "", origin))}"></a>`,
      `<div class="SocialProof"><a href="${link}">${post.likes.toLocaleString("en-US")} likes</a></div>`,
      `<div class="Caption"><a class="CaptionUsername" href="${link}">${owner.username}</a><br><br>${escapeHtml(post.caption).replaceAll("\n", "<br>")}`,
      `<div class="CaptionComments"><a href="${link}">View all ${post.comments} comments</a></div></div></div>`,
    ].join("\n"),
    null,
  );
}

function embedPage(body: string, contextJSON: string | null): string {
  const init = JSON.stringify({ contextJSON }).replaceAll("<", "\\u003C");
  return `<!DOCTYPE html><html><head><title>Instagram</title></head><body>${body}\n<script>requireLazy(["PolarisEmbedSimple"],function(m){m.handle({"require":[["PolarisEmbedSimple","init",[],[${init}]]]});});</script></body></html>`;
}

/** The post as GraphQL described it for years, and the embed page still does. */
function describeForGraphql(post: ReplayedPost, owner: ReplayedProfile, origin: string): object {
  const media = post.media.map((medium) => ({
    __typename: medium.kind === "video" ? "GraphVideo" : "GraphImage",
    shortcode: post.shortcode,
    dimensions: sizeOf(medium.file),
    display_url: addressOf(medium.file, origin),
    accessibility_caption: medium.alt === "" ? null : medium.alt,
    is_video: medium.kind === "video",
    ...(medium.kind === "video"
      ? { video_url: addressOf(medium.file.replace(/\.\w+$/, ".mp4"), origin), video_duration: 42.3 }
      : {}),
  }));
  return {
    ...media[0],
    id: idOf(post),
    owner: { id: "1", username: owner.username, is_private: owner.isPrivate },
    edge_media_to_caption: { edges: post.caption === "" ? [] : [{ node: { text: post.caption } }] },
    edge_media_preview_like: { count: post.likesHidden === true ? -1 : post.likes },
    edge_media_to_parent_comment: { count: post.comments },
    taken_at_timestamp: 1_788_000_000,
    ...(media.length > 1
      ? {
          __typename: "GraphSidecar",
          edge_sidecar_to_children: { edges: media.map((node) => ({ node })) },
        }
      : {}),
  };
}

/** What the query behind a post's page answers. */
export function answerQuery(
  post: ReplayedPost | undefined,
  owner: ReplayedProfile | undefined,
  origin: string,
): object {
  if (post === undefined || owner === undefined) return { data: { xig_polaris_media: null } };
  const isShown =
    post.behaviour === undefined || post.behaviour === "rate-limited" || post.behaviour === "slow";
  const shown = isShown ? { user: describeUser(owner, origin), ...describePost(post, origin) } : null;
  return { data: { xig_polaris_media: { code: post.shortcode, if_not_gated_logged_out: shown } } };
}

/** What the mobile API tells a session, which is let through gates and walls. */
export function answerMediaInfo(post: ReplayedPost, owner: ReplayedProfile, origin: string): object {
  const item = { ...describePost(post, origin), user: describeUser(owner, origin) };
  return { items: [item], num_results: 1, status: "ok" };
}

export function answerProfileInfo(
  profile: ReplayedProfile,
  posts: readonly ReplayedPost[],
  origin: string,
): object {
  const user = {
    ...describeUser(profile, origin),
    biography: profile.bio,
    edge_followed_by: { count: profile.followers },
    edge_follow: { count: profile.following },
    edge_owner_to_timeline_media: { count: 77 },
    ...timeline(profile.isPrivate ? [] : posts, origin),
  };
  return { data: { user }, status: "ok" };
}
