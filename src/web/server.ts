import { RoostError } from "../core/error.ts";
import { type RouteOptions, routes } from "./routes.ts";
import { type Conversation, socketHandler } from "./socket.ts";

export interface WebServerOptions extends RouteOptions {
  readonly port: number;
  /** How long to wait before asking for a taken port again. */
  readonly retryMs?: number;
}

const loopbackHosts = ["127.0.0.1", "::1", "localhost"];
/** For silence, and for a request's headers as a whole: bytes that drip prolong nothing. The clock behind it ticks every 4 s. */
const longestIdleSeconds = 10;
const longestAnswerSeconds = 120;
/** An uploaded plugin, the largest there is, and its wrapping; every other route bounds its bodies far below. */
const largestBodyBytes = 51 * 1024 * 1024;

/** Under a Host that is none, Bun tells a request's path alone. */
const apiAddress = /^(?:https?:\/\/[^/]*)?\/_/;

/** Health and the page over HTTP. A taken port is waited for, so that the bots never depend on it. */
export class WebServer {
  readonly #options: WebServerOptions;
  #server: Bun.Server<Conversation> | undefined;
  #retry: Timer | undefined;

  constructor(options: WebServerOptions) {
    this.#options = options;
  }

  /** The port it listens on; undefined while it waits for a taken one. */
  get port(): number | undefined {
    return this.#server?.port;
  }

  /** Throws RoostError `config-invalid` for an address that other machines reach, unless `allowRemote`. */
  open(): void {
    const { host, port, allowRemote, log } = this.#options;
    if (!allowRemote && !loopbackHosts.includes(host)) {
      throw new RoostError(
        "config-invalid",
        `server.host ${host} can be reached from other machines. Write 127.0.0.1, or say server.allow_remote: true if you mean it.`,
      );
    }
    const error = this.#listen();
    if (error === undefined) return;
    const reason = isAddressInUse(error)
      ? `Port ${port} is taken: see by whom with: ss -ltnp 'sport = :${port}'`
      : `Roost cannot listen on ${host} port ${port}: choose another server.host or server.port`;
    log.warn(`${reason}. The bots run without page and health checks until it is free.`, {}, error);
  }

  async close(): Promise<void> {
    clearTimeout(this.#retry);
    await this.#server?.stop(true);
    this.#server = undefined;
  }

  /** The error, if it could not; then it tries again by itself. */
  #listen(): unknown {
    const { host, port, log, retryMs = 5000 } = this.#options;
    const app = routes(this.#options);
    try {
      this.#server = Bun.serve<Conversation>({
        hostname: host,
        port,
        // Bun shares ports in production mode unless told not to: two hosts would answer by turns.
        reusePort: false,
        fetch: (request, server) => {
          // Streams, and what takes as long as it takes; what comes in is bounded by its route.
          if (apiAddress.test(request.url)) server.timeout(request, longestAnswerSeconds);
          return app.fetch(request, { server });
        },
        websocket: socketHandler,
        idleTimeout: longestIdleSeconds,
        maxRequestBodySize: largestBodyBytes,
        development: false,
      });
      return undefined;
    } catch (error) {
      this.#retry = setTimeout(() => {
        if (this.#listen() === undefined) log.info(`Listening on ${host} port ${port} now.`);
      }, retryMs);
      return error;
    }
  }
}

function isAddressInUse(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "EADDRINUSE";
}
