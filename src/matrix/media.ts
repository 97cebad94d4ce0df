import { RoostError } from "../core/error.ts";
import { asMxcUri, type MxcUri } from "../core/id.ts";
import { isObject, stringAt } from "../core/json.ts";
import type { MediaSource } from "../core/matrix.ts";
import { HomeserverError } from "./homeserver-error.ts";
import type { HttpRequest } from "./http.ts";

type Ask = (request: Omit<HttpRequest, "signals">, signal: AbortSignal) => Promise<unknown>;

const largestDownloadBytes = 100 * 2 ** 20;
/** The slowest line on which an upload still goes through. */
const slowestBytesPerMs = 50;

/** Puts files into the homeserver's media repository, whose size limit it asks for once. */
export class Media {
  readonly #ask: Ask;
  /** Undefined until it is known; infinite for a homeserver that names none. */
  #maxBytes: number | undefined;

  constructor(ask: Ask) {
    this.#ask = ask;
  }

  /** Throws RoostError `too-large` with both sizes in its sentence, and whatever a request throws. */
  async upload(
    { body, mimetype, filename }: { body: Uint8Array | Blob; mimetype: string; filename: string },
    signal: AbortSignal,
  ): Promise<MxcUri> {
    const sizeBytes = body instanceof Blob ? body.size : body.byteLength;
    const maxBytes = await this.limitBytes(signal);
    if (sizeBytes > maxBytes) throw tooLarge(sizeBytes, maxBytes);
    const request = {
      method: "POST",
      path: `/_matrix/media/v3/upload?filename=${encodeURIComponent(filename.toWellFormed())}`,
      body,
      contentType: /^[\w.+-]+\/[\w.+-]+$/.test(mimetype) ? mimetype : "application/octet-stream",
      timeoutMs: 60_000 + sizeBytes / slowestBytesPerMs,
    } as const;
    try {
      const mxc = asMxcUri(stringAt(await this.#ask(request, signal), "content_uri") ?? "");
      if (mxc !== undefined) return mxc;
    } catch (error) {
      if (!(error instanceof HomeserverError) || error.code !== "too-large") throw error;
      // The limit was lowered since, or a proxy's is lower.
      this.#maxBytes = undefined;
      throw tooLarge(sizeBytes, undefined, error);
    }
    throw new RoostError("network", "The homeserver's answer to an upload was not one. Roost tries again.");
  }

  /** By the address that asks for a session, which newer homeservers have, else by the older one. */
  async download(
    { kind, server, media, query }: MediaSource,
    file: string,
    signal: AbortSignal,
  ): Promise<void> {
    const what = `${kind}/${encodeURIComponent(server)}/${encodeURIComponent(media)}?${new URLSearchParams(query)}`;
    const into = { file, maxBytes: largestDownloadBytes };
    const request = { method: "GET", timeoutMs: 120_000, into } as const;
    try {
      await this.#ask({ ...request, path: `/_matrix/client/v1/media/${what}` }, signal);
    } catch (error) {
      if (!(error instanceof HomeserverError) || error.errcode !== "M_UNRECOGNIZED") throw error;
      await this.#ask({ ...request, path: `/_matrix/media/v3/${what}` }, signal);
    }
  }

  async limitBytes(signal: AbortSignal): Promise<number> {
    this.#maxBytes ??= await this.#readLimit(signal);
    return this.#maxBytes;
  }

  async #readLimit(signal: AbortSignal): Promise<number> {
    for (const path of ["/_matrix/client/v1/media/config", "/_matrix/media/v3/config"]) {
      try {
        const answer = await this.#ask({ method: "GET", path, timeoutMs: 30_000 }, signal);
        const limit = isObject(answer) ? answer["m.upload.size"] : undefined;
        return typeof limit === "number" && limit > 0 ? limit : Number.POSITIVE_INFINITY;
      } catch (error) {
        if (!(error instanceof HomeserverError) || !["not-found", "room-forbidden"].includes(error.code))
          throw error;
      }
    }
    return Number.POSITIVE_INFINITY;
  }
}

function tooLarge(sizeBytes: number, maxBytes: number | undefined, cause?: unknown): RoostError {
  const limit =
    maxBytes === undefined
      ? "what the homeserver, or the proxy before it,"
      : `the ${mebibytes(maxBytes)} that the homeserver`;
  return new RoostError("too-large", `The file has ${mebibytes(sizeBytes)}, more than ${limit} takes.`, {
    cause,
  });
}
function mebibytes(bytes: number): string {
  return bytes < 1024 * 1024 ? `${Math.ceil(bytes / 1024)} KiB` : `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}
