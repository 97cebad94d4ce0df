import { sentenceOf } from "../../../core/error.ts";
import { readCookies, type Session } from "../cookies.ts";
import { refuse } from "../post.ts";
import { originOf } from "../settings.ts";
import { mediaIdOf } from "../shortcode.ts";
import { judge, request, scriptHeaders } from "./request.ts";
import type { Attempt, Means, Strategy } from "./strategy.ts";

/** The mobile API's description of a post, for the session in the admin's cookies file; nothing else ever uses that. */
export const mediaInfo: Strategy = {
  isLoggedIn: true,
  isUsable: async (means) => (await readSession(means)) !== undefined,
  async fetch(link, means) {
    const session = await readSession(means);
    if (session === undefined) return { extraction: refuse("login-required") };
    const path = `/api/v1/media/${mediaIdOf(link.shortcode ?? "")}/info/`;
    const answer = await request(path, means, {
      headers: {
        ...scriptHeaders,
        "X-CSRFToken": session.csrfToken.reveal(),
        Cookie: session.cookies.reveal(),
        Referer: `${originOf(means.settings)}/p/${link.shortcode}/`,
      },
    });
    const attempt = judge(answer, link);
    return isRejected(attempt) ? retire(attempt, means) : attempt;
  },
};

/** Undefined without a file, with one that cannot be used, and after Instagram has rejected the session. */
async function readSession({ settings, state, log }: Means): Promise<Session | undefined> {
  const { cookies_file } = settings;
  if (cookies_file === undefined || state.has("session rejected")) return undefined;
  try {
    return await readCookies(cookies_file, new URL(originOf(settings)).hostname);
  } catch (error) {
    if (state.isFirst("cookies unreadable"))
      log.warn(`The cookies for Instagram are not used: ${sentenceOf(error)}`, { strategy: "media-info" });
    return undefined;
  }
}

function isRejected({ extraction }: Attempt): boolean {
  return (
    extraction.outcome === "refused" && ["login-required", "challenge"].includes(extraction.refusal.class)
  );
}

/** Asking on with a session that Instagram doubts would cost the account. */
function retire(attempt: Attempt, { settings, state, log }: Means): Attempt {
  if (state.isFirst("session rejected"))
    log.warn(
      `Instagram no longer accepts the session in ${settings.cookies_file}; it is not used again. To renew it: log in with a browser and answer what Instagram asks, export the cookies of instagram.com in Netscape format into that file, chmod 600 it, and restart this instance.`,
      { strategy: "media-info" },
    );
  return { ...attempt, isLimited: false };
}
