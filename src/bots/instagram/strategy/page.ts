import type { Link } from "../link.ts";
import { judge, loadPage } from "./request.ts";
import type { Attempt, Means, Strategy } from "./strategy.ts";

/** The page a browser would open: one request, and it holds everything when Instagram is willing. */
export const page: Strategy = { fetch: fetchPage };

/** The page's preview tags alone, where `page` has not read them already: counts are rounded, and of several pictures one is there. */
export const og: Strategy = {
  async fetch(link, means) {
    const { extraction, preview, ...attempt } = await fetchPage(link, means);
    return { ...attempt, extraction: preview ?? extraction };
  },
};

/** A page that says that there is nothing, or nothing for strangers, is believed. */
async function fetchPage(link: Link, means: Means): Promise<Attempt> {
  const attempt = judge(await loadPage(pathOf(link), means), link);
  const { extraction } = attempt;
  const isFinal =
    extraction.outcome === "refused" &&
    ["deleted", "private", "age-restricted"].includes(extraction.refusal.class);
  return { ...attempt, isFinal };
}

function pathOf({ kind, shortcode, username }: Link): string {
  if (shortcode === undefined) return `/${username}/`;
  return `/${kind === "reel" ? "reel" : "p"}/${shortcode}/`;
}
