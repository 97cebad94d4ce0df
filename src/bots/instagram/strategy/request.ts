import type { HttpAnswer, HttpOptions } from "../../../core/plugin.ts";
import { readAnswer, type Wanted } from "../extract/index.ts";
import { type Link, parseLink } from "../link.ts";
import { originOf } from "../settings.ts";
import type { Attempt, Means } from "./strategy.ts";
import { readTokens } from "./tokens.ts";

const maxPageBytes = 8 * 1024 * 1024;
const longestToldMs = 24 * 60 * 60_000;

/**
 * Asks Instagram for a path, for one use of the allowance. Redirects are not followed, since each would be a request more:
 * then `url` is where the answer points.
 */
export async function request(
  path: string,
  means: Means,
  options: Pick<HttpOptions, "headers" | "form">,
): Promise<HttpAnswer> {
  await means.pay(1);
  const { settings, signal } = means;
  const origin = originOf(settings);
  const answer = await means.http.get(`${origin}${path}`, {
    ...options,
    headers: { "User-Agent": settings.user_agent, "Accept-Language": "en-US,en;q=0.9", ...options.headers },
    timeoutMs: settings.timeout_seconds * 1000,
    maxBytes: maxPageBytes,
    allow: (url) => url.origin === origin,
    trustedOrigins: [origin],
    proxy: settings.proxy,
    redirect: "manual",
    signal,
  });
  const place = isRedirect(answer) ? URL.parse(answer.headers.get("location") ?? "", answer.url) : null;
  return place === null ? answer : { ...answer, url: place.href };
}

export function isRedirect({ status }: HttpAnswer): boolean {
  return status >= 300 && status < 400;
}

/**
 * Loads a page as a browser does that somebody opens a link in, and keeps the tokens it brings. It follows to another address
 * of the same thing (`/p/CODE/` to `/NAME/reel/CODE/`), not to where people log in or prove who they are.
 */
export async function loadPage(path: string, means: Means): Promise<HttpAnswer> {
  const first = await open(path, means);
  const place = new URL(first.url);
  const isElsewhere =
    place.origin !== originOf(means.settings) ||
    parseLink(`https://www.instagram.com${place.pathname}`).kind === "none";
  const answer = !isRedirect(first) || isElsewhere ? first : await open(place.pathname, means);

  const tokens = readTokens(textOf(answer), answer.headers);
  if (tokens !== undefined) {
    const nowMs = Date.now();
    // A page of another kind brings fresh tokens but not the post's query.
    const postDocId = tokens.postDocId ?? means.state.tokens(nowMs)?.postDocId;
    means.state.keepTokens({ ...tokens, ...(postDocId === undefined ? {} : { postDocId }) }, nowMs);
  }
  return answer;
}

function open(path: string, means: Means): Promise<HttpAnswer> {
  return request(path, means, {
    headers: {
      Accept: "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
      "Sec-Fetch-Dest": "document",
      "Sec-Fetch-Mode": "navigate",
      "Sec-Fetch-Site": "none",
      "Sec-Fetch-User": "?1",
      "Upgrade-Insecure-Requests": "1",
    },
  });
}

/** What scripts of Instagram's pages say about themselves when they ask for data. */
export const scriptHeaders = {
  Accept: "*/*",
  "X-IG-App-ID": "936619743392459",
  "X-ASBD-ID": "359341",
  "X-IG-WWW-Claim": "0",
  "X-Requested-With": "XMLHttpRequest",
  "Sec-Fetch-Dest": "empty",
  "Sec-Fetch-Mode": "cors",
  "Sec-Fetch-Site": "same-origin",
} as const;

export function wantedBy(link: Link): Wanted {
  if (link.shortcode !== undefined) return { shortcode: link.shortcode };
  return link.kind === "profile" ? { username: link.username ?? "" } : {};
}

/** What an answer comes to. */
export function judge(answer: HttpAnswer, link: Link): Attempt {
  const { url, status } = answer;
  const plain = { url, status, body: textOf(answer) };
  const reading = readAnswer(plain, wantedBy(link));
  const isRateLimit =
    reading.extraction.outcome === "refused" && reading.extraction.refusal.class === "rate-limited";
  const isLimited = isRateLimit || [401, 403, 429].includes(status);
  return {
    ...reading,
    answer: plain,
    isLimited,
    retryAfterMs: isLimited ? toldMs(answer.headers) : undefined,
  };
}

export function textOf(answer: HttpAnswer): string {
  return new TextDecoder().decode(answer.body);
}

/** `Retry-After`: seconds, or a date. */
export function toldMs(headers: Headers): number | undefined {
  const told = headers.get("retry-after") ?? "";
  const ms = /^\d{1,9}$/.test(told) ? Number(told) * 1000 : Date.parse(told) - Date.now();
  return ms > 0 ? Math.min(ms, longestToldMs) : undefined;
}
