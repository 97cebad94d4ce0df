import { LogService, MatrixClient } from "matrix-bot-sdk";
import type { UserId } from "../core/id.ts";
import type { Http } from "./http.ts";

/**
 * The SDK's client with our HTTP under it: its methods give us the API calls, its sync loop is never started. Every call
 * ends with `signal`, and fails with a RoostError as described at `Http`.
 */
export class Client extends MatrixClient {
  readonly #http: Http;
  readonly #signals: readonly AbortSignal[];
  readonly #self: UserId;

  constructor(homeserverUrl: string, http: Http, self: UserId, signal: AbortSignal) {
    super(homeserverUrl, "");
    this.#http = http;
    this.#signals = [signal];
    this.#self = self;
  }

  /** The SDK would ask the homeserver first. */
  override async getUserId(): Promise<string> {
    return this.#self;
  }

  override doRequest(
    method: "GET" | "PUT" | "POST" | "DELETE",
    endpoint: string,
    query?: Readonly<Record<string, unknown>> | null,
    body?: unknown,
    timeoutMs = 60_000,
  ): Promise<unknown> {
    const path = query ? `${endpoint}?${encodeQuery(query)}` : endpoint;
    return this.#http.request({ method, path, body: body ?? undefined, timeoutMs, signals: this.#signals });
  }
}

/** The SDK logs through one static object, to the console, requests included; what matters we log ourselves. */
export function muteSdkLog(): void {
  const ignore = () => {};
  LogService.setLogger({ trace: ignore, debug: ignore, info: ignore, warn: ignore, error: ignore });
}

function encodeQuery(query: Readonly<Record<string, unknown>>): string {
  const encoded = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    for (const each of Array.isArray(value) ? value : [value]) encoded.append(key, String(each));
  }
  return encoded.toString();
}
