import { type Address, type PlainAnswer, PlainConnection } from "./plain-connection.ts";

export interface PlainRequest {
  readonly method: "GET" | "PUT" | "POST" | "DELETE";
  /** Encoded, with its query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  /** Ends it, with the signal's reason. */
  readonly signal: AbortSignal;
}

/** After a start an instance asks for a hundred messages at once. */
const maxIdle = 128;

/**
 * HTTP/1.1 without TLS over sockets of this thread. `fetch` has a thread of its own in Bun, and waking it was half of what the main
 * thread did for a message (measured on loopback, 40 a second: 0.42 ms a request, over a socket 0.26): nothing beside a homeserver
 * far away, much beside one on the same machine.
 * Connections are kept for what follows; none is ever shared, so that answers cannot get mixed up.
 */
export class PlainHttp {
  readonly #host: string;
  readonly #base: string;
  readonly #address: Address;
  #idle: PlainConnection[] = [];
  /** As text, of headers that are the same each time. */
  readonly #fields = new WeakMap<PlainRequest["headers"], string>();

  private constructor({ host, hostname, port, pathname }: URL) {
    this.#host = host;
    this.#base = pathname.replace(/\/+$/, "");
    this.#address = { hostname: hostname.replace(/^\[|\]$/g, ""), port: port === "" ? 80 : Number(port) };
  }

  /** Undefined for an address that is not spoken to so: with TLS or a login, or by the proxy that the environment names. */
  static for(origin: string): PlainHttp | undefined {
    const url = URL.parse(origin);
    const proxy = process.env.http_proxy ?? process.env.HTTP_PROXY ?? "";
    return url?.protocol === "http:" && url.username === "" && proxy === "" ? new PlainHttp(url) : undefined;
  }

  /** Rejects with the signal's reason, RoostError `network` for an answer that is too long, or the error of a connection that was not made or that broke. */
  async exchange(request: PlainRequest): Promise<PlainAnswer> {
    const bytes = this.#bytesOf(request);
    // What must not be done twice gets a connection that nobody can have closed meanwhile.
    const kept = request.method === "POST" ? undefined : this.#idle.pop();
    if (kept !== undefined) {
      try {
        return await kept.exchange(bytes, request.signal);
      } catch (error) {
        if (kept.hasAnswered || request.signal.aborted) throw error;
      }
    }
    const connection = new PlainConnection(this.#address, (freed) => this.#keep(freed));
    connection.open();
    return await connection.exchange(bytes, request.signal);
  }

  #keep(connection: PlainConnection): void {
    if (this.#idle.length >= maxIdle) this.#idle = this.#idle.filter(({ isOpen }) => isOpen);
    if (this.#idle.length < maxIdle) this.#idle.push(connection);
    else connection.close();
  }

  #bytesOf({ method, path, headers, body }: PlainRequest): Buffer {
    if (/[^\x21-\x7e]/.test(path)) throw new TypeError("a path has to be encoded");
    const length =
      body === undefined && method === "GET" ? "" : `content-length: ${Buffer.byteLength(body ?? "")}\r\n`;
    const start = `${method} ${this.#base}${path} HTTP/1.1\r\nhost: ${this.#host}\r\n`;
    return Buffer.from(`${start}${this.#fieldsOf(headers)}${length}\r\n${body ?? ""}`);
  }

  #fieldsOf(headers: PlainRequest["headers"]): string {
    const known = this.#fields.get(headers);
    if (known !== undefined) return known;
    const fields = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    if (fields.some((field) => /[^\x20-\x7e]/.test(field.slice(0, -2))))
      throw new TypeError("a header field has to be printable");
    this.#fields.set(headers, fields.join(""));
    return fields.join("");
  }
}
