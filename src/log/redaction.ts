import type { Secret } from "../core/secret.ts";

const shortestLength = 6;

/**
 * Cuts known secrets out of any text by value, so that a password inside a URL, a stack or a homeserver's answer is not printed.
 * Values shorter than six characters are left alone: cutting them would riddle ordinary words.
 */
export class Redaction {
  #values: readonly string[] = [];

  add(secrets: Iterable<Secret>): void {
    const values = new Set(this.#values);
    for (const secret of secrets) {
      if (secret.reveal().length < shortestLength) continue;
      for (const form of formsOf(secret.reveal())) values.add(form);
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

/** The shapes a value takes on its way into a message: as it is, percent-encoded for paths and forms, and inside JSON. */
function formsOf(value: string): string[] {
  const wellFormed = value.toWellFormed();
  const encoded = encodeURIComponent(wellFormed);
  const form = new URLSearchParams({ v: wellFormed }).toString().slice(2);
  const lowerHex = (text: string) => text.replace(/%[0-9A-F]{2}/g, (hex) => hex.toLowerCase());
  return [
    value,
    encodeURI(wellFormed),
    encoded,
    lowerHex(encoded),
    form,
    lowerHex(form),
    JSON.stringify(value).slice(1, -1),
  ];
}
