import { z } from "zod";

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
  refusals: z
    .enum(["notice", "log"])
    .default("notice")
    .describe("Whether the room is told why a link has no preview, or only the log."),
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
