import type { postStrategies as postNames, profileStrategies as profileNames } from "../settings.ts";
import { embed } from "./embed.ts";
import { graphql } from "./graphql.ts";
import { mediaInfo } from "./media-info.ts";
import { og, page } from "./page.ts";
import { profileInfo } from "./profile-info.ts";
import type { Strategy } from "./strategy.ts";
import { ytDlp } from "./yt-dlp.ts";

export const postStrategies: Readonly<Record<(typeof postNames)[number], Strategy>> = {
  page,
  embed,
  graphql,
  "media-info": mediaInfo,
  "yt-dlp": ytDlp,
  og,
};

export const profileStrategies: Readonly<Record<(typeof profileNames)[number], Strategy>> = {
  page,
  web_profile_info: profileInfo,
  og,
};
