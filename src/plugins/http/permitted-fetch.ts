import { RoostError } from "../../core/error.ts";
import type { FetchAnswer, FetchRequest } from "../channel/protocol.ts";
import { createHttp, type SendRequest } from "./http.ts";

const maxBytes = 20_000_000;
const maxTimeMs = 60_000;
const withoutBody = [204, 205, 304];

/**
 * The host's way to fetch for a plugin that may reach these hosts only, such as `api.example.org`, `*.example.org` or
 * `example.org:8443`. Their addresses must be public; a proxy and trusted origins are not for a plugin to choose.
 */
export function permittedFetch(
  hosts: readonly string[],
): (request: FetchRequest, signal: AbortSignal) => Promise<FetchAnswer> {
  const http = createHttp();
  return async ({ url, method, headers, body: sent, ...limits }, signal) => {
    const answer = await http.get(url, {
      method,
      headers,
      ...(sent === undefined ? {} : { body: Buffer.from(sent, "base64") }),
      timeoutMs: Math.min(limits.timeoutMs, maxTimeMs),
      maxBytes: Math.min(limits.maxBytes, maxBytes),
      allow: (address) => hosts.some((host) => isAt(address, host)),
      // The plugin's own side follows it, and asks here again.
      redirect: "manual",
      signal,
    });
    const { status, body } = answer;
    return { status, headers: [...answer.headers], body: Buffer.from(body).toString("base64") };
  };
}

/** A plugin with a network of its own, or with none, has nothing to ask the host for. */
export function refusedFetch(): Promise<FetchAnswer> {
  throw new RoostError("bad-request", "The host fetches only for plugins whose permissions name hosts.");
}

/** The plugin's side of it, to make a request with. */
export function requestByHost(ask: (request: FetchRequest) => Promise<FetchAnswer>): SendRequest {
  return async (url, { form, timeoutMs, maxBytes, ...options }, signal) => {
    const sent = form === undefined ? options.body : new URLSearchParams(form).toString();
    const kind = form === undefined ? "text/plain" : "application/x-www-form-urlencoded";
    const headers = new Headers(typeof sent === "string" ? { "Content-Type": `${kind};charset=UTF-8` } : {});
    for (const [name, value] of Object.entries(options.headers ?? {})) headers.set(name, value);
    const given = new Promise<never>((_, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    });
    const asked = ask({
      ask: "fetch",
      url: url.href,
      method: options.method ?? (form === undefined ? "GET" : "POST"),
      headers: Object.fromEntries(headers),
      ...(sent === undefined ? {} : { body: Buffer.from(sent).toString("base64") }),
      ...{ timeoutMs, maxBytes },
    });
    const { status, body, ...answer } = await Promise.race([asked, given]);
    const content = withoutBody.includes(status) ? null : Buffer.from(body, "base64");
    // It crossed unpacked: what it was packed with, and how long that was, says nothing of it any more.
    const told = answer.headers.filter(([name]) => !/^content-(?:encoding|length)$/i.test(name));
    return new Response(content, { status, headers: told.map(([name, value]) => [name, value]) });
  };
}

function isAt(url: URL, host: string): boolean {
  const [name = "", port = ""] = host.toLowerCase().split(":");
  if (url.port !== port) return false;
  return name.startsWith("*.") ? url.hostname.endsWith(name.slice(1)) : url.hostname === name;
}
