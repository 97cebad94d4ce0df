import { failureClass, RoostError } from "../core/error.ts";
import { asRoomAlias, asRoomId, type RoomId, type UserId } from "../core/id.ts";
import { isObject, type Json, objectAt, stringAt } from "../core/json.ts";
import type { RoomView } from "../core/management.ts";
import type { RoomReference } from "../core/matrix.ts";
import { adviceOutside, unreadable } from "./standing.ts";

export interface RoomLook {
  readonly self: UserId;
  /** Asks the homeserver as the account; throws RoostErrors. */
  readonly get: (path: string) => Promise<unknown>;
}

const base = "/_matrix/client/v3";
const unknownRoom = { name: undefined, alias: undefined, mayPost: false, encrypted: false } as const;

/** A room as the account sees it at this moment. What the homeserver does not tell is left out; rejects when it is away. */
export async function viewRoom(reference: RoomReference, look: RoomLook): Promise<RoomView> {
  const roomId = asRoomId(reference) ?? (await resolve(reference, look));
  const alias = asRoomAlias(reference);
  if (roomId === undefined)
    return describe({ ...unknownRoom, reference, roomId, membership: "unresolved" }, look);
  const member = await state(roomId, `m.room.member/${encodeURIComponent(look.self)}`, look);
  const membership = stringAt(member, "membership");
  if (membership === "join") return describe(await viewJoined(reference, roomId, look), look);
  if (membership === "ban")
    return describe({ ...unknownRoom, reference, roomId, alias, membership: "banned" }, look);
  return describe(await viewFromOutside(reference, roomId, look), look);
}

async function resolve(alias: string, { get }: RoomLook): Promise<RoomId | undefined> {
  const answer = await unlessRefused(get(`${base}/directory/room/${encodeURIComponent(alias)}`));
  return asRoomId(stringAt(answer, "room_id") ?? "");
}

async function viewJoined(reference: RoomReference, roomId: RoomId, look: RoomLook): Promise<Unadvised> {
  const [name, canonical, encryption, levels] = await Promise.all(
    ["m.room.name", "m.room.canonical_alias", "m.room.encryption", "m.room.power_levels"].map((type) =>
      state(roomId, type, look),
    ),
  );
  return {
    reference,
    roomId,
    name: stringAt(name, "name"),
    alias: asRoomAlias(stringAt(canonical, "alias") ?? "") ?? asRoomAlias(reference),
    membership: "joined",
    encrypted: encryption !== undefined,
    mayPost: await mayPost(roomId, levels, look),
  };
}

/** From the room's summary, where the homeserver has such a thing (Matrix 1.15). */
async function viewFromOutside(reference: RoomReference, roomId: RoomId, look: RoomLook): Promise<Unadvised> {
  const summary = await unlessRefused(
    look.get(`/_matrix/client/v1/room_summary/${encodeURIComponent(reference)}`),
  );
  const isOpen = stringAt(summary, "join_rule") === "public";
  return {
    ...unknownRoom,
    reference,
    roomId,
    name: stringAt(summary, "name"),
    alias: asRoomAlias(stringAt(summary, "canonical_alias") ?? "") ?? asRoomAlias(reference),
    membership: isOpen ? "joinable" : "invite-needed",
    encrypted: stringAt(summary, "encryption") !== undefined,
  };
}

async function mayPost(roomId: RoomId, levels: unknown, look: RoomLook): Promise<boolean> {
  const needed =
    levelAt(objectAt(levels, "events")?.["m.room.message"]) ?? levelAt(field(levels, "events_default")) ?? 0;
  const own = levelAt(objectAt(levels, "users")?.[look.self]) ?? levelAt(field(levels, "users_default")) ?? 0;
  if (own >= needed) return true;
  // From room version 12 on, who made the room stands above all levels.
  const creation = await unlessRefused(look.get(`${statePath(roomId, "m.room.create")}?format=event`));
  const version = Number(stringAt(objectAt(creation, "content"), "room_version"));
  return version >= 12 && stringAt(creation, "sender") === look.self;
}

function field(value: unknown, key: string): Json | undefined {
  return isObject(value) ? value[key] : undefined;
}

/** Old rooms write levels as text. */
function levelAt(value: Json | undefined): number | undefined {
  const level = typeof value === "string" ? Number.parseInt(value, 10) : value;
  return typeof level === "number" && Number.isFinite(level) ? level : undefined;
}

/** The content of a state event; undefined if there is none or it is not shown to the account. */
function state(roomId: RoomId, type: string, { get }: RoomLook): Promise<unknown> {
  return unlessRefused(get(statePath(roomId, type)));
}

function statePath(roomId: RoomId, type: string): string {
  return `${base}/rooms/${encodeURIComponent(roomId)}/state/${type}`;
}

async function unlessRefused(asked: Promise<unknown>): Promise<unknown> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof RoostError && failureClass(error) === "permanent" && error.code !== "token-revoked")
      return undefined;
    throw error;
  }
}

type Unadvised = Omit<RoomView, "advice">;

function describe(view: Unadvised, { self }: RoomLook): RoomView {
  return { ...view, advice: adviceOf(view, self) };
}

function adviceOf(
  { membership, reference, encrypted, mayPost }: Unadvised,
  self: UserId,
): string | undefined {
  if (membership !== "joined" && membership !== "joinable") return adviceOutside(membership, reference, self);
  if (encrypted) return unreadable(reference);
  if (membership === "joinable" || mayPost) return undefined;
  return `${self} may not post in ${reference}: give it the power level that messages need there.`;
}
