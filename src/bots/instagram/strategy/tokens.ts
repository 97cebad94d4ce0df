import { stringAt } from "../../../core/json.ts";
import type { HttpAnswer } from "../../../core/plugin.ts";
import { parseJson } from "../extract/page.ts";

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
    const docId = stringAt(parseJson(objectAround(html, place)), "queryID");
    if (docId !== undefined && /^\d{5,25}$/.test(docId)) return docId;
    place = html.indexOf(`"${postQuery}"`, place + 1);
  }
  return undefined;
}

/** The text between the braces around a place, which are not far. */
function objectAround(text: string, place: number): string {
  const reach = 2000;
  let start = place;
  for (let depth = 1; depth > 0 && start > Math.max(0, place - reach); ) {
    start--;
    depth += text[start] === "}" ? 1 : text[start] === "{" ? -1 : 0;
  }
  let end = place;
  for (let depth = 1; depth > 0 && end < Math.min(text.length, place + reach); end++)
    depth += text[end] === "{" ? 1 : text[end] === "}" ? -1 : 0;
  return text.slice(start, end);
}
