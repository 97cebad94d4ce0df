import type { Context } from "hono";
import { isObject, type JsonObject } from "../core/json.ts";
import type { Dialect } from "./dialect.ts";
import type { Faults } from "./faults.ts";
import type { Media } from "./media.ts";
import type { Memberships } from "./memberships.ts";
import { badRequest, forbidden } from "./refusal.ts";
import type { Registration } from "./registration.ts";
import type { Room } from "./room.ts";
import type { Viewer } from "./room-event.ts";
import type { Rooms } from "./rooms.ts";
import type { Sync } from "./sync.ts";
import type { Session, User, Users } from "./users.ts";

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
/** Who asks, and the room of the path. Whether they may is for the caller to find out. */
export function seatOf({ users, rooms }: Parts, context: Context): Seat {
  const session = users.session(context.req.raw);
  const viewer = { userId: session.user.userId, deviceId: session.device.deviceId };
  return { session, viewer, room: rooms.get(param(context, "room")) };
}
/** The room of the path, which the caller must be in. */
export function ownRoom(parts: Parts, context: Context): Room {
  const { room, viewer } = seatOf(parts, context);
  room.requireJoined(viewer.userId);
  return room;
}
export interface Seat {
  readonly session: Session;
  readonly viewer: Viewer;
  readonly room: Room;
}

/** The user named in the path, who must be the one asking. */
export function selfOf({ users }: Parts, context: Context): User {
  const { user } = users.session(context.req.raw);
  if (user.userId !== param(context, "user")) throw forbidden("This belongs to another user");
  return user;
}

/** A part of the path. Routes name theirs, so it is always there. */
export function param(context: Context, name: string): string {
  return context.req.param(name) ?? "";
}
