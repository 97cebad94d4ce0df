import { type Hook, OpenAPIHono, z } from "@hono/zod-openapi";
import type { Context, MiddlewareHandler } from "hono";
import { RoostError, sentenceOf } from "../core/error.ts";
import type { HostLogger } from "../core/log.ts";
import type { Management } from "../core/management.ts";
import type { RecordSource } from "../core/record.ts";
import type { HostControl } from "../core/status.ts";
import type { SignedIn } from "./access.ts";
import type { Login } from "./login.ts";
import { statusOf } from "./refusal.ts";
import type { Sessions } from "./sessions.ts";

/** All that the two APIs are made of. */
export interface ApiOptions {
  readonly version: string;
  readonly control: HostControl;
  readonly management: Management;
  readonly records: RecordSource;
  readonly login: Login;
  readonly sessions: Sessions;
  readonly log: HostLogger;
  /** Cuts secrets out of an answer by value. */
  readonly cutSecrets: (text: string) => string;
}

export type Api = OpenAPIHono<SignedIn>;

/** Nothing but an uploaded plugin is larger. */
const largestBodyBytes = 256 * 1024;
const longestBodyMs = 30_000;

/** How a refusal looks in both APIs: maubot's shape, with Roost's code where maubot has none. */
export const refusalSchema = z
  .object({
    error: z.string().describe("A sentence that says what to do."),
    errcode: z.string().describe("The same for machines."),
  })
  .openapi("Refusal");

/** An API of its own: bodies are bounded, input is checked against its schema, and every error is answered with a sentence. */
export function createApi({ log, cutSecrets }: Pick<ApiOptions, "log" | "cutSecrets">): Api {
  const api: Api = new OpenAPIHono<SignedIn>({ defaultHook: refuseInput });
  api.onError((error, context) => {
    if (!(error instanceof RoostError) || statusOf(error) === 500)
      log.error("A request to the API failed.", { path: context.req.path }, error);
    return refuse(context, error, cutSecrets);
  });
  return api;
}

export function refuse(context: Context, error: unknown, cutSecrets: (text: string) => string): Response {
  const isOurs = error instanceof RoostError;
  const retryAfterMs = isOurs ? error.retryAfterMs : undefined;
  if (retryAfterMs !== undefined) context.header("retry-after", String(Math.ceil(retryAfterMs / 1000)));
  const sentence = isOurs ? sentenceOf(error) : "Something went wrong inside Roost; its log says what.";
  return context.json(
    { error: cutSecrets(sentence), errcode: isOurs ? error.code : "internal" },
    statusOf(error),
  );
}

/** Takes a request's body in, bounded in size and in the time it may take to come; what receives uploads bounds them itself. */
export function boundedBody(isUpload: (context: Context) => boolean): MiddlewareHandler {
  return async (context, next) => {
    const { raw } = context.req;
    if (raw.body !== null && !isUpload(context)) {
      const body = await readWithin(raw.body, largestBodyBytes, longestBodyMs);
      context.req.raw = new Request(raw.url, { method: raw.method, headers: raw.headers, body });
    }
    return next();
  };
}

async function readWithin(
  stream: ReadableStream<Uint8Array>,
  sizeBytes: number,
  timeMs: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const reader = stream.getReader();
  const late = new AbortController();
  const timer = setTimeout(() => {
    late.abort();
    void reader.cancel().catch(() => {});
  }, timeMs);
  const parts: Uint8Array[] = [];
  let readBytes = 0;
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      readBytes += part.value.length;
      if (readBytes > sizeBytes)
        throw new RoostError("too-large", `A request here may have at most ${sizeBytes / 1024} kB.`);
      parts.push(part.value);
    }
  } finally {
    clearTimeout(timer);
  }
  if (late.signal.aborted) throw new RoostError("bad-request", "The request took too long to come.");
  return new Uint8Array(Buffer.concat(parts));
}

const refuseInput: Hook<unknown, SignedIn, string, unknown> = (result) => {
  if (result.success) return;
  const [issue] = result.error.issues;
  const path = issue?.path.join(".") ?? "";
  throw new RoostError(
    "bad-request",
    `${path === "" ? "The request" : path}: ${issue?.message ?? "is wrong"}.`,
  );
};
