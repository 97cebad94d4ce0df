import type { ReplayedMedium, ReplayedPost, ReplayedProfile } from "./instagram-catalogue.ts";

/**
 * Pages as Instagram's web server gives them to browsers that are not logged in: an HTML shell full of scripts for other things,
 * the route's name, and the data in a `data-sjs` block behind several wrappers. Shapes as seen in autumn 2026.
 */

export type Route = "Post" | "Profile" | "Error" | "Login";

const routes: Record<Route, string> = {
  Post: "PolarisLoggedOutDesktopWWWPostRoute",
  Profile: "PolarisLoggedOutDesktopWWWProfileRoute",
  Error: "PolarisErrorRoute",
  Login: "PolarisCAAIGLoginHomepageRoute",
};

/** What every page gives to its scripts, which they show again when they ask for data. */
export const pageTokens = {
  lsd: "AVqReplayedLsd",
  csrfToken: "replayedCsrf0123456789",
  docId: "9876543210987654",
};

/** A page of this route around data blocks; without one it is the shell that throttled readers get. */
export function renderPage(route: Route, blocks: readonly string[] = [], meta = ""): string {
  return [
    '<!DOCTYPE html><html lang="en" class="_9dls"><head><meta charset="utf-8"><title>Instagram</title>',
    meta,
    `<script id="__eqmc" type="application/json" nonce="x">${JSON.stringify({ u: "/ajax/qm/", e: "1", s: "2", f: "3", l: pageTokens.lsd })}</script>`,
    '<link rel="preload" href="/static/app.js" as="script"><a href="/accounts/login/" hidden>Log in</a></head><body>',
    ...fillers(),
    script({ canonicalRouteName: `comet.igweb.${routes[route]}` }),
    ...(route === "Post" ? [preloaders()] : []),
    ...blocks,
    '<div id="splash-screen"></div></body></html>',
  ].join("\n");
}

export function renderPost(
  post: ReplayedPost,
  owner: ReplayedProfile,
  neighbours: readonly ReplayedPost[],
  origin: string,
): string {
  const user = { ...describeUser(owner, origin), ...timeline(neighbours, origin) };
  const inner = { __typename: typeOf(post), user, ...describePost(post, origin) };
  return relay("PolarisLoggedOutDesktopWWWPostRootContentQuery", {
    xig_polaris_media: {
      __typename: typeOf(post),
      pk: idOf(post),
      code: post.shortcode,
      if_not_gated_logged_out: post.behaviour === "age-gated" ? null : inner,
      gating_ruling: post.behaviour === "age-gated" ? { gating_type: "MINIMUM_AGE" } : null,
      id: `POLARIS_${idOf(post)}`,
      comments_connection: { edges: [], page_info: { end_cursor: null, has_next_page: true } },
    },
  });
}

/** The tags that link previews are made of: rounded counts, one picture. */
export function renderPreview(post: ReplayedPost, origin: string): string {
  const [first] = post.media;
  const rounded = post.likes >= 1000 ? `${Math.floor(post.likes / 1000)}K` : String(post.likes);
  const says = `${rounded} likes, ${post.comments} comments - ${post.author} on September 1, 2026: "${post.caption}". `;
  return [
    ["og:url", `https://www.instagram.com/p/${post.shortcode}/`],
    ["og:image", addressOf(first?.file ?? "", origin)],
    ["og:description", says],
  ]
    .map(([name, content = ""]) => `<meta property="${name}" content="${escapeHtml(content)}" />`)
    .join("\n");
}

export function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}

/** What stands where a post would: nothing, and whether its owner is private. */
export function renderNothing(owner: ReplayedProfile | undefined): string {
  return relay("PolarisLoggedOutDesktopWWWPostRootContentQuery", {
    xig_polaris_media: null,
    ...(owner === undefined ? {} : { viewer_context: { owner: { pk: "1", is_private: owner.isPrivate } } }),
  });
}

export function renderProfile(
  profile: ReplayedProfile,
  posts: readonly ReplayedPost[],
  origin: string,
): string[] {
  const user = {
    ...describeUser(profile, origin),
    biography: profile.bio,
    bio_links: [{ title: "", url: "https://kites.example.org/", link_type: "external" }],
    follower_count: profile.followers,
    following_count: profile.following,
    all_media_count: null,
  };
  const tab = { pk: user.pk, ...timeline(profile.isPrivate ? [] : posts, origin) };
  return [
    relay("PolarisLoggedOutDesktopWWWProfileRootContentQuery", { xig_user_by_username: user }),
    relay("PolarisLoggedOutDesktopWWWProfilePostsTabContentQuery", { xig_user_by_username: tab }),
  ];
}

/** Where a medium's file lies: on the origin unless the catalogue says otherwise. Its `oe` is the end of its validity. */
export function addressOf(file: string, origin: string): string {
  if (file.startsWith("https://")) return file;
  const endsAt = Math.floor(Date.now() / 1000) + 72 * 3600;
  return `${origin}/media/${file}?stp=dst-jpg_e35_tt6&oe=${endsAt.toString(16).toUpperCase()}`;
}

export function sizeOf(file: string): { width: number; height: number } {
  const [, width = "640", height = "640"] = /-(\d+)x(\d+)\./.exec(file) ?? [];
  return { width: Number(width), height: Number(height) };
}

