import { isObject, stringAt } from "../../../core/json.ts";
import type { RefusalClass } from "../post.ts";
import type { Wanted } from "./find.ts";
import { at } from "./read.ts";

export interface Answer {
  /** The address that answered, after redirects. */
  readonly url?: string;
  readonly status: number;
  readonly body: string;
}

/** Why an answer that holds nothing wanted holds nothing. Most telling sign first: address, error body, status, page. */
export function classify(answer: Answer, json: unknown, wanted: Wanted): RefusalClass {
  return (
    classifyAddress(answer.url, wanted) ??
    (isObject(json) ? classifyError(json) : undefined) ??
    classifyStatus(answer.status) ??
    classifyNull(answer.body, json, wanted) ??
    (json === undefined ? classifyPage(answer.body) : undefined) ??
    "broken-shape"
  );
}

function classifyAddress(url: string | undefined, wanted: Wanted): RefusalClass | undefined {
  const path = url === undefined ? undefined : URL.parse(url)?.pathname;
  if (path === undefined) return undefined;
  if (/^\/(?:challenge|auth_platform|accounts\/(?:suspended|disabled))(?:\/|$)/.test(path))
    return "challenge";
  if (/^\/accounts\/login(?:\/|$)/.test(path)) return "login-required";
  const wantsPage = wanted.shortcode !== undefined || wanted.username !== undefined;
  return path === "/" && wantsPage ? "login-required" : undefined;
}

/** What the error bodies of the API say, in the words of `message`, `error_type`, `type` and `title`. */
const messages: readonly (readonly [RegExp, RefusalClass])[] = [
  [/wait a few minutes|rate.?limit|too many requests|try again later/i, "rate-limited"],
  [/checkpoint|challenge|feedback_required|sentry_block|account.*(?:disabled|suspended)/i, "challenge"],
  [
    /restricted (?:video|photo|profile|content|account|post|reel)|18 years old|age.?(?:gated|restricted)/i,
    "age-restricted",
  ],
  [/not authorized to view|private (?:user|account|profile)|(?:user|account|profile) is private/i, "private"],
  [
    /(?:media|user|page|target|post).{0,20}(?:not.found|unavailable)|not_found|invalid (?:media|target)/i,
    "deleted",
  ],
  [/login.?required|log in to continue|consent_required|two_factor/i, "login-required"],
];

function classifyError(json: unknown): RefusalClass | undefined {
  const words = [json, at(json, "error"), at(json, "errors", 0)].flatMap((source) =>
    ["message", "error_type", "type", "title", "description"].map(
      (key) => stringAt(source, key)?.slice(0, 500) ?? "",
    ),
  );
  const text = words.filter((word) => word !== "").join("\n");
  const known = messages.find(([pattern]) => pattern.test(text))?.[1];
  if (known !== undefined) return known;
  if (at(json, "require_login") === true || at(json, "authenticated") === false) return "login-required";
  return text === "" ? undefined : "broken-shape";
}

function classifyStatus(status: number): RefusalClass | undefined {
  if (status === 404 || status === 410) return "deleted";
  if (status === 429 || status === 403) return "rate-limited";
  if (status === 401) return "login-required";
  return status >= 500 ? "unreachable" : undefined;
}

/** A well-formed answer that says that there is nothing, or nothing for us. */
function classifyNull(body: string, json: unknown, wanted: Wanted): RefusalClass | undefined {
  if (/"if_not_gated_logged_out"\s{0,9}:\s{0,9}null/.test(body))
    return /"gating_ruling"\s{0,9}:\s{0,9}\{/.test(body) ? "age-restricted" : "login-required";
  const isNull =
    /"(?:xig_polaris_media|xdt_shortcode_media|shortcode_media|xig_user_by_\w{1,20})"\s{0,9}:\s{0,9}null/.test(
      body,
    ) ||
    /"xdt_api__v1__media__shortcode__web_info"\s{0,9}:\s{0,9}(?:null|\{\s{0,9}"items"\s{0,9}:\s{0,9}\[\s{0,9}\])/.test(
      body,
    ) ||
    isEmptyList(at(json, "items")) ||
    at(json, "data", "user") === null ||
    at(json, "user") === null;
  const isFollowersOnly =
    (wanted.shortcode?.length ?? 0) > 28 ||
    /"(?:polaris\.)?privatePostPage"|"is_private"\s{0,9}:\s{0,9}true/.test(body);
  if (isFollowersOnly && wanted.username === undefined) return "private";
  return isNull ? "deleted" : undefined;
}

function isEmptyList(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}

function classifyPage(html: string): RefusalClass | undefined {
  const route = /"canonicalRouteName"\s{0,9}:\s{0,9}"([\w.]{1,200})"/.exec(html)?.[1] ?? "";
  if (/ErrorRoute/.test(route) || /"pageID"\s{0,9}:\s{0,9}"httpErrorPage"/.test(html)) return "deleted";
  if (/Login|Signup/.test(route)) return "login-required";
  if (/Challenge|Checkpoint|AuthPlatform/.test(route)) return "challenge";
  const entry = /"entry_data"\s{0,9}:\s{0,9}\{\s{0,99}"(\w{1,40})"/.exec(html)?.[1] ?? "";
  if (/Challenge|Checkpoint/.test(entry)) return "challenge";
  if (/HttpError/.test(entry)) return "deleted";
  if (/Landing|Login/.test(entry)) return "login-required";
  if (/"title"\s{0,9}:\s{0,9}"Restricted \w|18 years old or over/.test(html)) return "age-restricted";
  if (/Sorry, this page isn(?:'|’|&#0?39;)t available|EmbedBrokenMedia|dialog-404/.test(html))
    return "deleted";
  if (/instagram:\/\/mainfeed|id="loginForm"/.test(html)) return "login-required";
  // The right page with nothing in it is how Instagram slows anonymous readers down.
  const isShell = /Polaris\w{0,60}(?:Post|Profile|Reel|Clips)\w{0,30}Route/.test(html);
  return isShell && !/"xig_(?:polaris_media|user_by_\w{1,20})"\s{0,9}:\s{0,9}\{/.test(html)
    ? "rate-limited"
    : undefined;
}
