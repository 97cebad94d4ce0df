import type { HttpAnswer } from "../../../core/plugin.ts";

/** What a page gives to the scripts that it brings, and GraphQL asks back from them. */
export interface Tokens {
  readonly lsd: string;
  /** The anonymous visitor's, as a Cookie header holds them. */
  readonly cookies: string;
  readonly csrfToken: string;
  /** The number of the query for one post, where the page named it. */
  readonly postDocId?: string;
}

export const postQuery = "PolarisLoggedOutDesktopWWWPostRootContentQuery";

const maxCookies = 12;

/** Undefined when the page has no LSD token. */
export function readTokens(html: string, headers: HttpAnswer["headers"]): Tokens | undefined {
  const lsd =
    /id="__eqmc"[^>]{0,200}>[^<]{0,400}"l"\s?:\s?"([\w-]{5,100})"/.exec(html)?.[1] ??
    /\["LSD",\[\],\{"token":"([\w-]{5,100})"/.exec(html)?.[1];
  if (lsd === undefined) return undefined;
  const cookies = headers
    .getSetCookie()
    .slice(0, maxCookies)
    .flatMap(
      (line) =>
        /^([\w-]{1,40}=[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]{1,500})(?:;|$)/.exec(line)?.[1] ?? [],
    );
  const csrfToken =
    cookies.find((cookie) => cookie.startsWith("csrftoken="))?.slice("csrftoken=".length) ??
    /"csrf_token":"([\w-]{8,100})"/.exec(html)?.[1] ??
    "";
  const postDocId = readDocId(html);
  return {
    lsd,
    cookies: cookies.join("; "),
    csrfToken,
    ...(postDocId === undefined ? {} : { postDocId }),
  };
}

/** Stands among what the page preloads: `{"queryID":"...","queryName":"..."}` in either order, or with the name in another key. */
function readDocId(html: string): string | undefined {
  for (const match of html.matchAll(/"queryID"\s?:\s?"(\d{5,25})"/g)) {
    const start = html.lastIndexOf("{", match.index);
    const end = html.indexOf("}", match.index);
    // The object's variables stand between, in braces of their own: look a little to both sides.
    const around = html.slice(
      Math.max(0, Math.min(start, match.index - 300)),
      Math.max(end, match.index + 300),
    );
    const own = around.split(/(?<=\})\s?,\s?(?=\{"(?:preloaderID|queryID|queryName|actorID))/);
    const item = own.find((part) => part.includes(`"${match[1]}"`));
    if (item?.includes(postQuery)) return match[1];
  }
  return undefined;
}
