import { type Hook, OpenAPIHono, z } from "@hono/zod-openapi";
import type { Context, MiddlewareHandler } from "hono";
import { HTTPException } from "hono/http-exception";
import { RoostError, sentenceOf } from "../core/error.ts";
import type { HostLogger } from "../core/log.ts";
import type { Management } from "../core/management.ts";
import type { RecordSource } from "../core/record.ts";
import type { HostControl } from "../core/status.ts";
import { type SignedIn, sameOriginOnly } from "./access.ts";
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
  /** How long a reader of events or of the log may take nothing before it is cut off. */
  readonly slowestReadMs?: number;
}

export const defaultSlowestReadMs = 60_000;

export type Api = OpenAPIHono<SignedIn>;

/** Nothing but an uploaded plugin is larger. */
const largestBodyBytes = 256 * 1024;
const longestBodyMs = 30_000;

/** How a refusal looks in both APIs: maubot's shape, with Roost's code where maubot has none. */
export const refusalSchema = z
  .looseObject({
    error: z.string().describe("A sentence that says what to do."),
    errcode: z.string().describe("The same for machines."),
    problems: z.array(z.unknown()).optional().describe("What is wrong in a text, each with its line."),
    difference: z.string().optional().describe("What somebody else changed meanwhile."),
  })
  .openapi("Refusal");

/** How an API answers what was thrown. */
export type AnswerError = (context: Context, error: unknown) => Response;

/** An API of its own, for the page and programs: input is checked against its schema, every error answered with a sentence. */
export function createApi(
  { log, cutSecrets }: Pick<ApiOptions, "log" | "cutSecrets">,
  answerError: AnswerError = (context, error) => refuse(context, error, cutSecrets),
): Api {
  const api: Api = new OpenAPIHono<SignedIn>({ defaultHook: refuseInput });
  api.onError((thrown, context) => {
    const error = thrown instanceof HTTPException ? notReadable(thrown) : thrown;
    const answer = answerError(context, error);
    if (answer.status === 500) log.error("A request to the API failed.", { path: context.req.path }, error);
    return answer;
  });
  const stranger = new RoostError("bad-request", "Only Roost's own page and programs may ask this.");
  api.use(sameOriginOnly((context) => refuse(context, stranger, cutSecrets)));
  return api;
}

const restSentences = { 404: "There is nothing here.", 405: "This path has other methods." };

/** Once all routes are there: other methods of theirs are 405, and everything else is 404, each with its `errcode`. */
export function closeApi(api: Api, errcodes: { readonly 404: string; readonly 405: string }): void {
  const answerRest = (context: Context, status: 404 | 405) =>
    context.json({ error: restSentences[status], errcode: errcodes[status] }, status);
  const paths = new Set(api.routes.filter(({ method }) => method !== "ALL").map(({ path }) => path));
  for (const path of paths) api.all(path, (context) => answerRest(context, 405));
  api.all("*", (context) => answerRest(context, 404));
}

function notReadable(error: HTTPException): unknown {
  if (error.status >= 500) return error;
  return new RoostError("bad-request", "The body of the request is no JSON.", { cause: error });
}

export function refuse(context: Context, error: unknown, cutSecrets: (text: string) => string): Response {
  const retryAfterMs = error instanceof RoostError ? error.retryAfterMs : undefined;
  if (retryAfterMs !== undefined) context.header("retry-after", String(Math.ceil(retryAfterMs / 1000)));
  const body = cutSecrets(JSON.stringify(refusalOf(error)));
  return context.body(body, statusOf(error), { "content-type": "application/json" });
}

/** An error as both APIs tell it; what is not meant for people stays in the log. */
export function refusalOf(error: unknown) {
  if (!(error instanceof RoostError))
    return { error: "Something went wrong inside Roost; its log says what.", errcode: "internal" };
  const { code, problems, difference } = error;
  return {
    error: sentenceOf(error),
    errcode: code,
    ...(problems.length === 0 ? {} : { problems }),
    difference,
  };
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
