import { type ErrorCode, RoostError } from "../core/error.ts";
import { isObject, type JsonObject, stringAt } from "../core/json.ts";

/** What Roost ever waits because the homeserver asked it to. */
const maxRetryAfterMs = 5 * 60_000;

/** An answer without its body: a `Response`, or an `AnswerHead`. */
export interface AnswerStart {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
}

/**
 * An answer of the homeserver that is not a success. `body` is the JSON it sent (registration reads its stages from there),
 * empty for anything else, such as a proxy's HTML page.
 */
export class HomeserverError extends RoostError {
  readonly status: number;
  readonly errcode: string;
  readonly body: JsonObject;

  constructor(response: AnswerStart, answer: unknown, text: string) {
    const body = isObject(answer) ? answer : {};
    const errcode = stringAt(body, "errcode") ?? "";
    // A registration's stages come without an errcode.
    const isMatrix = errcode !== "" || Array.isArray(body.flows);
    const [code, sentence] = isMatrix
      ? classifyRefusal(response.status, errcode, stringAt(body, "error") ?? "")
      : classifyForeign(response.status, response.headers.get("location"));
    super(code, sentence, {
      cause: isMatrix ? undefined : new Error(`HTTP ${response.status}: ${printable(text)}`),
      retryAfterMs: retryAfterMs(response.headers, body),
    });
    this.status = response.status;
    this.errcode = errcode;
    this.body = body;
  }
}

/** No connection, or one that broke: the sentence says which. */
export function unreachable(error: unknown): RoostError {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const why = connectionFailures.find(([pattern]) => pattern.test(code))?.[1];
  if (why !== undefined) {
    const sentence = `The homeserver cannot be reached: ${why}. Check homeserver.url, and whether the homeserver runs; Roost tries again.`;
    return new RoostError("homeserver-unreachable", sentence, { cause: error });
  }
  return new RoostError(
    "network",
    "The connection to the homeserver broke before it had answered. Roost tries again.",
    { cause: error },
  );
}

export function answerTooLong(): RoostError {
  return new RoostError(
    "network",
    "The homeserver's answer was larger than 128 MiB and was not read. Roost tries again.",
  );
}

const connectionFailures: readonly (readonly [RegExp, string])[] = [
  [/ECONNREFUSED|ConnectionRefused/, "nothing listens at its address"],
  [/ENOTFOUND|EAI_|DNS/, "its host name is not known"],
  [/ENETUNREACH|EHOSTUNREACH|ETIMEDOUT|FailedToOpenSocket/, "no route leads to its address"],
  [/CERT|SELF_SIGNED|UNABLE_TO/, "its TLS certificate is not trusted or has expired"],
  [/EPROTO|SSL|TLS/, "it does not speak TLS at this port"],
];

/** What somebody else wrote, fit to stand in a sentence: without control characters, and short. */
export function printable(text: string): string {
  const clean = text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, " ").trim();
  return clean.length > 200 ? `${clean.slice(0, 200)}...` : clean;
}

type Classified = readonly [ErrorCode, string];

function classifyRefusal(status: number, errcode: string, said: string): Classified {
  const known = byErrcode[errcode];
  if (known !== undefined) return known;
  const quoted = said === "" ? "" : `: "${printable(said)}"`;
  if (status === 403)
    return [
      "room-forbidden",
      `The homeserver does not allow it${quoted}. See what the account may do there.`,
    ];
  if (status === 404) return ["not-found", `The homeserver does not have it${quoted}.`];
  return (
    byStatus(status) ?? [
      "bad-request",
      `The homeserver refused the request (HTTP ${status} ${printable(errcode)})${quoted}. See its log.`,
    ]
  );
}

/** An answer that does not come from a Matrix homeserver, so most likely from a proxy before it. */
function classifyForeign(status: number, location: string | null): Classified {
  const known = byStatus(status);
  if (known !== undefined) return known;
  if (status >= 300 && status < 400) {
    const target = printable(location ?? "another address");
    return [
      "not-a-homeserver",
      `The homeserver's address leads on to ${target}: write the final address as homeserver.url.`,
    ];
  }
  return [
    "network",
    `Something other than the homeserver answered (HTTP ${status}, not Matrix): see the proxy before it. Roost tries again.`,
  ];
}

function byStatus(status: number): Classified | undefined {
  if (status === 429) return byErrcode.M_LIMIT_EXCEEDED;
  if (status === 413) return byErrcode.M_TOO_LARGE;
  if (status < 500 && status !== 408) return undefined;
  return [
    "homeserver-unreachable",
    `The homeserver is down or in trouble (HTTP ${status}): see its log, and the log of the proxy before it. Roost tries again.`,
  ];
}

/** Source: Matrix spec, client-server API, "Common error codes". */
const byErrcode: Readonly<Record<string, Classified>> = {
  M_UNKNOWN_TOKEN: [
    "token-revoked",
    "The homeserver no longer accepts the account's access token: give the account's password or a new access_token.",
  ],
  M_MISSING_TOKEN: [
    "token-revoked",
    "The homeserver saw no access token: a proxy before it drops the Authorization header.",
  ],
  M_USER_LOCKED: [
    "account-suspended",
    "The homeserver's administrator has locked the account: have it unlocked. Roost then goes on by itself.",
  ],
  M_USER_SUSPENDED: [
    "account-suspended",
    "The homeserver's administrator has suspended the account, which may only read: have that lifted. Roost then goes on by itself.",
  ],
  M_USER_DEACTIVATED: [
    "account-suspended",
    "The account has been deactivated on the homeserver: use another account.",
  ],
  M_LIMIT_EXCEEDED: [
    "homeserver-busy",
    "The homeserver asks for patience (rate limit). Roost waits and tries again.",
  ],
  M_TOO_LARGE: ["too-large", "The homeserver refuses something so large: send less at once."],
};

/** What the header or the body asks for; absent means that Roost's own delays hold. */
function retryAfterMs(headers: AnswerStart["headers"], body: JsonObject): number | undefined {
  const header = headers.get("retry-after");
  let askedMs = typeof body.retry_after_ms === "number" ? body.retry_after_ms : Number.NaN;
  if (header !== null) {
    askedMs = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  }
  return Number.isFinite(askedMs) ? Math.min(Math.max(askedMs, 0), maxRetryAfterMs) : undefined;
}
