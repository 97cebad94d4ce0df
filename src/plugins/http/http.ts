import { rmSync } from "node:fs";
import { RoostError, sentenceOf } from "../../core/error.ts";
import type { Http, HttpAnswer, HttpOptions } from "../../core/plugin.ts";

const maxRedirects = 5;

/** With the first request only: `node:net` behind it would cost the worker of every bot a megabyte. */
const loadAddresses = () => import("./address.ts");

/**
 * The only way out for a bot that fetches what a room pointed at. Each hop is checked by the caller's rule and its name resolved
 * here once; the connection goes to the very address that was checked, so that a name cannot change its mind in between.
 */
export function createHttp(send: SendRequest = request): Http {
  return {
    get: (address, options) =>
      exchange(send, address, options, (response) => readBounded(response, options.maxBytes)),
    save: async (address, path, options) => {
      const { body: sizeBytes, ...answer } = await exchange(send, address, options, (response) =>
        writeBounded(response, path, options.maxBytes),
      );
      return { ...answer, sizeBytes };
    },
  };
}

/** Makes one request and follows no redirect. */
export type SendRequest = (url: URL, options: HttpOptions, signal: AbortSignal) => Promise<Response>;

async function exchange<Body>(
  send: SendRequest,
  address: string,
  options: HttpOptions,
  take: (response: Response) => Promise<Body>,
): Promise<Omit<HttpAnswer, "body"> & { readonly body: Body }> {
  const signal = AbortSignal.any([options.signal, AbortSignal.timeout(options.timeoutMs)]);
  let url = parse(address);
  try {
    for (let hop = 0; hop <= maxRedirects; hop++) {
      if (!options.allow(url))
        throw refuse(`${url.hostname} is not one of the places this bot may fetch from.`);
      const response = await send(url, options, signal);
      const next = options.redirect === "manual" ? undefined : redirectTarget(response, url);
      if (next === undefined) {
        const body = await take(response);
        return { status: response.status, url: url.href, headers: response.headers, body };
      }
      await response.body?.cancel();
      url = next;
    }
    throw refuse(`${url.hostname} redirected more than ${maxRedirects} times.`);
  } catch (error) {
    if (error instanceof RoostError) throw error;
    if (options.signal.aborted)
      throw new RoostError("cancelled", "The request was given up.", { cause: error });
    const reason = signal.aborted
      ? `no answer within ${Math.ceil(options.timeoutMs / 1000)} s`
      : sentenceOf(error);
    throw new RoostError("network", `${url.hostname} could not be reached: ${reason}.`, { cause: error });
  }
}

function parse(address: string): URL {
  const url = URL.parse(address);
  if (url === null) throw refuse("The address is not a URL.");
  return url;
}

function refuse(sentence: string): RoostError {
  return new RoostError("bad-request", sentence);
}

async function request(url: URL, options: HttpOptions, signal: AbortSignal): Promise<Response> {
  if (url.protocol !== "https:" && url.protocol !== "http:") throw refuse("Only http and https are fetched.");
  if (url.username !== "" || url.password !== "")
    throw refuse("An address with a password in it is not fetched.");
  const body = options.form === undefined ? options.body : new URLSearchParams(options.form);
  const method = options.method ?? (options.form === undefined ? "GET" : "POST");
  const sent = body === undefined ? {} : { body };
  const init = { method, redirect: "manual", signal, decompress: true, ...sent } as const;
  if (options.trustedOrigins?.includes(url.origin)) {
    return fetch(url, {
      ...init,
      headers: { ...options.headers },
      ...(options.proxy ? { proxy: options.proxy } : {}),
    });
  }
  const { familyOf, isPublicAddress } = await loadAddresses();
  if (options.proxy !== undefined) {
    const literal = url.hostname.replace(/^\[|\]$/g, "");
    if (familyOf(literal) !== 0 && !isPublicAddress(literal))
      throw refuse(`${url.hostname} is a private address.`);
    return fetch(url, { ...init, headers: { ...options.headers }, proxy: options.proxy });
  }
  const pinned = new URL(url);
  const resolved = await resolvePublic(url.hostname.replace(/^\[|\]$/g, ""));
  pinned.hostname = familyOf(resolved) === 6 ? `[${resolved}]` : resolved;
  return fetch(pinned, {
    ...init,
    headers: { ...options.headers, Host: url.host },
    tls: { serverName: url.hostname },
  });
}

async function resolvePublic(hostname: string): Promise<string> {
  const { familyOf, isPublicAddress } = await loadAddresses();
  const found = familyOf(hostname) === 0 ? await Bun.dns.lookup(hostname) : [{ address: hostname }];
  const inside = found.find(({ address }) => !isPublicAddress(address));
  if (inside !== undefined || found[0] === undefined) throw refuse(`${hostname} leads to a private address.`);
  return found[0].address;
}

function redirectTarget(response: Response, from: URL): URL | undefined {
  const location = response.headers.get("location");
  if (location === null || ![301, 302, 303, 307, 308].includes(response.status)) return undefined;
  return URL.parse(location, from.href) ?? undefined;
}

async function readBounded(response: Response, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of boundedChunks(response, maxBytes)) chunks.push(chunk);
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
}

async function writeBounded(response: Response, path: string, maxBytes: number): Promise<number> {
  const writer = Bun.file(path).writer();
  let sizeBytes = 0;
  try {
    for await (const chunk of boundedChunks(response, maxBytes)) {
      sizeBytes += chunk.byteLength;
      writer.write(chunk);
      await writer.flush();
    }
    await writer.end();
    return sizeBytes;
  } catch (error) {
    await writer.end();
    rmSync(path, { force: true });
    throw error;
  }
}

async function* boundedChunks(response: Response, maxBytes: number): AsyncGenerator<Uint8Array> {
  const tooLarge = () =>
    new RoostError(
      "too-large",
      `The answer is larger than the ${Math.floor(maxBytes / 1e6)} MB that are allowed for it.`,
    );
  if (Number(response.headers.get("content-length") ?? 0) > maxBytes) {
    await response.body?.cancel();
    throw tooLarge();
  }
  let sizeBytes = 0;
  for await (const chunk of response.body ?? []) {
    sizeBytes += chunk.byteLength;
    if (sizeBytes > maxBytes) throw tooLarge();
    yield chunk;
  }
}
