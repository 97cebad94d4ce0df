import { expect, test } from "bun:test";
import { extract } from "../../../src/bots/instagram/extract/index.ts";
import type { Extraction } from "../../../src/bots/instagram/post.ts";
import { type CorpusRow, hasCorpus, readCorpus, unquote } from "./corpus.ts";

/** The words of the index for failures, and the classes that are right for them. */
const classes: readonly (readonly [RegExp, readonly string[]])[] = [
  [/outcome=not_found|outcome=unavailable|"user": null/, ["deleted"]],
  [/outcome=blocked\/login_wall|"authenticated": false|LandingPage|title=Instagram$/, ["login-required"]],
  [/outcome=rate_limited/, ["rate-limited"]],
  [/age_gated/, ["age-restricted", "login-required"]],
  [/checkpoint_required|CHALLENGE_REDIRECTION|'Challenge'/, ["challenge"]],
  [
    /outcome=graphql_error|outcome=profile_fallback|outcome=blocked;|problem with your request/,
    ["broken-shape"],
  ],
  [/outcome=login_required/, ["login-required", "broken-shape"]],
];

function fold(text: string): string {
  return [...text.replace(/\s+/g, " ")].slice(0, 30).join("");
}

/** `152K` and `5,064` as numbers. */
function toCount(text: string): string {
  return String(Number(text.replace(/,/g, "").replace(/K$/, "000")));
}

/** The fields of a row that came out wrong, each as a sentence; empty when all is right. */
function judge(row: CorpusRow, extraction: Extraction): string[] {
  const { expected } = row;
  const code = expected.get("code") ?? /\/(?:p|tv|reel)\/([\w-]+)\//.exec(expected.get("og:url") ?? "")?.[1];
  const wrong: string[] = [];
  const compare = (key: string, got: unknown, convert = (value: string) => value) => {
    const wanted = expected.get(key)?.replace(/^(\w+) ?\(.*$/, "$1");
    if (wanted !== undefined && wanted !== "?" && convert(wanted) !== String(got))
      wrong.push(`${key} is ${got}, not ${wanted}`);
  };
  if (code !== undefined) {
    if (extraction.outcome !== "post") return [`no post but ${JSON.stringify(extraction)}`];
    const { post } = extraction;
    if (post.shortcode !== code) wrong.push(`code is ${post.shortcode}`);
    compare("owner", post.username);
    compare("n_media", post.media.length);
    compare("n_video", post.media.filter((medium) => medium.kind === "video").length);
    compare("video_urls", post.media.filter((medium) => medium.videoUrl !== undefined).length);
    compare("likes", post.likes, toCount);
    compare("comments", post.comments, toCount);
    compare("taken_at", post.takenAt);
    if (!expected.has("og:url")) compare("caplen", [...post.caption].length);
    compare("caption40", fold(post.caption), (value) => fold(unquote(value)));
  } else if (expected.has("username")) {
    if (extraction.outcome !== "profile") return [`no profile but ${JSON.stringify(extraction)}`];
    const { profile } = extraction;
    compare("username", profile.username);
    compare("followers", profile.followers);
    compare("following", profile.following);
    compare("posts", profile.posts);
    compare("recent_embedded", profile.recent.length);
    compare("verified", profile.verified, (value) => value.toLowerCase());
    compare("private", profile.private, (value) => value.toLowerCase());
    compare("bio40", fold(profile.bio), (value) => fold(unquote(value)));
  } else if (row.shape === "feeds" || row.note.includes("hidden")) {
    if (extraction.outcome !== "post") return ["no post"];
    if (row.note.includes("hidden") && extraction.post.likes !== null) wrong.push("hidden likes are shown");
  } else {
    const right = classes.find(([words]) => words.test(row.note))?.[1];
    const got = extraction.outcome === "refused" ? extraction.refusal.class : extraction.outcome;
    if (right !== undefined && !right.includes(got)) wrong.push(`class is ${got}, not ${right[0]}`);
  }
  return wrong;
}

if (hasCorpus) {
  test("recorded answers are read right in every listed field, and every failure is classed right", () => {
    const table = new Map<string, { rows: number; right: number; failures: number }>();
    const mistakes: string[] = [];
    for (const row of readCorpus()) {
      const code = row.expected.get("code");
      const wrong = [{}, code === undefined ? {} : { shortcode: code }].flatMap((wanted) =>
        judge(row, extract({ status: row.status, body: row.body }, wanted)),
      );
      const line = table.get(row.shape) ?? { rows: 0, right: 0, failures: 0 };
      table.set(row.shape, {
        rows: line.rows + 1,
        right: line.right + (wrong.length === 0 ? 1 : 0),
        failures: line.failures + (/outcome=|body=/.test(row.note) ? 1 : 0),
      });
      mistakes.push(...wrong.map((sentence) => `${row.file}: ${sentence}`));
    }
    console.table(Object.fromEntries(table));
    expect(mistakes).toEqual([]);
  });
} else {
  console.log("skipped: the recorded answers (../shared/instagram-corpus is not there)");
}
