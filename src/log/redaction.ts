import type { Secret } from "../core/secret.ts";

const shortestLength = 6;

/**
 * Cuts known secrets out of any text by value, so that a password inside a URL, a stack or a homeserver's answer is not printed.
 * Values shorter than six characters are left alone: cutting them would riddle ordinary words.
 */
export class Redaction {
  readonly #known = new Set<string>();
  #values: readonly string[] = [];

  add(secrets: Iterable<Secret>): void {
    const values = new Set(this.#values);
    for (const secret of secrets) {
      const value = secret.reveal();
      if (value.length < shortestLength || this.#known.has(value)) continue;
      this.#known.add(value);
      for (const form of formsOf(value)) values.add(form);
    }
    // Longest first: a secret that begins with another one goes as a whole.
    this.#values = [...values].sort((a, b) => b.length - a.length);
  }

  cut(text: string): string {
    let result = text;
    for (const value of this.#values) {
      if (result.includes(value)) result = result.replaceAll(value, "[redacted]");
    }
    return result;
  }
}

/** The shapes a value takes on its way into a message: as it is, percent-encoded for paths and forms, in a URL, and inside JSON. */
function formsOf(value: string): string[] {
  const wellFormed = value.toWellFormed();
  const encoded = [
    encodeURI(wellFormed),
    encodeURIComponent(wellFormed),
    new URLSearchParams({ v: wellFormed }).toString().slice(2),
    ...urlFormsOf(wellFormed),
  ];
  const lowerHex = encoded.map((text) => text.replace(/%[0-9A-F]{2}/g, (hex) => hex.toLowerCase()));
  const plain = [value, ...encoded, ...lowerHex];
  const quoted = plain.map(quote);
  // What was JSON in an answer is escaped once more when health tells it.
  const forms = new Set([...plain, ...quoted, ...quoted.map(quote)]);
  return [...forms].filter((form) => form.length >= shortestLength);
}

function quote(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

/** Each part of a URL has an alphabet of its own. */
function urlFormsOf(value: string): string[] {
  const url = new URL("http://host/");
  url.username = value;
  url.pathname = value;
  url.search = value;
  url.hash = value;
  return [url.username, url.pathname.slice(1), url.search.slice(1), url.hash.slice(1)];
}
