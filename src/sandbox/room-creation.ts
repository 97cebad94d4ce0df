import { asUserId, type UserId } from "../core/id.ts";
import { isObject, type JsonObject, objectAt, stringAt } from "../core/json.ts";
import type { Memberships } from "./memberships.ts";
import { roomAliasOf } from "./mint.ts";
import { badRequest } from "./refusal.ts";
import type { Room } from "./room.ts";
import type { Rooms } from "./rooms.ts";

/** Makes a room as `POST /createRoom` describes it: the events in the spec's order, history visible from before a join. */
export function createRoom(rooms: Rooms, members: Memberships, creator: UserId, request: JsonObject): Room {
  const version = stringAt(request, "room_version") ?? rooms.dialect.roomVersion;
  const room = rooms.open(version, creator);
  const put = (type: string, content: JsonObject, stateKey = "") =>
    rooms.append(room, { sender: creator, type, stateKey, content });
  const isPublic =
    (stringAt(request, "preset") ?? `${stringAt(request, "visibility")}_chat`) === "public_chat";
  const aliasName = stringAt(request, "room_alias_name");
  const alias = aliasName === undefined ? undefined : roomAliasOf(aliasName, rooms.serverName);
  if (alias !== undefined) rooms.alias(alias, room);

  put("m.room.create", { ...objectAt(request, "creation_content"), room_version: version, creator });
  members.write(room, creator, creator, "join");
  put("m.room.power_levels", {
    users: Number(version) >= 12 ? {} : { [creator]: 100 },
    ...objectAt(request, "power_level_content_override"),
  });
  if (alias !== undefined) put("m.room.canonical_alias", { alias });
  put("m.room.join_rules", { join_rule: isPublic ? "public" : "invite" });
  put("m.room.history_visibility", { history_visibility: "shared" });
  for (const state of listAt(request, "initial_state")) {
    const type = stringAt(state, "type");
    if (type === undefined) throw badRequest("M_BAD_JSON", "initial_state needs a type");
    put(type, objectAt(state, "content") ?? {}, stringAt(state, "state_key") ?? "");
  }
  const name = stringAt(request, "name");
  if (name !== undefined) put("m.room.name", { name });
  const topic = stringAt(request, "topic");
  if (topic !== undefined) put("m.room.topic", { topic });
  for (const invited of listAt(request, "invite")) {
    const target = typeof invited === "string" ? asUserId(invited) : undefined;
    if (target === undefined)
      throw badRequest("M_INVALID_PARAM", "invite holds something that is no user id");
    members.invite(room, creator, target);
  }
  return room;
}

/** Replaces a room by one of another version: new room, state carried over, tombstone in the old. Nobody else is moved. */
export function upgradeRoom(
  rooms: Rooms,
  members: Memberships,
  old: Room,
  sender: UserId,
  version: string,
): Room {
  old.requirePower(sender, "m.room.tombstone", true);
  const carried = ["m.room.join_rules", "m.room.name", "m.room.topic", "m.room.encryption"];
  const initialState = carried.flatMap((type) => {
    const event = old.stateEvent(type);
    return event === undefined ? [] : [{ type, state_key: "", content: event.content }];
  });
  const room = createRoom(rooms, members, sender, {
    room_version: version,
    creation_content: { predecessor: { room_id: old.id } },
    initial_state: initialState,
  });
  rooms.setState(old, sender, "m.room.tombstone", "", {
    body: "This room has been replaced",
    replacement_room: room.id,
  });
  return room;
}

function listAt(request: JsonObject, key: string): readonly unknown[] {
  const found: unknown = isObject(request) ? request[key] : undefined;
  return Array.isArray(found) ? found : [];
}
