import { decodeEntities } from "./text.ts";

/** What a page of Instagram holds for us: parsed JSON of its scripts, and its meta tags by name. */
export interface Page {
  readonly documents: readonly unknown[];
  readonly meta: ReadonlyMap<string, string>;
}

/** Words that only occur in a script that describes a post or a profile. Most scripts of a page hold none and are not parsed. */
const telling =
  /xig_polaris_media|xig_user_by|xdt_api__v1__|shortcode_media|edge_followed_by|"followed_by"|follower_count|image_versions2|polaris_ordered_timeline|contextJSON/;

/** Where JSON begins inside JavaScript: older pages, the embed page, and newer ones that call a handler. */
const openers =
  /window\._sharedData\s{0,9}=\s{0,99}(?=\{)|__additionalDataLoaded\(\s{0,99}(?:'[^'\n]{0,300}'|"[^"\n]{0,300}")\s{0,99},\s{0,99}(?=\{)|\.handle\(\s{0,99}(?=\{)/g;

const maxScripts = 400;
const maxMetaTags = 200;
const maxTagChars = 40_000;

/** Reads a page in one pass over it; what is cut off or mangled is skipped. */
export function readPage(html: string): Page {
  const documents: unknown[] = [];
  for (const script of scriptsOf(html)) if (telling.test(script)) documents.push(...parseScript(script));
  return { documents, meta: readMeta(html) };
}

function* scriptsOf(html: string): Generator<string> {
  let position = 0;
  for (let count = 0; count < maxScripts; count++) {
    const tag = html.indexOf("<script", position);
    const start = tag < 0 ? -1 : html.indexOf(">", tag) + 1;
    const end = start <= 0 ? -1 : html.indexOf("</script", start);
    if (end < 0) return;
    if (end > start) yield html.slice(start, end);
    position = end + 1;
  }
}

function* parseScript(script: string): Generator<unknown> {
  const text = script.trim();
  if (text.startsWith("{") || text.startsWith("[")) {
    yield parseJson(text);
  } else {
    for (const match of [...text.matchAll(openers)].slice(0, 20)) {
      const start = match.index + match[0].length;
      yield parseJson(text.slice(start, endOfObject(text, start)));
    }
  }
  yield* parseContext(text);
}

/** The embed page keeps its JSON as a string inside other JSON. */
function* parseContext(script: string): Generator<unknown> {
  const key = script.indexOf('"contextJSON"');
  const start = key < 0 ? -1 : script.indexOf('"', key + '"contextJSON"'.length);
  if (start < 0) return;
  const context = parseJson(script.slice(start, endOfString(script, start)));
  if (typeof context === "string") yield parseJson(context);
}

/** Undefined for anything that is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Where the object that begins at `start` ends, past its last brace; the text's length if it never does. */
function endOfObject(text: string, start: number): number {
  let depth = 0;
  for (let position = start; position < text.length; position++) {
    const char = text.charCodeAt(position);
    if (char === 0x22) position = endOfString(text, position) - 1;
    else if (char === 0x7b) depth++;
    else if (char === 0x7d && --depth === 0) return position + 1;
  }
  return text.length;
}

/** Where the string that begins at `start` ends, past its closing quote. */
function endOfString(text: string, start: number): number {
  for (let position = start + 1; position < text.length; position++) {
    const char = text.charCodeAt(position);
    if (char === 0x5c) position++;
    else if (char === 0x22) return position + 1;
  }
  return text.length;
}

function readMeta(html: string): Map<string, string> {
  const meta = new Map<string, string>();
  let position = 0;
  for (let count = 0; count < maxMetaTags; count++) {
    const start = html.indexOf("<meta", position);
    if (start < 0) break;
    const attributes = readAttributes(html.slice(start + 5, start + maxTagChars));
    const name = attributes.get("property") ?? attributes.get("name");
    const content = attributes.get("content");
    if (name !== undefined && content !== undefined && !meta.has(name))
      meta.set(name, decodeEntities(content));
    position = start + 5;
  }
  return meta;
}

/** The quoted attributes up to the tag's end. A value may hold `>` and line breaks. */
function readAttributes(tag: string): Map<string, string> {
  const attributes = new Map<string, string>();
  let name = "";
  for (let position = 0; position < tag.length; position++) {
    const char = tag.charAt(position);
    if (char === ">") break;
    if (char === '"' || char === "'") {
      const end = tag.indexOf(char, position + 1);
      if (end < 0) break;
      attributes.set(name.replace(/[=\s/]/g, "").toLowerCase(), tag.slice(position + 1, end));
      name = "";
      position = end;
    } else if (name.length < 40) name += char;
  }
  return attributes;
}
