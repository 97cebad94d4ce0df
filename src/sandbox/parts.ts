import type { Context } from "hono";
import { isObject, type JsonObject } from "../core/json.ts";
import type { Dialect } from "./dialect.ts";
import type { Faults } from "./faults.ts";
import type { Media } from "./media.ts";
import type { Memberships } from "./memberships.ts";
import { badRequest } from "./refusal.ts";
import type { Registration } from "./registration.ts";
import type { Rooms } from "./rooms.ts";
import type { Sync } from "./sync.ts";
import type { Users } from "./users.ts";

/** What the routes act on. */
export interface Parts {
  readonly serverName: string;
  readonly dialect: Dialect;
  readonly users: Users;
  readonly rooms: Rooms;
  readonly members: Memberships;
  readonly registration: Registration;
  readonly sync: Sync;
  readonly media: Media;
  readonly faults: Faults;
  /** Aborted when the server closes; replaced when it opens again. */
  closing(): AbortSignal;
}

/** The request's body, which must be a JSON object; nothing at all counts as an empty one. */
export async function jsonBody(context: Context): Promise<JsonObject> {
  const text = await context.req.text();
  if (text === "") return {};
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw badRequest("M_NOT_JSON", "Content not JSON.");
  }
  if (!isObject(value)) throw badRequest("M_BAD_JSON", "Content must be a JSON object.");
  return value;
}
/** A part of the path. Routes name theirs, so it is always there. */
export function param(context: Context, name: string): string {
  return context.req.param(name) ?? "";
}
