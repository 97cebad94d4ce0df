import { posts, profiles, type ReplayedPost, type ReplayedProfile } from "./instagram-catalogue.ts";
import { answerMediaInfo, answerProfileInfo, answerQuery } from "./instagram-data.ts";
import { idOf, pageTokens, renderPage } from "./instagram-page.ts";

/** The ways to posts and profiles that can go wrong apart from each other. */
export type Way = "page" | "embed" | "graphql" | "media-info" | "web_profile_info" | "share";

/**
 * How a way goes wrong. `unknown`: the answer has a shape that nobody has seen; `told`: 429 with a time to wait; `limited`: what
 * those get who ask too often; `preview`: the page has its preview tags and no data; `html`: the embed page has no data in its
 * script; `challenge`: the session has to prove that a person uses it.
 */
export type Fault = "unknown" | "told" | "limited" | "preview" | "html" | "challenge";

/** The session that the mobile API knows. */
export const replayedSession = "7000%3Areplayed%3A1";

export function wayOf(path: string): Way {
  if (path.startsWith("/api/graphql")) return "graphql";
  if (path.startsWith("/api/v1/media/")) return "media-info";
  if (path.startsWith("/api/v1/users/")) return "web_profile_info";
  if (path.startsWith("/share/")) return "share";
  return path.includes("/embed/") ? "embed" : "page";
}

export function html(page: string): Response {
  return new Response(page, {
    headers: {
      "Content-Type": "text/html; charset=utf-8",
      "Set-Cookie": `csrftoken=${pageTokens.csrfToken}; path=/; secure`,
    },
  });
}

export function find(isWanted: (post: ReplayedPost) => boolean): {
  post: ReplayedPost | undefined;
  owner: ReplayedProfile | undefined;
} {
  const post = posts.find(isWanted);
  return { post, owner: profiles.find((profile) => profile.username === post?.author) };
}

/** The posts of a profile's grid; those that misbehave are not in it. */
export function shownBy(username: string): ReplayedPost[] {
  return posts.filter((post) => post.author === username && post.behaviour === undefined).slice(0, 3);
}

export function answerFaulty(fault: "unknown" | "told", waitSeconds = 60): Response {
  if (fault === "told") {
    const headers = { "Retry-After": String(waitSeconds), "Content-Type": "text/html" };
    return new Response("", { status: 429, headers });
  }
  const unknown = {
    require: [
      ["NextGenerationCache", { xig_timeless_media: { token: "AVqSecretSecret12", words: "w".repeat(90) } }],
    ],
  };
  return html(
    `<html><head><title>Instagram</title></head><body><script type="application/json">${JSON.stringify(unknown)}</script></body></html>`,
  );
}

export const pleaseWait = {
  message: "Please wait a few minutes before you try again.",
  require_login: true,
  igweb_rollout: true,
  status: "fail",
};

/** GraphQL and the API, which want to be asked the way Instagram's own scripts do. */
export async function answerData(
  request: Request,
  fault: Fault | undefined,
  turnAway: (post: ReplayedPost) => Response | undefined,
): Promise<Response> {
  const url = new URL(request.url);
  const way = wayOf(url.pathname);
  if (fault === "limited") return Response.json(pleaseWait, { status: 401 });
  if (way === "web_profile_info") return answerProfile(request, url);
  const form = way === "graphql" ? new URLSearchParams(await request.text()) : undefined;
  const id = form?.has("variables")
    ? /"media_id":"(\d+)"/.exec(form.get("variables") ?? "")?.[1]
    : /\/media\/(\d+)\/info/.exec(url.pathname)?.[1];
  const { post, owner } = find((known) => idOf(known) === id);
  const turnedAway = post === undefined ? undefined : turnAway(post);
  if (turnedAway !== undefined) return turnedAway;
  if (form !== undefined) {
    const isAskedRight =
      form.get("doc_id") === pageTokens.docId &&
      form.get("lsd") === pageTokens.lsd &&
      request.headers.get("x-csrftoken") === pageTokens.csrfToken &&
      (request.headers.get("cookie") ?? "").includes(`csrftoken=${pageTokens.csrfToken}`);
    return isAskedRight
      ? Response.json(answerQuery(post, owner, url.origin))
      : Response.json({ errors: [{ message: "execution error", severity: "CRITICAL" }], data: null });
  }
  if (way !== "media-info") return html(renderPage("Error"));
  if (!(request.headers.get("cookie") ?? "").includes(`sessionid=${replayedSession}`))
    return Response.json({ message: "login_required", status: "fail" }, { status: 403 });
  if (fault === "challenge")
    return Response.json({ message: "challenge_required", status: "fail" }, { status: 400 });
  return post === undefined || owner === undefined
    ? Response.json({ message: "Media not found or unavailable", status: "fail" }, { status: 400 })
    : Response.json(answerMediaInfo(post, owner, url.origin));
}

function answerProfile(request: Request, url: URL): Response {
  if (request.headers.get("x-ig-app-id") === null || request.headers.get("sec-fetch-site") !== "same-origin")
    return Response.json({ message: "SecFetch Policy violation.", status: "fail" }, { status: 400 });
  const profile = profiles.find((known) => known.username === url.searchParams.get("username"));
  return profile === undefined
    ? Response.json({ data: { user: null }, status: "ok" })
    : Response.json(answerProfileInfo(profile, shownBy(profile.username), url.origin));
}
