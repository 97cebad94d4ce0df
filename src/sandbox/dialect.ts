import type { JsonObject } from "../core/json.ts";

export type DialectName = "synapse" | "conduwuit";

/** Where real homeservers differ in ways a client can see. Each field is one difference. */
export interface Dialect {
  readonly name: DialectName;
  readonly roomVersion: string;
  /** User names are lower-cased at registration instead of refused. */
  readonly foldsUserNames: boolean;
  /** Filters are applied; otherwise only `room.timeline.limit` is read. */
  readonly appliesFilters: boolean;
  readonly timelineLimit: number;
  /** How long a sync without `timeout` waits. */
  readonly defaultTimeoutMs: number;
  /** An unreadable `since` is an error; otherwise it means an initial sync. */
  readonly refusesBadSince: boolean;
  /** A `since` beyond the end is answered with nothing, at once; otherwise it is taken as now. */
  readonly skipsFutureSince: boolean;
  /** A registration session stays known: repeating its last request logs the same user in again. */
  readonly keepsSessions: boolean;
  /** A room just joined is `limited` even when nothing is missing. */
  readonly joinIsLimited: boolean;
  readonly wrongTokenErrcode: string;
  readonly unknownSession: { readonly errcode: string; readonly message: string };
  readonly versions: readonly string[];
  syncToken(position: number): string;
  pageToken(position: number): string;
  /** Reads either kind of token; undefined if it is none of this server's. */
  position(token: string): number | undefined;
  stages(terms: boolean): readonly string[];
  /** The `params` of a registration without parameters. */
  readonly noParams: JsonObject | null;
  rateLimit(retryAfterMs: number | undefined): JsonObject;
}

const registrationToken = "m.login.registration_token";
const terms = "m.login.terms";

const synapse: Dialect = {
  name: "synapse",
  roomVersion: "11",
  foldsUserNames: false,
  appliesFilters: true,
  timelineLimit: 10,
  defaultTimeoutMs: 0,
  refusesBadSince: true,
  skipsFutureSince: false,
  keepsSessions: true,
  joinIsLimited: false,
  wrongTokenErrcode: "M_UNAUTHORIZED",
  unknownSession: { errcode: "M_UNKNOWN", message: "Unknown session ID" },
  versions: [
    "r0.6.1",
    "v1.1",
    "v1.2",
    "v1.3",
    "v1.4",
    "v1.5",
    "v1.6",
    "v1.7",
    "v1.8",
    "v1.9",
    "v1.10",
    "v1.11",
  ],
  syncToken: (position) => `s${position}_0`,
  pageToken: (position) => `t${position}-${position}_0`,
  position: (token) => numberIn(/^[st](-?\d{1,15})[-_]/, token),
  stages: (hasTerms) =>
    hasTerms ? [registrationToken, terms, "m.login.dummy"] : [registrationToken, "m.login.dummy"],
  noParams: {},
  rateLimit: (retryAfterMs) => ({
    errcode: "M_LIMIT_EXCEEDED",
    error: "Too Many Requests",
    ...(retryAfterMs === undefined ? {} : { retry_after_ms: retryAfterMs }),
  }),
};

const conduwuit: Dialect = {
  name: "conduwuit",
  roomVersion: "12",
  foldsUserNames: true,
  appliesFilters: false,
  timelineLimit: 30,
  defaultTimeoutMs: 30_000,
  refusesBadSince: false,
  skipsFutureSince: true,
  keepsSessions: false,
  joinIsLimited: true,
  wrongTokenErrcode: "M_FORBIDDEN",
  unknownSession: { errcode: "M_INVALID_PARAM", message: "Invalid session" },
  versions: ["r0.6.1", "v1.1", "v1.2", "v1.3", "v1.4", "v1.5", "v1.8", "v1.11", "v1.12", "v1.13", "v1.14"],
  syncToken: (position) => String(position),
  pageToken: (position) => String(position),
  position: (token) => numberIn(/^(-?\d{1,15})$/, token),
  stages: (hasTerms) => (hasTerms ? [terms, registrationToken] : [registrationToken]),
  noParams: null,
  rateLimit: () => ({ errcode: "M_LIMIT_EXCEEDED", error: "Too many requests" }),
};

export function dialectNamed(name: DialectName): Dialect {
  return name === "synapse" ? synapse : conduwuit;
}

function numberIn(pattern: RegExp, token: string): number | undefined {
  const digits = pattern.exec(token)?.[1];
  return digits === undefined ? undefined : Number(digits);
}
