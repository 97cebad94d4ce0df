import { RoostError } from "../../core/error.ts";
import type { FetchOptions, Http } from "../../core/plugin.ts";

const maxRedirects = 5;
const secretHeaders = ["authorization", "cookie", "proxy-authorization"];

/** `bot.fetch`: a request as the Fetch standard makes it, redirects included, through HTTP that has limits and stays out of private networks. */
export async function boundedFetch(
  http: Http,
  address: string,
  options: FetchOptions,
  stop: AbortSignal,
): Promise<Response> {
  const { timeoutMs = 30_000, maxBytes = 10_000_000, trustedOrigins = [], signal = stop } = options;
  const headers = new Headers(options.headers);
  let { method = "GET", body } = options;
  let url = address;
  for (let hop = 0; hop <= maxRedirects; hop++) {
    const answer = await http.get(url, {
      ...{ timeoutMs, maxBytes, trustedOrigins, method, redirect: "manual" },
      ...(body === undefined ? {} : { body }),
      headers: Object.fromEntries(headers),
      allow: () => true,
      signal: AbortSignal.any([signal, stop]),
    });
    const target = targetOf(answer.status, answer.headers, url);
    if (target === undefined) return responseOf(answer);
    if (target.origin !== new URL(url).origin) for (const name of secretHeaders) headers.delete(name);
    if (answer.status < 307 && method !== "GET" && method !== "HEAD") {
      method = "GET";
      body = undefined;
      headers.delete("content-type");
    }
    url = target.href;
  }
  throw new RoostError(
    "bad-request",
    `${new URL(address).hostname} redirected more than ${maxRedirects} times.`,
  );
}

function targetOf(status: number, headers: Headers, from: string): URL | undefined {
  const location = headers.get("location");
  if (location === null || ![301, 302, 303, 307, 308].includes(status)) return undefined;
  return URL.parse(location, from) ?? undefined;
}

function responseOf({ status, headers, body }: Awaited<ReturnType<Http["get"]>>): Response {
  const answered = new Headers(headers);
  // The body is unpacked by now.
  for (const name of ["content-encoding", "content-length", "transfer-encoding"]) answered.delete(name);
  return new Response(body.byteLength === 0 ? null : body.slice(), { status, headers: answered });
}
