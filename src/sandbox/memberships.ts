import { asUserId, type EventId, type UserId } from "../core/id.ts";
import { type JsonObject, stringAt } from "../core/json.ts";
import { badRequest, forbidden } from "./refusal.ts";
import type { Membership, Room } from "./room.ts";
import type { Rooms } from "./rooms.ts";
import type { Users } from "./users.ts";

/** Who enters and leaves rooms, and whether they may. */
export class Memberships {
  readonly #rooms: Rooms;
  readonly #users: Users;

  constructor(rooms: Rooms, users: Users) {
    this.#rooms = rooms;
    this.#users = users;
  }

  join(room: Room, user: UserId): EventId {
    const now = room.membership(user);
    const own = room.stateEvent("m.room.member", user);
    if (now === "join" && own !== undefined) return own.eventId;
    if (now === "ban") throw forbidden("You are banned from this room");
    const rule = stringAt(room.stateEvent("m.room.join_rules")?.content, "join_rule");
    if (now !== "invite" && rule !== "public") throw forbidden("You are not invited to this room.");
    return this.write(room, user, user, "join");
  }
  leave(room: Room, user: UserId): EventId {
    const now = room.membership(user);
    if (now !== "join" && now !== "invite") throw forbidden(`User ${user} is not in room ${room.id}`);
    return this.write(room, user, user, "leave");
  }
  invite(room: Room, sender: UserId, target: UserId, reason?: string): EventId {
    room.requireAction(sender, "invite");
    const now = room.membership(target);
    if (now === "join") throw forbidden(`${target} is already in the room.`);
    if (now === "ban") throw forbidden(`${target} is banned from the room`);
    return this.write(room, sender, target, "invite", reason);
  }
  kick(room: Room, sender: UserId, target: UserId, reason?: string): EventId {
    room.requireAction(sender, "kick");
    this.#requireAbove(room, sender, target);
    const now = room.membership(target);
    if (now !== "join" && now !== "invite") throw forbidden(`User ${target} is not in room ${room.id}`);
    return this.write(room, sender, target, "leave", reason);
  }
  ban(room: Room, sender: UserId, target: UserId, reason?: string): EventId {
    room.requireAction(sender, "ban");
    this.#requireAbove(room, sender, target);
    return this.write(room, sender, target, "ban", reason);
  }
  unban(room: Room, sender: UserId, target: UserId): EventId {
    room.requireAction(sender, "ban");
    if (room.membership(target) !== "ban") throw forbidden(`${target} is not banned`);
    return this.write(room, sender, target, "leave");
  }
  /** Puts a state event; a membership put this way follows the same rules as the route for it. */
  setState(room: Room, sender: UserId, type: string, stateKey: string, content: JsonObject): EventId {
    if (type !== "m.room.member") return this.#rooms.setState(room, sender, type, stateKey, content);
    const target = asUserId(stateKey);
    if (target === undefined) throw badRequest("M_BAD_JSON", "The state key of a membership is a user id");
    switch (stringAt(content, "membership")) {
      case "join":
        if (sender !== target) throw forbidden("Nobody can join for somebody else");
        return this.join(room, target);
      case "invite":
        return this.invite(room, sender, target);
      case "leave":
        return sender === target ? this.leave(room, target) : this.kick(room, sender, target);
      case "ban":
        return this.ban(room, sender, target);
      default:
        throw badRequest("M_BAD_JSON", "membership must be join, invite, leave or ban");
    }
  }
  /** A changed name or picture is told to every room the user is in, as a join that follows a join. */
  spreadProfile(user: UserId): void {
    for (const room of this.#rooms.all()) {
      if (room.membership(user) === "join") this.write(room, user, user, "join");
    }
  }

  write(room: Room, sender: UserId, target: UserId, membership: Membership, reason?: string): EventId {
    const profile = this.#users.find(target);
    const content: JsonObject = {
      membership,
      ...(profile?.displayname === undefined ? {} : { displayname: profile.displayname }),
      ...(profile?.avatarUrl === undefined ? {} : { avatar_url: profile.avatarUrl }),
      ...(reason === undefined ? {} : { reason }),
    };
    return this.#rooms.append(room, { sender, type: "m.room.member", stateKey: target, content }).eventId;
  }
  #requireAbove(room: Room, sender: UserId, target: UserId): void {
    if (room.power(sender) <= room.power(target))
      throw forbidden("They have the same or more power than you");
  }
}
