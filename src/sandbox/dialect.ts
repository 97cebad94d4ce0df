import type { JsonObject } from "../core/json.ts";

export const dialectNames = ["synapse", "conduwuit", "continuwuity", "tuwunel"] as const;
export type DialectName = (typeof dialectNames)[number];

/** Where real homeservers differ in ways a client can see. Each field is one difference. */
export interface Dialect {
  readonly name: DialectName;
  readonly roomVersion: string;
  /** User names are lower-cased at registration instead of refused. */
  readonly foldsUserNames: boolean;
  /** What it reads of a filter: all of it, `room.timeline.limit` alone, or nothing. */
  readonly filters: "applied" | "limit" | "ignored";
  readonly timelineLimit: number;
  /** How long a sync without `timeout` waits, and the bounds within which every sync waits. */
  readonly defaultTimeoutMs: number;
  readonly shortestWaitMs: number;
  readonly longestWaitMs: number;
  /** An unreadable `since` is an error; otherwise it means an initial sync. */
  readonly refusesBadSince: boolean;
  /** A `since` beyond the end is answered with nothing, at once; otherwise it is taken as now. */
  readonly skipsFutureSince: boolean;
  /** A registration session stays known: repeating its last request logs the same user in again. */
  readonly keepsSessions: boolean;
  /** A room just joined is `limited` even when nothing is missing. */
  readonly joinIsLimited: boolean;
  /** A registration token is used up before the user name is looked at, so that a name clash costs one use. */
  readonly burnsTokenFirst: boolean;
  /** Media can be fetched without a token at its old address too. */
  readonly servesLegacyMedia: boolean;
  readonly maxUploadBytes: number;
  /** Whoever is in the room `#admins` may command the server: messages that begin with `!admin` are carried out. */
  readonly hasAdminRoom: boolean;
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

const mebibyte = 1024 * 1024;
const registrationToken = "m.login.registration_token";
const terms = "m.login.terms";

const synapse: Dialect = {
  name: "synapse",
  roomVersion: "11",
  foldsUserNames: false,
  filters: "applied",
  timelineLimit: 10,
  defaultTimeoutMs: 0,
  shortestWaitMs: 0,
  longestWaitMs: 60_000,
  refusesBadSince: true,
  skipsFutureSince: false,
  keepsSessions: true,
  joinIsLimited: false,
  burnsTokenFirst: false,
  servesLegacyMedia: false,
  maxUploadBytes: 50 * mebibyte,
  hasAdminRoom: false,
  wrongTokenErrcode: "M_UNAUTHORIZED",
  unknownSession: { errcode: "M_UNKNOWN", message: "Unknown session ID" },
  versions: ["r0.6.1", ...versionsUpTo(1, 11)],
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

const oldVersions = ["r0.0.1", "r0.1.0", "r0.2.0", "r0.3.0", "r0.4.0", "r0.5.0", "r0.6.0", "r0.6.1"];
const firstVersions = ["v1.1", "v1.2", "v1.3", "v1.4", "v1.5"];

const conduwuit: Dialect = {
  name: "conduwuit",
  roomVersion: "11",
  foldsUserNames: true,
  filters: "ignored",
  timelineLimit: 10,
  defaultTimeoutMs: 30_000,
  shortestWaitMs: 0,
  longestWaitMs: 30_000,
  refusesBadSince: false,
  skipsFutureSince: true,
  keepsSessions: false,
  joinIsLimited: false,
  burnsTokenFirst: false,
  servesLegacyMedia: true,
  maxUploadBytes: 20 * mebibyte,
  hasAdminRoom: true,
  wrongTokenErrcode: "M_FORBIDDEN",
  unknownSession: { errcode: "M_INVALID_PARAM", message: "Invalid session" },
  versions: [...oldVersions, ...firstVersions, "v1.11"],
  syncToken: (position) => String(position),
  pageToken: (position) => String(position),
  position: (token) => numberIn(/^(-?\d{1,15})$/, token),
  stages: () => [registrationToken],
  noParams: null,
  rateLimit: () => ({ errcode: "M_LIMIT_EXCEEDED", error: "Too many requests" }),
};

const continuwuity: Dialect = {
  ...conduwuit,
  name: "continuwuity",
  roomVersion: "12",
  filters: "limit",
  timelineLimit: 30,
  joinIsLimited: true,
  burnsTokenFirst: true,
  versions: [...oldVersions, ...firstVersions, "v1.8", ...versionsUpTo(11, 18)],
  stages: (hasTerms) => (hasTerms ? [terms, registrationToken] : [registrationToken]),
};

const tuwunel: Dialect = {
  ...conduwuit,
  name: "tuwunel",
  filters: "applied",
  shortestWaitMs: 5_000,
  longestWaitMs: 90_000,
  skipsFutureSince: false,
  servesLegacyMedia: false,
  maxUploadBytes: 24 * mebibyte,
  versions: versionsUpTo(1, 19),
  stages: (hasTerms) => (hasTerms ? [registrationToken, terms] : [registrationToken]),
};

const dialects = { synapse, conduwuit, continuwuity, tuwunel };

export function dialectNamed(name: DialectName): Dialect {
  return dialects[name];
}

function versionsUpTo(first: number, last: number): string[] {
  return Array.from({ length: last - first + 1 }, (_, index) => `v1.${first + index}`);
}

function numberIn(pattern: RegExp, token: string): number | undefined {
  const digits = pattern.exec(token)?.[1];
  return digits === undefined ? undefined : Number(digits);
}
