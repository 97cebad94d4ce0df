import { z } from "zod";
import { secretSetting, type TurnRequest } from "../../core/plugin.ts";

/** The ways to a post that may be listed under `strategies`. */
export const postStrategies = ["page", "embed", "graphql", "media-info", "yt-dlp", "og"] as const;
/** The ways to a profile. */
export const profileStrategies = ["page", "web_profile_info", "og"] as const;

const isEachOnce = (names: readonly string[]) => new Set(names).size === names.length;
const file = z.string().max(4096).regex(/^\//, "must be a path that begins with /");

/** What an admin may write under `config:` of an Instagram instance. */
export const settingsSchema = z.strictObject({
  origin: z
    .url({ protocol: /^https?$/, error: "must be an address such as https://www.instagram.com" })
    .default("https://www.instagram.com")
    .describe("Where Instagram is; a stand-in for tests can be put here."),
  user_agent: z
    .string()
    .min(1)
    .max(300)
    .regex(/^[\x20-\x7e]+$/, "must be plain printable text")
    .default(
      "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36",
    )
    .describe("The browser we present ourselves as."),
  timeout_seconds: z
    .number()
    .min(1)
    .max(60)
    .default(10)
    .describe("How long one request to Instagram may take before it counts as unreachable."),
  budget: z
    .strictObject({
      burst: z.int().min(1).max(100).default(6).describe("So many requests may follow each other at once."),
      seconds: z
        .number()
        .min(1)
        .max(3600)
        .default(45)
        .describe("After that, one request in so many seconds."),
    })
    .prefault({})
    .describe("How often Instagram is asked: counted for all instances that come from one address."),
  strategies: z
    .array(z.enum(postStrategies))
    .min(1)
    .refine(isEachOnce, "must name each strategy once")
    .default([...postStrategies])
    .describe(
      "The ways to a post, in the order they are tried until one tells all. Leave out what is unwanted.",
    ),
  profile_strategies: z
    .array(z.enum(profileStrategies))
    .refine(isEachOnce, "must name each strategy once")
    .default([...profileStrategies])
    .describe("The ways to a profile. An empty list: profiles are not shown."),
  doc_ids: z
    .strictObject({
      post: z
        .string()
        .regex(/^\d{5,25}$/, "must be a number in quotes")
        .default("27130156389949648")
        .describe("The query for one post."),
    })
    .prefault({})
    .describe("The numbers of GraphQL queries, for when Instagram's pages do not tell the current ones."),
  proxy: secretSetting(
    z.url({ protocol: /^https?$/, error: "must be an address such as http://proxy.example.org:3128" }),
  )
    .optional()
    .describe(
      "The HTTP proxy through which Instagram is asked; a secret, for it may hold a login. Default: none.",
    ),
  cookies_file: file
    .optional()
    .describe(
      "Cookies of a logged-in session (Netscape format, mode 0600), for media-info alone. Default: none.",
    ),
  yt_dlp: file.optional().describe("Where yt-dlp is. Default: looked for on PATH."),
  refusals: z
    .enum(["notice", "reaction", "log"])
    .default("notice")
    .describe(
      "How a room learns why a link has no preview: by a sentence, by a reaction to it, or not (only the log does).",
    ),
  unsupported: z
    .enum(["notice", "silent"])
    .default("notice")
    .describe("Whether stories, highlights, audio, tags and locations get a sentence or silence."),
  carousel: z
    .enum(["thread", "room"])
    .default("thread")
    .describe("Where a carousel's pictures after the first are posted."),
  video: z
    .enum(["link", "upload"])
    .default("link")
    .describe("Whether a video's file is posted too, besides its picture and a download link."),
  max_video_mb: z
    .number()
    .min(1)
    .max(2000)
    .default(50)
    .describe("Larger videos are not posted, nor those larger than the homeserver takes."),
  caption_max: z
    .int()
    .min(50)
    .max(2200)
    .default(500)
    .describe("Captions longer than this many characters are folded at a word."),
});

export type Settings = z.output<typeof settingsSchema>;

/** The origin in the form in which a URL names its own. */
export function originOf(settings: Settings): string {
  return new URL(settings.origin).origin;
}

/** The host's allowance for requests to Instagram: one for each address that we come from. */
export function allowanceOf({ budget, proxy }: Settings): Omit<TurnRequest, "ticket"> {
  return {
    allowance: proxy === undefined ? "instagram" : `instagram via ${new URL(proxy).host}`,
    burst: budget.burst,
    everyMs: budget.seconds * 1000,
  };
}
