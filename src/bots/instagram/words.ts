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
 * Takes the power out of a text without changing how it reads: no control characters, no `@room` that pings, no line that
 * begins like a command (`!admin`, `/me`). Right-to-left text and emoji stay.
 */
export function neutralize(text: string): string {
  return text
    .replace(/\r\n?|[\u2028\u2029]/g, "\n")
    .replace(/(?![\n\t])\p{Cc}/gu, "")
    .replace(/\n{3,}/g, "\n\n")
    .trim()
    .replace(/@(?=room\b)/gi, `@${wordJoiner}`)
    .replace(/^(?=[!/\\])/gm, wordJoiner);
}

/** A text cut at a word near `max` characters; `tail` is what was cut, empty if it was short enough. */
export function shorten(text: string, max: number): { head: string; tail: string } {
  if (text.length <= max) return { head: text, tail: "" };
  const space = text.slice(0, max + 1).search(/\s\S*$/);
  const isPair = /[\ud800-\udbff]$/.test(text.slice(0, max));
  const end = space > max * 0.6 ? space : isPair ? max - 1 : max;
  return { head: `${text.slice(0, end).trimEnd()}…`, tail: text.slice(end).trim() };
}

/** The head, and the tail behind an element that opens. */
export function foldHtml({ head, tail }: { head: string; tail: string }): string {
  if (tail === "") return toHtml(head);
  return `${toHtml(head)}<details><summary>more</summary>${toHtml(shorten(tail, 4000).head)}</details>`;
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
