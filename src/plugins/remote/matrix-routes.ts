import { asRoomAlias, asRoomId, type RoomId, type UserId } from "../../core/id.ts";
import { isObject, stringAt } from "../../core/json.ts";
import { includesRoom, type RoomScope } from "../../core/room-rule.ts";

/** One call of the client-server API, as a plugin's library makes it. */
export interface MatrixCall {
  readonly method: string;
  /** From `/_matrix/` on, encoded, without query. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** What a call is, once it is allowed. */
export type MatrixRoute =
  /** To be sent once, whatever happens. */
  | { readonly kind: "send"; readonly roomId: RoomId; readonly type: string }
  | { readonly kind: "redact"; readonly roomId: RoomId; readonly eventId: string }
  /** Whose answer lists every room of the account. */
  | { readonly kind: "joined-rooms" }
  | { readonly kind: "other" };

export interface MatrixRights {
  readonly userId: UserId;
  readonly rooms: RoomScope;
}

/** Why a call is not made, as the end of a sentence. */
export type MatrixVerdict = { readonly route: MatrixRoute } | { readonly refusal: string };

/** Room methods besides `send`, `redact` and `state`; each with what may follow the room and with which HTTP method. */
const inRoom: ReadonlyMap<string, string> = new Map([
  ["event", "GET"],
  ["events", "GET"],
  ["context", "GET"],
  ["messages", "GET"],
  ["members", "GET"],
  ["joined_members", "GET"],
  ["aliases", "GET"],
  ["relations", "GET"],
  ["threads", "GET"],
  ["hierarchy", "GET"],
  ["timestamp_to_event", "GET"],
  ["receipt", "POST"],
  ["read_markers", "POST"],
  ["typing", "PUT"],
  ["invite", "POST"],
  ["kick", "POST"],
  ["ban", "POST"],
  ["unban", "POST"],
  ["leave", "POST"],
  ["forget", "POST"],
  ["join", "POST"],
  ["upgrade", "POST"],
  ["report", "POST"],
]);

const other: MatrixVerdict = { route: { kind: "other" } };
/** What a plugin may ask that is about no room, by method and path below `/_matrix/client/VERSION`. */
const anywhere = [
  "GET versions",
  "GET capabilities",
  "GET account/whoami",
  "GET profile",
  "GET publicRooms",
  "POST publicRooms",
  "POST user_directory/search",
  "GET directory/room",
  "GET media/config",
  "GET media/preview_url",
] as const;
const unencoded = /^\/_matrix\/[\w\-.~!$&'()*+,;=:@%/]*$/;

/**
 * Decides whether a plugin may make a call with its account: what concerns a room only for its own rooms, and nothing that concerns
 * the account itself, its sessions and keys, or the homeserver.
 */
export function judgeCall({ method, path, body }: MatrixCall, rights: MatrixRights): MatrixVerdict {
  const segments = segmentsOf(path);
  if (segments === undefined) return { refusal: "its path is not one" };
  const [area, version, ...rest] = segments;
  if (area === "media") return judge(method, ["media", ...rest], body, rights);
  if (area !== "client") return { refusal: "plugins use the client-server API only" };
  const isVersionless = version === "versions";
  return judge(method, isVersionless ? ["versions"] : rest, body, rights);
}

function judge(
  method: string,
  segments: readonly string[],
  body: unknown,
  rights: MatrixRights,
): MatrixVerdict {
  const [first = "", second = "", third = "", fourth = ""] = segments;
  switch (first) {
    case "rooms":
      return judgeRoom(method, segments, rights);
    case "join":
      return isOpen(second, rights) && method === "POST" ? other : own(second, rights, method === "POST");
    case "joined_rooms":
      return method === "GET" ? { route: { kind: "joined-rooms" } } : refused(method, segments);
    case "createRoom":
      if ("except" in rights.rooms && method === "POST") return other;
      return {
        refusal:
          "an instance works in the rooms that its config lists: make the room and list it, or say rooms: any",
      };
    case "directory":
      if (second === "list" && third === "room") return own(fourth, rights, true);
      if (second === "room" && method === "PUT") return own(stringAt(body, "room_id") ?? "", rights, true);
      break;
    case "user":
      if (second !== rights.userId) return { refusal: "it is another user's" };
      if (third === "rooms") return own(fourth, rights, true);
      if (third === "account_data") return judgeAccountData(method, fourth);
      break;
    case "presence":
      if (method === "GET") return other;
      break;
  }
  const asked = `${method} ${segments.join("/")}`;
  return anywhere.some((each) => asked === each || asked.startsWith(`${each}/`))
    ? other
    : refused(method, segments);
}

function judgeRoom(method: string, segments: readonly string[], rights: MatrixRights): MatrixVerdict {
  const [, room = "", action = "", third = ""] = segments;
  const inOwn = own(room, rights, true);
  const roomId = asRoomId(room);
  if ("refusal" in inOwn || roomId === undefined) return inOwn;
  if (action === "send" && method === "PUT") return { route: { kind: "send", roomId, type: third } };
  if (action === "redact" && method === "PUT") return { route: { kind: "redact", roomId, eventId: third } };
  if (action === "state" && (method === "GET" || method === "PUT")) return other;
  return inRoom.get(action) === method ? other : refused(method, segments);
}

/** Whether it may enter a room that it is not in yet, by id or alias. */
function isOpen(room: string, { rooms }: MatrixRights): boolean {
  const reference = asRoomId(room) ?? asRoomAlias(room);
  return reference !== undefined && "except" in rooms && !rooms.except.has(reference);
}

/** What names no room is the homeserver's to refuse, for a bot that works in any: its plugin gets the answer it knows. */
function isNoRoom(room: string, { rooms }: MatrixRights): boolean {
  return "except" in rooms && room !== "" && !/^[!#]/.test(room);
}

function own(room: string, rights: MatrixRights, isAllowed: boolean): MatrixVerdict {
  const roomId = asRoomId(room);
  const isOwn = roomId === undefined ? isNoRoom(room, rights) : includesRoom(rights.rooms, roomId);
  if (!isOwn) return { refusal: `${room.slice(0, 255)} is none of this instance's rooms` };
  return isAllowed ? other : { refusal: "it is no call that plugins may make" };
}

/** Its own data under names of its own; what clients keep there may be read, but for secrets. */
function judgeAccountData(method: string, type: string): MatrixVerdict {
  if (/^m\.(?:secret_storage|cross_signing|megolm_backup)/.test(type)) return { refusal: "it holds secrets" };
  if (method === "GET" || (method === "PUT" && !type.startsWith("m."))) return other;
  return { refusal: "account data whose name begins with m. belongs to the account's clients" };
}

function refused(method: string, segments: readonly string[]): MatrixVerdict {
  return { refusal: `plugins may not call ${method} ${(segments[0] ?? "").slice(0, 60)} with their account` };
}

/** Decoded; undefined for a path that could mean something else to the homeserver than to us. */
function segmentsOf(path: string): readonly string[] | undefined {
  if (!unencoded.test(path)) return undefined;
  try {
    const segments = path.slice("/_matrix/".length).split("/").map(decodeURIComponent);
    return segments.some((each) => each === "." || each === "..") ? undefined : segments;
  } catch {
    return undefined;
  }
}

/** The rooms of an answer to `joined_rooms` that are the instance's. */
export function ownRooms(answer: unknown, rooms: RoomScope): RoomId[] {
  const listed: unknown[] = isObject(answer) && Array.isArray(answer.joined_rooms) ? answer.joined_rooms : [];
  return listed.flatMap((each) => {
    const roomId = typeof each === "string" ? asRoomId(each) : undefined;
    return roomId !== undefined && includesRoom(rooms, roomId) ? [roomId] : [];
  });
}
