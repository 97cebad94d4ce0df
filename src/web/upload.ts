import { randomUUID } from "node:crypto";
import { open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RoostError } from "../core/error.ts";

/** A body written to a file; the file goes with `await using`. */
export interface Upload extends AsyncDisposable {
  readonly file: string;
}

export interface UploadLimits {
  readonly sizeBytes: number;
  readonly timeMs: number;
}

/**
 * Writes a request's body to a temporary file of its own (0600) as it comes, counting its bytes and its time. Throws RoostError
 * `too-large`, or `bad-request` for one that is empty, takes too long or breaks off; nothing is left of it then.
 */
export async function receiveUpload(request: Request, limits: UploadLimits): Promise<Upload> {
  if (Number(request.headers.get("content-length") ?? 0) > limits.sizeBytes) throw tooLarge(limits);
  const file = join(tmpdir(), `roost-upload-${randomUUID()}`);
  const dispose = () => rm(file, { force: true });
  try {
    const sizeBytes = await write(request.body, file, limits);
    if (sizeBytes === 0)
      throw new RoostError("bad-request", "The upload is empty: send the file as the body.");
  } catch (error) {
    await dispose();
    throw error;
  }
  return { file, [Symbol.asyncDispose]: dispose };
}

async function write(body: Request["body"], file: string, limits: UploadLimits): Promise<number> {
  const reader = body?.getReader();
  const handle = await open(file, "wx", 0o600);
  const timer = setTimeout(() => void reader?.cancel().catch(() => {}), limits.timeMs);
  const endsAtMs = performance.now() + limits.timeMs;
  let sizeBytes = 0;
  try {
    for (let part = await reader?.read(); part !== undefined && !part.done; part = await reader?.read()) {
      sizeBytes += part.value.byteLength;
      if (sizeBytes > limits.sizeBytes) throw tooLarge(limits);
      await handle.writeFile(part.value);
    }
    if (performance.now() >= endsAtMs)
      throw new RoostError("bad-request", "The upload took too long. Send it over a faster line.");
    return sizeBytes;
  } catch (error) {
    await reader?.cancel().catch(() => {});
    if (error instanceof RoostError) throw error;
    throw new RoostError("bad-request", "The upload broke off. Send it again.", { cause: error });
  } finally {
    clearTimeout(timer);
    await handle.close();
  }
}

function tooLarge({ sizeBytes }: UploadLimits): RoostError {
  return new RoostError("too-large", `An upload may have at most ${Math.floor(sizeBytes / 1e6)} MB.`);
}

/** What a plugin archive may weigh, and how long it may take to come. */
export const pluginUploadLimits: UploadLimits = { sizeBytes: 50 * 1024 * 1024, timeMs: 10 * 60_000 };
