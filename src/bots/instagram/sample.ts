import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isObject, type Json } from "../../core/json.ts";
import type { Answer } from "./extract/index.ts";
import { parseJson } from "./extract/page.ts";

const maxStringChars = 40;
const maxItems = 3;
const maxKeys = 60;
const maxDepth = 32;
const maxNodes = 4000;
const maxScripts = 60;

/**
 * Writes the skeleton of an answer that was not understood into the folder, one file a strategy, and answers its path: which
 * keys hold what, for a bug report. No string is longer than 40 characters, and what could be a token or a cookie is left out.
 */
export async function keepSample(
  folder: string,
  strategy: string,
  answer: Answer | undefined,
): Promise<string> {
  const path = join(folder, `not-understood-${strategy}.json`);
  await writeFile(path, `${JSON.stringify(describe(answer), null, 1)}\n`, { mode: 0o600 });
  return path;
}

function describe(answer: Answer | undefined): Json {
  if (answer === undefined) return { answer: null };
  const { status, body } = answer;
  const path = URL.parse(answer.url ?? "")?.pathname ?? null;
  const budget = { nodes: maxNodes };
  const json = parseJson(body.replace(/^\s{0,99}for\s?\(;;\);/, ""));
  if (json !== undefined) return { status, path, sizeChars: body.length, json: trim(json, budget, 0) };
  const scripts = [...body.matchAll(/<script\b[^>]{0,400}>([[{][^<]{2,})<\/script>/g)]
    .slice(0, maxScripts)
    .sort((a, b) => Number(tells(b[1])) - Number(tells(a[1])))
    .flatMap((match) => parseJson(match[1] ?? "") ?? []);
  return {
    status,
    path,
    sizeChars: body.length,
    title: cut(/<title>([^<]{0,200})/.exec(body)?.[1] ?? ""),
    route: cut(/"canonicalRouteName"\s?:\s?"([\w.]{1,200})"/.exec(body)?.[1] ?? ""),
    begins: body.trimStart().startsWith("<") ? "<" : cut(body.trimStart()),
    scripts: scripts.map((script) => trim(script, budget, 0)),
  };
}

function tells(script: string | undefined): boolean {
  return /xig_|xdt_|shortcode|polaris_media/.test(script ?? "");
}

function trim(value: unknown, budget: { nodes: number }, depth: number): Json {
  if (--budget.nodes < 0 || depth > maxDepth) return "...";
  if (typeof value === "string") return cut(value);
  if (typeof value === "number" || typeof value === "boolean" || value === null) return value;
  if (Array.isArray(value)) {
    const items = value.slice(0, maxItems).map((item) => trim(item, budget, depth + 1));
    return value.length > maxItems ? [...items, `... ${value.length - maxItems} more`] : items;
  }
  if (!isObject(value)) return "...";
  const entries = Object.entries(value).slice(0, maxKeys);
  return Object.fromEntries(
    entries.map(([key, item]) => [cut(key), isSecret(key) ? "[left out]" : trim(item, budget, depth + 1)]),
  );
}

function isSecret(key: string): boolean {
  return /token|csrf|lsd|dtsg|session|cookie|nonce|secret|auth|password|claim|device|viewer|email|phone|machine/i.test(
    key,
  );
}

/** Long words of letters and digits are what tokens look like; addresses keep their host alone. */
function cut(text: string): string {
  const plain = text
    .slice(0, 400)
    .replace(/(https?:\/\/[\w.-]+)\/\S*/gi, "$1/...")
    .replace(/(?=[\w%+/=.-]*\d)(?=[\w%+/=.-]*[a-z])[\w%+/=.-]{16,}/gi, "[left out]");
  return plain.length > maxStringChars ? `${plain.slice(0, maxStringChars)}...` : plain;
}
