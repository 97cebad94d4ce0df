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

/** Stands among what the page preloads, in one object with the query's name: `{"queryID": ..., "queryName": ...}`. */
function readDocId(html: string): string | undefined {
  let place = html.indexOf(`"${postQuery}"`);
  for (let count = 0; place >= 0 && count < 20; count++) {
    const before = html.slice(Math.max(0, place - 600), place).replace(/"queryName"\s?:\s?$/, "");
    const after = html.slice(place, place + 600);
    const own =
      before
        .split('"queryName"')
        .at(-1)
        ?.match(/"queryID"\s?:\s?"(\d{5,25})"/) ??
      after.split('"queryName"')[0]?.match(/"queryID"\s?:\s?"(\d{5,25})"/);
    if (own?.[1] !== undefined) return own[1];
    place = html.indexOf(`"${postQuery}"`, place + 1);
  }
  return undefined;
}
