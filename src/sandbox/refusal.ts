import type { Hono } from "hono";
import { type JsonObject, stringAt } from "../core/json.ts";

/** What the homeserver says no with: an HTTP status and a Matrix error body. Routes throw it. */
export class Refusal extends Error {
  readonly status: number;
  readonly body: JsonObject;

  /** Without an errcode the body is `more` alone, as in the challenge of an authentication session. */
  constructor(status: number, errcode: string | undefined, message: string, more: JsonObject = {}) {
    super(message);
    this.name = "Refusal";
    this.status = status;
    this.body = errcode === undefined ? more : { errcode, error: message, ...more };
  }
  get errcode(): string | undefined {
    return stringAt(this.body, "errcode");
  }
}

export function forbidden(message: string): Refusal {
  return new Refusal(403, "M_FORBIDDEN", message);
}
export function notFound(message: string): Refusal {
  return new Refusal(404, "M_NOT_FOUND", message);
}
export function badRequest(errcode: string, message: string): Refusal {
  return new Refusal(400, errcode, message);
}

/** Lets routes throw refusals, and answers what has no route the way homeservers do. */
export function answerRefusals(routes: Hono): Hono {
  routes.notFound(() =>
    Response.json({ errcode: "M_UNRECOGNIZED", error: "Unrecognized request" }, { status: 404 }),
  );
  return routes.onError((error) => {
    if (error instanceof Refusal) return Response.json(error.body, { status: error.status });
    return Response.json({ errcode: "M_UNKNOWN", error: error.message }, { status: 500 });
  });
}
