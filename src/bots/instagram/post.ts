/**
 * What an answer of Instagram says, in the words of the design (section 13): a post, a profile, or a classified refusal.
 * `null` stands for what is hidden or unknown; a count is never made up.
 */

/** One file of a video. */
export interface Rendition {
  readonly url: string;
  readonly width: number | null;
  readonly height: number | null;
}

export interface Medium {
  readonly kind: "image" | "video";
  /** The largest picture offered; for a video its still. */
  readonly url: string;
  /** The largest rendition offered; absent where the answer names none. */
  readonly videoUrl?: string;
  /** All renditions, largest first, where the answer names more than one. */
  readonly videoUrls?: readonly Rendition[];
  readonly width: number | null;
  readonly height: number | null;
  readonly durationSeconds?: number;
  readonly alt?: string;
}

export interface Post {
  readonly shortcode: string;
  readonly kind: "image" | "video" | "carousel";
  readonly username: string | null;
  /** Empty when the post has none. */
  readonly caption: string;
  readonly likes: number | null;
  readonly comments: number | null;
  /** ISO 8601 in UTC, whole seconds. */
  readonly takenAt: string | null;
  /** The counts are rounded ("152K") and the media may be incomplete. */
  readonly approximate: boolean;
  readonly media: readonly Medium[];
  /** Instagram covers it with a warning. Absent otherwise. */
  readonly sensitive?: true;
}

export interface RecentPost {
  readonly shortcode: string;
  readonly kind: Post["kind"];
  /** A picture of it. */
  readonly url: string;
}

export interface Profile {
  readonly username: string;
  readonly fullName: string;
  readonly bio: string;
  readonly followers: number | null;
  readonly following: number | null;
  readonly posts: number | null;
  readonly verified: boolean;
  readonly private: boolean;
  readonly pictureUrl: string | null;
  /** Addresses the owner lists beside the bio. */
  readonly links: readonly string[];
  readonly recent: readonly RecentPost[];
  /** The counts are rounded. Absent otherwise. */
  readonly approximate?: true;
}

export const refusalClasses = [
  "private",
  "deleted",
  "login-required",
  "age-restricted",
  "rate-limited",
  "challenge",
  "broken-shape",
  "unsupported",
  "unreachable",
] as const;
export type RefusalClass = (typeof refusalClasses)[number];

export interface Refusal {
  readonly class: RefusalClass;
  /** For people in a room: what is the matter and, where there is one, the next step. */
  readonly sentence: string;
  readonly retryAfterSeconds?: number;
}

export type Extraction =
  | { readonly outcome: "post"; readonly post: Post }
  | { readonly outcome: "profile"; readonly profile: Profile }
  | { readonly outcome: "refused"; readonly refusal: Refusal };

const sentences: Record<RefusalClass, string> = {
  private: "This Instagram account is private: only its followers can see this.",
  deleted: "Instagram has nothing at this address: it was deleted, made private, or never existed.",
  "login-required": "Instagram shows this only to people who are logged in.",
  "age-restricted": "Instagram shows this only to logged-in adults.",
  "rate-limited": "Instagram is answering too many requests from here and asks us to wait.",
  challenge:
    "Instagram wants a person to prove that they are one before it answers; the bot's admin has to look.",
  "broken-shape":
    "Instagram answered in a form this bot does not understand; the bot's admin may need an update.",
  unsupported: "This kind of Instagram link has no preview: posts, reels and profiles have.",
  unreachable: "Instagram could not be reached just now; post the link again later.",
};

/** A refusal of this class with its sentence. */
export function refuse(
  refusalClass: RefusalClass,
  retryAfterSeconds?: number,
): Extract<Extraction, { outcome: "refused" }> {
  const refusal = { class: refusalClass, sentence: sentences[refusalClass] };
  return {
    outcome: "refused",
    refusal: retryAfterSeconds === undefined ? refusal : { ...refusal, retryAfterSeconds },
  };
}
