import { type Link, parseLink } from "./link.ts";
import { refuse } from "./post.ts";
import { originOf } from "./settings.ts";
import { isRedirect, judge, request } from "./strategy/request.ts";
import type { Attempt, Means } from "./strategy/strategy.ts";

/**
 * Where a `/share/` link leads. Browsers get a page of scripts there; simple programs get a redirect, so this asks as one. An
 * attempt without `target` is the answer already: a refusal, or the very post.
 */
export async function resolveShare(link: Link, means: Means): Promise<Attempt & { readonly target?: Link }> {
  const path = /\/share\/[\w/-]{1,200}/.exec(link.url)?.[0];
  if (path === undefined) return { extraction: refuse("unsupported"), isFinal: true };
  const answer = await request(path, means, {
    headers: { "User-Agent": "curl/8.14.1", Accept: "*/*" },
  });
  if (!isRedirect(answer)) return judge(answer, link);
  const place = new URL(answer.url);
  const isOurs = place.origin === originOf(means.settings);
  const url = isOurs ? `https://www.instagram.com${place.pathname}${place.search}` : place.href;
  const target = { url, ...parseLink(url) };
  if (target.kind !== "none" && target.kind !== "share") return { ...judge(answer, link), target };
  return judge(answer, link);
}
