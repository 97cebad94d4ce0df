import { originOf } from "../settings.ts";
import { mediaIdOf } from "../shortcode.ts";
import { judge, loadPage, request, scriptHeaders } from "./request.ts";
import type { Strategy } from "./strategy.ts";
import { postQuery } from "./tokens.ts";

/** The query behind the post's page, asked with the tokens of the last page: of the home page, if there was none. */
export const graphql: Strategy = {
  async fetch(link, means) {
    const { settings, state } = means;
    if (state.tokens(Date.now()) === undefined) {
      const home = judge(await loadPage("/", means), { kind: "other", url: "/" });
      // A home page holds no post: only what turns us away counts.
      if (state.tokens(Date.now()) === undefined) return home;
    }
    const tokens = state.tokens(Date.now());
    const docId = tokens?.postDocId ?? settings.doc_ids.post;
    const origin = originOf(settings);
    const answer = await request("/api/graphql", means, {
      headers: {
        ...scriptHeaders,
        Origin: origin,
        Referer: `${origin}/p/${link.shortcode}/`,
        "X-FB-Friendly-Name": postQuery,
        "X-FB-LSD": tokens?.lsd ?? "",
        "X-CSRFToken": tokens?.csrfToken ?? "",
        Cookie: tokens?.cookies ?? "",
      },
      form: {
        lsd: tokens?.lsd ?? "",
        fb_api_caller_class: "RelayModern",
        fb_api_req_friendly_name: postQuery,
        server_timestamps: "true",
        variables: JSON.stringify({ media_id: mediaIdOf(link.shortcode ?? "") }),
        doc_id: docId,
      },
    });
    const attempt = judge(answer, link);
    const isBroken =
      attempt.extraction.outcome === "refused" && attempt.extraction.refusal.class === "broken-shape";
    // Tokens and query numbers expire: the next page brings new ones.
    if (isBroken) state.forgetTokens();
    return attempt;
  },
};
