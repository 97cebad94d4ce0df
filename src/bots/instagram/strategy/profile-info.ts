import { judge, request, scriptHeaders } from "./request.ts";
import type { Strategy } from "./strategy.ts";

/** What the web's profile page asked for before the data came with the page. */
export const profileInfo: Strategy = {
  async fetch(link, means) {
    const answer = await request(`/api/v1/users/web_profile_info/?username=${link.username}`, means, {
      headers: scriptHeaders,
    });
    return judge(answer, link);
  },
};
