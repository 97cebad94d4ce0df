import type { Context } from "hono";
import { HTTPException } from "hono/http-exception";
import { type ErrorCode, RoostError } from "../../core/error.ts";
import { refuse } from "../api.ts";

type RefusalStatus = 400 | 401 | 403 | 404 | 405 | 409 | 412 | 429;

/** A refusal with a status and an `errcode` that maubot's clients know. */
export class MaubotRefusal extends Error {
  readonly status: RefusalStatus;
  readonly errcode: string;
  /** What stands beside `error` and `errcode`. */
  readonly more: Readonly<Record<string, unknown>>;

  constructor(
    status: RefusalStatus,
    errcode: string,
    sentence: string,
    details: { readonly cause?: unknown; readonly more?: Readonly<Record<string, unknown>> } = {},
  ) {
    super(sentence, { cause: details.cause });
    this.status = status;
    this.errcode = errcode;
    this.more = details.more ?? {};
  }
}

type Names = Partial<Record<ErrorCode, readonly [status: RefusalStatus, errcode: string]>>;

/** Takes what `work` answers; its RoostErrors get the status and the name that maubot has for them. */
export async function named<Result>(names: Names, work: () => Result | Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    const name = error instanceof RoostError ? names[error.code] : undefined;
    if (!(error instanceof RoostError) || name === undefined) throw error;
    const more = error.problems.length === 0 ? {} : { problems: error.problems };
    throw new MaubotRefusal(name[0], name[1], error.message, { cause: error, more });
  }
}

export function answerMaubotError(
  context: Context,
  error: unknown,
  cutSecrets: (text: string) => string,
): Response {
  const known = isUnreadable(error) ? new MaubotRefusal(400, "body_not_json", error.message) : error;
  if (!(known instanceof MaubotRefusal)) return refuse(context, error, cutSecrets);
  const { status, errcode, message, more } = known;
  const body = cutSecrets(JSON.stringify({ ...more, error: message, errcode }));
  return context.body(body, status, { "content-type": "application/json" });
}

function isUnreadable(error: unknown): error is RoostError {
  return error instanceof RoostError && error.cause instanceof HTTPException;
}

/** Answers who has no login; whether a token was sent decides what is wrong. */
export function refuseStranger(context: Context, isTokenMissing: boolean): Response {
  return isTokenMissing
    ? context.json(
        {
          error: "Send the token that auth/login answered, as Authorization: Bearer TOKEN.",
          errcode: "auth_token_missing",
        },
        401,
      )
    : context.json(
        { error: "The token is wrong or over. Log in again.", errcode: "auth_token_invalid" },
        401,
      );
}
