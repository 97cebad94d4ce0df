/** Turning what Instagram's users wrote into text and HTML that are only ever read. */

export function escapeHtml(text: string): string {
  return text.replace(
    /[&<>"']/g,
    (char) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[char] ?? "&#39;",
  );
}

export function toHtml(text: string): string {
  return escapeHtml(text).replaceAll("\n", "<br>");
}

const wordJoiner = "\u2060";

/**
 * Takes the power out of a text without changing how it reads: no control characters, no `@room` or `@user:server` that pings,
 * no address of Matrix that clients turn into one, no line that begins like a command (`!admin`, `/me`). Right-to-left text and
 * emoji stay.
 */
export function neutralize(text: string): string {
  return text
    .replace(/\r\n?|[\u2028\u2029]/g, "\n")
    .replace(/(?![\n\t])\p{Cc}/gu, "")
    .replace(/\n{3,}/g, "\n\n")
    .trim()
    .replace(/@(?=room\b)/gi, `@${wordJoiner}`)
    .replace(/[@#!](?=[^\s@:]{1,255}:[\w[])/g, `$&${wordJoiner}`)
    .replace(/\bmatrix[.\u3002\uff0e\uff61](?=to\b)|\bmatrix:(?=\w{1,10}\/)/gi, `$&${wordJoiner}`)
    .replace(/^(?=[!/\\])/gm, wordJoiner);
}

/** The same for a text that stands within a line: no line breaks, nothing that would turn the rest of the line around. */
export function neutralizeLine(text: string): string {
  return neutralize(text.replace(/\s+/g, " ").replace(/[\u202a-\u202e\u2066-\u2069]/g, ""));
}

/** Where somebody else's link may lead from a message of ours: not to a person or room of Matrix, which clients show as a mention. */
export function isSafeLink(link: string): boolean {
  const url = URL.parse(link);
  return (
    url !== null &&
    /^https?:$/.test(url.protocol) &&
    !/(?:^|\.)matrix\.to\.?$/.test(url.hostname) &&
    link.length <= 2000
  );
}

/** A text cut at a word near `max` characters; `tail` is what was cut, empty if it was short enough. */
export function shorten(text: string, max: number): { head: string; tail: string } {
  if (text.length <= max) return { head: text, tail: "" };
  const space = text.slice(0, max + 1).search(/\s\S*$/);
  const isPair = /[\ud800-\udbff]$/.test(text.slice(0, max));
  const end = space > max * 0.6 ? space : isPair ? max - 1 : max;
  return { head: `${text.slice(0, end).trimEnd()}…`, tail: text.slice(end).trim() };
}

/** `1,234 likes`, `about 152,000 likes`; undefined for an unknown count. Without a noun, the number alone. */
export function formatCount(count: number | null, noun: string, isRounded: boolean): string | undefined {
  if (count === null) return undefined;
  const number = `${isRounded ? "about " : ""}${count.toLocaleString("en-US")}`;
  return noun === "" ? number : `${number} ${noun}${count === 1 ? "" : "s"}`;
}

/** `0:42`, `1:02:03`; undefined for an unknown length. */
export function formatDuration(seconds: number | undefined): string | undefined {
  if (seconds === undefined) return undefined;
  const whole = Math.round(seconds);
  const parts = [Math.floor(whole / 60) % 60, whole % 60];
  if (whole >= 3600) parts.unshift(Math.floor(whole / 3600));
  return parts.map((part, index) => (index === 0 ? String(part) : String(part).padStart(2, "0"))).join(":");
}

/** `less than a minute`, `about 2 minutes`, `about 3 hours`: no clock times, since rooms span time zones. */
export function formatWait(waitMs: number): string {
  if (waitMs < 60_000) return "less than a minute";
  const minutes = Math.ceil(waitMs / 60_000);
  if (minutes < 90) return `about ${minutes} minute${minutes === 1 ? "" : "s"}`;
  return `about ${Math.round(minutes / 60)} hours`;
}
