import { failureClass, RoostError } from "../core/error.ts";

export type RefusalStatus = 400 | 401 | 404 | 409 | 413 | 429 | 500 | 503;

/** The one place that maps an error to HTTP: whose fault it is decides the hundred, its code the rest. */
export function statusOf(error: unknown): RefusalStatus {
  if (!(error instanceof RoostError)) return 500;
  switch (error.code) {
    case "not-found":
      return 404;
    case "bad-request":
    case "usage":
      return 400;
    case "unauthorized":
      return 401;
    case "too-large":
      return 413;
    case "rate-limited":
      return 429;
    default:
      break;
  }
  switch (failureClass(error)) {
    case "permanent":
      return 409;
    case "dependency":
      return 503;
    case "crash":
      return 500;
  }
}
