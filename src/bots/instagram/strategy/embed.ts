import { judge, loadPage } from "./request.ts";
import type { Strategy } from "./strategy.ts";

/** The page that other sites put in a frame: it holds the post's data as JSON within JSON, or at least its picture as HTML. */
export const embed: Strategy = {
  fetch: async (link, means) => judge(await loadPage(`/p/${link.shortcode}/embed/captioned/`, means), link),
};
