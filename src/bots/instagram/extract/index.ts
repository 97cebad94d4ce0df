import { type Extraction, refuse } from "../post.ts";
import { readEmbed } from "./embed.ts";
import { find, type Wanted } from "./find.ts";
import { readOpenGraph } from "./og.ts";
import { parseJson, readPage } from "./page.ts";
import { type Answer, classify } from "./refusal.ts";

export type { Answer, Wanted };

const maxBodyChars = 8 * 1024 * 1024;

/** What an answer says in full, or why it does not; and beside that what its preview tags say, where it has them. */
export interface Reading {
  readonly extraction: Extraction;
  readonly preview?: Extraction;
}

/**
 * What one answer of Instagram says about the wanted post or profile, whatever its shape: a page, old or new, an embed page,
 * GraphQL, the mobile API, an error body. Pure, and total: any input gives an Extraction. A page describes neighbours too;
 * only what was asked for is reported.
 */
export function extract(answer: Answer, wanted: Wanted = {}): Extraction {
  const { extraction, preview } = readAnswer(answer, wanted);
  return preview ?? extraction;
}

/** The same, with the preview tags apart. They count only where the answer's own refusal leaves the question open. */
export function readAnswer(answer: Answer, wanted: Wanted = {}): Reading {
  const body = answer.body
    .slice(0, maxBodyChars)
    .replace(/^\s{0,99}for\s?\(;;\);/, "")
    .trim();
  const bare = withoutKey(wanted);
  const documents = parseBody(body);
  const json = documents[0];
  if (answer.status >= 400) return { extraction: refuse(classify({ ...answer, body }, json, wanted)) };
  const page = json === undefined ? readPage(body) : undefined;
  const found = find(page?.documents ?? documents, bare);
  if (found !== undefined) return { extraction: found };
  const embedded = page === undefined ? undefined : readEmbed(body, bare);
  if (embedded !== undefined) return { extraction: { outcome: "post", post: embedded } };
  const refusal = classify({ ...answer, body }, json, wanted);
  const isOpen = refusal === "broken-shape" || refusal === "rate-limited";
  const preview = isOpen && page !== undefined ? readOpenGraph(page.meta, bare) : undefined;
  return { extraction: refuse(refusal), ...(preview === undefined ? {} : { preview }) };
}

/** The body as JSON: one document, or one a line as GraphQL streams them; none when it is a page. */
function parseBody(body: string): unknown[] {
  if (!body.startsWith("{") && !body.startsWith("[")) return [];
  const whole = parseJson(body);
  if (whole !== undefined) return [whole];
  return body
    .split("\n", 50)
    .map(parseJson)
    .filter((document) => document !== undefined);
}

/** The shortcode of a followers-only link carries 28 more characters of key. */
function withoutKey(wanted: Wanted): Wanted {
  const code = wanted.shortcode;
  return code !== undefined && code.length > 28 ? { ...wanted, shortcode: code.slice(0, -28) } : wanted;
}
