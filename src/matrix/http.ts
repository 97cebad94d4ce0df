import { RoostError } from "../core/error.ts";
import type { Secret } from "../core/secret.ts";
import { abortReason, limitTime } from "./abort.ts";
import { largeAnswerBytes, maxAnswerBytes } from "./answer-reader.ts";
import { type AnswerStart, answerTooLong, HomeserverError, unreachable } from "./homeserver-error.ts";
import { PlainHttp } from "./plain-http.ts";

export interface HttpRequest {
  readonly method: "GET" | "PUT" | "POST" | "DELETE";
  /** Begins with `/`, query included, everything in it already encoded. */
  readonly path: string;
  /** Bytes are sent as they are, anything else as JSON. */
  readonly body?: unknown;
  /** Without the access token: where there is none yet, or where a revoked one would be refused though none is needed. */
  readonly anonymous?: boolean;
  /** A file that a successful answer's body is streamed into, and the most it may hold; then the answer is undefined. */
  readonly into?: { readonly file: string; readonly maxBytes: number } | undefined;
  /** Of a body of bytes. */
  readonly contentType?: string | undefined;
  readonly timeoutMs: number;
  /** Any of them ends the request; a RoostError given as the reason is what it then throws, else `cancelled`. */
  readonly signals: readonly AbortSignal[];
}

type Headers = Readonly<Record<string, string>>;

/**
 * One homeserver's client-server API, over connections that are kept alive: our own where it is spoken to without TLS, else those of
 * fetch, which also carries files. Answers the parsed JSON of a 2xx answer; everything else is thrown as a RoostError:
 * HomeserverError for an answer, `homeserver-unreachable` and `network` for none or half of one, `cancelled`.
 */
export class Http {
  readonly #origin: string;
  readonly #plain: PlainHttp | undefined;
  /** Made once for all requests. */
  #headers = headersWith({});
  readonly #anonymousHeaders = headersWith({});

  constructor(origin: string) {
    this.#origin = origin;
    this.#plain = PlainHttp.for(origin);
  }

  /** Every later request that is not anonymous carries this access token. */
  authorize(accessToken: Secret): void {
    this.#headers = headersWith({ authorization: `Bearer ${accessToken.reveal()}` });
  }

  async request(request: HttpRequest): Promise<unknown> {
    const abort = new AbortController();
    const session = this.#headers;
    const gone = request.signals.find((signal) => signal.aborted);
    if (gone !== undefined) abort.abort(gone.reason);
    const follow = (event: Event) =>
      abort.abort(event.target instanceof AbortSignal ? event.target.reason : undefined);
    // Asked first: what watches over it is set up while it is on its way.
    const asked = this.#ask(request, abort.signal);
    const callOff = limitTime(request.timeoutMs, () => abort.abort(timedOut(request.timeoutMs)));
    for (const signal of request.signals) signal.addEventListener("abort", follow);
    try {
      return await asked;
    } catch (error) {
      if (abort.signal.aborted) throw abortReason(abort.signal);
      if (isRevoked(error) && session !== this.#headers) throw superseded(error);
      throw error instanceof RoostError ? error : unreachable(error);
    } finally {
      callOff();
      for (const signal of request.signals) signal.removeEventListener("abort", follow);
    }
  }

  #ask(request: HttpRequest, signal: AbortSignal): Promise<unknown> {
    const { body, into, contentType } = request;
    const { plain, json } = request.anonymous === true ? this.#anonymousHeaders : this.#headers;
    if (body instanceof Uint8Array || body instanceof Blob) {
      const type = contentType ?? "application/octet-stream";
      return this.#fetch(request, { ...plain, "content-type": type }, body, signal);
    }
    const text = body === undefined ? undefined : JSON.stringify(body);
    const headers = body === undefined ? plain : json;
    if (this.#plain === undefined || into !== undefined) return this.#fetch(request, headers, text, signal);
    return this.#exchange(this.#plain, request, headers, text, signal);
  }

  async #exchange(
    plain: PlainHttp,
    { method, path }: HttpRequest,
    headers: Headers,
    body: string | undefined,
    signal: AbortSignal,
  ): Promise<unknown> {
    const { head, text } = await plain.exchange({ method, path, headers, body, signal });
    return parseAnswer(head, text);
  }

  async #fetch(
    { method, path, into }: HttpRequest,
    headers: Headers,
    body: Bun.BodyInit | undefined,
    signal: AbortSignal,
  ): Promise<unknown> {
    // A redirect is never followed: the token would go to whoever it names. Our own clock replaces Bun's of 5 minutes.
    const options = { method, headers, signal, redirect: "manual", timeout: false } as const;
    const response = await fetch(this.#origin + path, body === undefined ? options : { ...options, body });
    if (into !== undefined && response.ok) return await save(response, into);
    return parseAnswer(response, await readText(response));
  }
}

async function save(
  response: Response,
  { file, maxBytes }: { readonly file: string; readonly maxBytes: number },
): Promise<undefined> {
  const writer = Bun.file(file).writer();
  let sizeBytes = 0;
  try {
    for await (const chunk of response.body ?? []) {
      sizeBytes += chunk.byteLength;
      if (sizeBytes > maxBytes) {
        const limit = Math.round(maxBytes / 2 ** 20);
        throw new RoostError("too-large", `The file has more than ${limit} MB, the most that is downloaded.`);
      }
      writer.write(chunk);
      await writer.flush();
    }
  } finally {
    await writer.end();
  }
}

function headersWith(more: Headers) {
  // An answer that is not compressed says how long it is, and costs nothing to unpack.
  const plain = { "accept-encoding": "identity", ...more };
  return { plain, json: { ...plain, "content-type": "application/json" } };
}

async function readText(response: Response): Promise<string> {
  const announced = response.headers.get("content-length");
  if (announced !== null) {
    if (Number(announced) > maxAnswerBytes) throw answerTooLong();
    if (Number(announced) > largeAnswerBytes) Bun.gc(true);
    return await response.text();
  }
  const decoder = new TextDecoder();
  let text = "";
  let size = 0;
  for await (const chunk of response.body ?? []) {
    const wasLarge = size > largeAnswerBytes;
    size += chunk.byteLength;
    if (size > maxAnswerBytes) throw answerTooLong();
    if (!wasLarge && size > largeAnswerBytes) Bun.gc(true);
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

function parseAnswer(response: AnswerStart, text: string): unknown {
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch {
    answer = undefined;
  }
  const isSuccess = response.status >= 200 && response.status < 300;
  if (isSuccess && answer !== undefined) return answer;
  throw new HomeserverError(response, answer, text);
}

function isRevoked(error: unknown): boolean {
  return error instanceof RoostError && error.code === "token-revoked";
}
/** A late answer about the session before: the one there is now is not to be given up for it. */
function superseded(cause: unknown): RoostError {
  return new RoostError("network", "The account was logged in anew in the meantime. Roost tries again.", {
    cause,
  });
}
function timedOut(timeoutMs: number): RoostError {
  const seconds = Math.max(1, Math.round(timeoutMs / 1000));
  return new RoostError(
    "network",
    `The homeserver did not answer within ${seconds} s: see whether it is overloaded or hanging. Roost tries again.`,
  );
}
