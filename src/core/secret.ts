/**
 * A password, token or hash that cannot be printed by accident: string conversion, JSON and the console all give
 * `[redacted]`. Only the line that hands it to the homeserver or the hash function calls `reveal`.
 */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }
  reveal(): string {
    return this.#value;
  }
  toString(): string {
    return "[redacted]";
  }
  toJSON(): string {
    return "[redacted]";
  }
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return "[redacted]";
  }
}

/** A secret the config asks for: there, or the sentence that says why it could not be read. */
export type SecretValue = { readonly secret: Secret } | { readonly missing: string };
