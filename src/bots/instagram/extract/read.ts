import { isObject, type JsonObject } from "../../../core/json.ts";
import type { Rendition } from "../post.ts";

/** Reading what others sent: every function answers null or undefined instead of throwing, and bounds what it keeps. */

const maxTextChars = 10_000;

/** The value at a path of keys and indexes, or undefined as soon as the path leaves what is there. */
export function at(value: unknown, ...path: (string | number)[]): unknown {
  let found = value;
  for (const key of path) {
    if (Array.isArray(found) && typeof key === "number") found = found[key];
    else if (isObject(found) && typeof key === "string" && Object.hasOwn(found, key)) found = found[key];
    else return undefined;
  }
  return found;
}

export function objectsAt(value: unknown, ...path: (string | number)[]): JsonObject[] {
  const found = at(value, ...path);
  return Array.isArray(found) ? found.slice(0, 100).filter(isObject) : [];
}

/** The nodes of a GraphQL connection: `{edges: [{node: ...}]}`. */
export function nodesAt(value: unknown, ...path: (string | number)[]): JsonObject[] {
  return objectsAt(value, ...path, "edges").flatMap((edge) => (isObject(edge.node) ? [edge.node] : []));
}

export function textAt(value: unknown, ...path: (string | number)[]): string | undefined {
  const found = at(value, ...path);
  return typeof found === "string" ? found.slice(0, maxTextChars) : undefined;
}

/** The first of the paths that holds a count. Instagram writes -1 for a hidden one. */
export function countAt(value: unknown, ...paths: (string | number)[][]): number | null {
  for (const path of paths) {
    const found = at(value, ...path);
    if (typeof found === "number" && Number.isSafeInteger(found)) return found >= 0 ? found : null;
  }
  return null;
}

export function sizeAt(value: unknown, ...path: (string | number)[]): number | null {
  const found = at(value, ...path);
  return typeof found === "number" && found > 0 && found < 100_000 ? Math.round(found) : null;
}

export function areaOf(picture: unknown): number {
  return (sizeAt(picture, "width") ?? 0) * (sizeAt(picture, "height") ?? 0);
}

/** The files of a video, each once, largest first; those without a size stay in their order behind the others. */
export function renditionsOf(versions: readonly JsonObject[]): Rendition[] {
  const films = new Map<string, Rendition>();
  for (const version of [...versions].sort((a, b) => areaOf(b) - areaOf(a))) {
    const url = urlAt(version, "url");
    if (url === undefined || films.has(url)) continue;
    films.set(url, { url, width: sizeAt(version, "width"), height: sizeAt(version, "height") });
  }
  return [...films.values()].slice(0, 10);
}

/** A web address, or undefined. Whether it may be fetched is decided where it is fetched. */
export function urlAt(value: unknown, ...path: (string | number)[]): string | undefined {
  const found = at(value, ...path);
  return typeof found === "string" && found.length <= 4096 && /^https?:\/\/[^\s"'<>\\]+$/i.test(found)
    ? found
    : undefined;
}

export function shortcodeAt(value: unknown, key: string): string | undefined {
  const found = at(value, key);
  return typeof found === "string" && /^[\w-]{2,64}$/.test(found) ? found : undefined;
}

export function usernameAt(value: unknown, ...path: (string | number)[]): string | undefined {
  const found = at(value, ...path);
  return typeof found === "string" && /^[A-Za-z0-9._]{1,30}$/.test(found) ? found : undefined;
}

/** Seconds since 1970 as ISO 8601 without fractions. */
export function timeAt(value: unknown, ...path: (string | number)[]): string | null {
  const found = at(value, ...path);
  if (typeof found !== "number" || !(found > 0 && found < 32_503_680_000)) return null;
  return new Date(Math.floor(found) * 1000).toISOString().replace(".000Z", "Z");
}

/** A length of time in seconds, from the number itself or from the manifest's `mediaPresentationDuration="PT1M2.5S"`. */
export function durationAt(value: unknown, manifest: string | undefined): number | undefined {
  if (typeof value === "number" && value > 0 && value < 86_400) return value;
  const iso = /mediaPresentationDuration="PT(?:(\d{1,2})H)?(?:(\d{1,3})M)?(?:([\d.]{1,10})S)?"/.exec(
    manifest?.slice(0, 2000) ?? "",
  );
  if (iso === null) return undefined;
  const seconds = Number(iso[1] ?? 0) * 3600 + Number(iso[2] ?? 0) * 60 + Number(iso[3] ?? 0);
  return seconds > 0 ? seconds : undefined;
}

/** Whether Instagram puts a warning in front of the node's media. */
export function isCovered(node: JsonObject): boolean {
  return (
    isObject(node.gating_info) ||
    isObject(node.media_overlay_info) ||
    at(node, "sensitivity_friction_info", "should_have_sensitivity_friction") === true
  );
}