export function describePost(post: ReplayedPost, origin: string): object {
  const [first] = post.media;
  const isCarousel = post.media.length > 1;
  return {
    pk: idOf(post),
    code: post.shortcode,
    taken_at: 1_788_000_000,
    media_type: isCarousel ? 8 : first?.kind === "video" ? 2 : 1,
    product_type: isCarousel ? "carousel_container" : first?.kind === "video" ? "clips" : "feed",
    coauthor_producers: [],
    ...(post.isSensitive ? { gating_info: { title: "Sensitive Content" } } : {}),
    like_count: post.likes,
    like_and_view_counts_disabled: post.likesHidden === true,
    comment_count: post.comments,
    caption: post.caption === "" ? null : { pk: "17872894143634165", text: post.caption },
    id: `POLARIS_${idOf(post)}`,
    ...(first === undefined ? {} : describeMedium(first, origin)),
    ...(isCarousel
      ? { carousel_media: post.media.map((medium) => ({ ...describeMedium(medium, origin) })) }
      : {}),
  };
}

function describeMedium(medium: ReplayedMedium, origin: string): object {
  const { width, height } = sizeOf(medium.file);
  const url = addressOf(medium.file, origin);
  const film = (scale: number) => {
    const size = { width: Math.round(width * scale), height: Math.round(height * scale) };
    const file = medium.file.replace(/-\d+x\d+\.\w+$/, `-${size.width}x${size.height}.mp4`);
    return { type: 101, url: addressOf(file, origin), ...size };
  };
  return {
    media_type: medium.kind === "video" ? 2 : 1,
    original_width: width,
    original_height: height,
    accessibility_caption: medium.alt === "" ? null : medium.alt,
    display_uri: url.replace("_e35_", "_e35_s640x640_"),
    image_versions2: {
      candidates: [
        { url, width, height },
        {
          url: url.replace("_e35_", "_e35_p320x320_"),
          width: 320,
          height: Math.round((height * 320) / width),
        },
      ],
    },
    ...(medium.kind === "video"
      ? { has_audio: true, video_duration: 42.3, video_versions: [film(1), film(0.5)] }
      : {}),
  };
}

export function describeUser(profile: ReplayedProfile, origin: string) {
  return {
    pk: String(7000 + profile.username.length),
    username: profile.username,
    full_name: profile.fullName,
    is_verified: profile.isVerified,
    is_private: profile.isPrivate,
    profile_pic_url: addressOf(`${profile.username.length}-320x320.jpg`, origin),
    __typename: "User",
  };
}

export function timeline(posts: readonly ReplayedPost[], origin: string): object {
  const nodes = posts.map((post) => ({
    __typename: typeOf(post),
    pk: idOf(post),
    code: post.shortcode,
    caption: { text: post.caption },
    display_uri: addressOf(post.media[0]?.file ?? "9-640x640.jpg", origin),
    media_type: post.media.length > 1 ? 8 : post.media[0]?.kind === "video" ? 2 : 1,
    user: { username: post.author },
  }));
  return { polaris_ordered_timeline_connection: { edges: nodes.map((node) => ({ node, cursor: "AQHT" })) } };
}

function typeOf(post: ReplayedPost): string {
  if (post.media.length > 1) return "XIGPolarisCarouselMedia";
  return post.media[0]?.kind === "video" ? "XIGPolarisVideoMedia" : "XIGPolarisImageMedia";
}

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** A post's number is what its shortcode spells in base 64. */
export function idOf(post: ReplayedPost): string {
  return [...post.shortcode].reduce((id, char) => id * 64n + BigInt(alphabet.indexOf(char)), 0n).toString();
}

/** The queries that the page's scripts have been spared, by number. */
function preloaders(): string {
  const expectedPreloaders = [
    { preloaderID: "1", queryID: "1111111111111111", variables: {}, queryName: "PolarisViewerSettingsQuery" },
    {
      preloaderID: "2",
      queryID: pageTokens.docId,
      variables: { media_id: "1" },
      queryName: "PolarisLoggedOutDesktopWWWPostRootContentQuery",
    },
  ];
  return script({ require: [["CometPlatformRootClient", "init", null, [{ expectedPreloaders }]]] });
}

/** The wrappers around a query's result. */
function relay(query: string, data: object): string {
  const result = { complete: true, result: { data, extensions: { is_final: true } }, sequence_number: 0 };
  return script({
    require: [
      [
        "ScheduledServerJS",
        "handle",
        null,
        [
          {
            __bbox: {
              require: [
                [
                  "RelayPrefetchedStreamCache",
                  "next",
                  [],
                  [`adp_${query}RelayPreloader_6ac20c5f`, { __bbox: result }],
                ],
              ],
            },
          },
        ],
      ],
    ],
  });
}

function script(value: object): string {
  const json = JSON.stringify(value).replaceAll("<", "\\u003C");
  return `<script type="application/json" data-content-len="${json.length}" data-sjs>${json}</script>`;
}

/** The rest of such a page: some 200 kB of settings for scripts, none of which matters to a reader of posts. */
function fillers(): string[] {
  const flags = Object.fromEntries(
    Array.from({ length: 300 }, (_, index) => [
      String(index * 7919),
      { result: index % 3 === 0, hash: `AT${index.toString(36).padStart(20, "x")}` },
    ]),
  );
  const support = { require: [["HasteSupportData", "handle", null, [{ gkxData: flags }]]] };
  return Array.from({ length: 8 }, () => script(support));
}
