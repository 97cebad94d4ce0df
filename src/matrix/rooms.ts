import { failureClass, RoostError } from "../core/error.ts";
import { asRoomAlias, asRoomId, type RoomAlias, type RoomId, type UserId } from "../core/id.ts";
import type { HostLogger } from "../core/log.ts";
import type { MatrixEvent, RoomReference, RoomStanding } from "../core/matrix.ts";
import type { Client } from "./client.ts";
import type { Departure, SyncAnswer } from "./event.ts";
import { ForbiddenRooms, lookUpAlias } from "./forbidden-rooms.ts";
import { Invitations } from "./invitations.ts";
import { requireRoomId, serverOf, serversFor } from "./room-address.ts";
import { RoomFaults } from "./room-faults.ts";
import { type Entry, foundByRefusal, standingOf } from "./standing.ts";
import { Successors, type SuccessorsOptions } from "./successors.ts";

export interface RoomsOptions {
  readonly client: Client;
  readonly self: UserId;
  readonly listedRooms: () => readonly RoomReference[];
  readonly worksAnywhere: () => boolean;
  /** Where no bot works: see `ForbiddenRooms`. */
  readonly forbiddenRooms: () => readonly RoomReference[];
  readonly onRooms: (standings: readonly RoomStanding[], forbidden: ReadonlySet<RoomReference>) => void;
  /** The homeserver refused the account itself, not a room. */
  readonly onRefused: (error: RoostError) => void;
  readonly log: HostLogger;
  readonly retryMs: number;
  readonly succession: Pick<SuccessorsOptions, "load" | "save">;
}

/** Keeps the account in the rooms that are listed, and out of others that it is invited to, unless an instance works in any. */
export class Rooms {
  readonly #options: RoomsOptions;
  readonly #entries = new Map<RoomReference, Entry>();
  readonly #encrypted = new Set<RoomId>();
  readonly #successors: Successors;
  readonly #forbidden: ForbiddenRooms;
  readonly #invitations: Invitations;
  readonly #faults: RoomFaults;
  #last: Promise<void> = Promise.resolve();
  /** An `enter` that has not begun yet. */
  #upcoming: Promise<void> | undefined;
  #retry: { readonly atMs: number; readonly timer: Timer } | undefined;

  constructor(options: RoomsOptions) {
    this.#options = options;
    this.#invitations = new Invitations(options);
    this.#forbidden = new ForbiddenRooms({ ...options, references: options.forbiddenRooms });
    this.#faults = new RoomFaults(options.self, options.log);
    this.#successors = new Successors({
      ...options.succession,
      join: (room, via) => this.#join(room, via),
      leave: (room) => options.client.leaveRoom(room),
      readState: (room, type) => this.#readState(room, type),
    });
  }

  /**
   * Tells which rooms the listed aliases, and rooms that were replaced, stand for, so that the first messages from there are known
   * to be for somebody. Rejects only if our own homeserver could not say; other servers' aliases are asked about again by `enter`.
   */
  async identify(): Promise<void> {
    await this.#forbidden.identify().catch((error: unknown) => {
      // Whoever lists rooms has named them, and need not wait for what a homeserver may not even answer.
      if (this.#options.worksAnywhere() && failureClass(error) === "dependency") throw error;
    });
    this.#report();
    for (const roomId of this.#options.listedRooms().flatMap((reference) => asRoomId(reference) ?? [])) {
      if (this.#successors.last(roomId) === roomId || this.#entries.has(roomId)) continue;
      this.#noteAsked(roomId, roomId);
    }
    const aliases = this.#options.listedRooms().flatMap((reference) => asRoomAlias(reference) ?? []);
    const unknown = aliases.filter((alias) => this.#entries.get(alias)?.roomId === undefined);
    const own = serverOf(this.#options.self);
    await Promise.all(
      unknown.map((alias) =>
        this.#identify(alias).catch((error: unknown) => {
          if (serverOf(alias) === own && failureClass(error) === "dependency") throw error;
        }),
      ),
    );
  }

  /** Resolves aliases, joins listed rooms, declines other invitations, and tells the standings. Never rejects. */
  enter(): Promise<void> {
    this.#upcoming ??= this.#inTurn(async () => {
      const { client, listedRooms } = this.#options;
      this.#upcoming = undefined;
      clearTimeout(this.#retry?.timer);
      this.#retry = undefined;
      const joined = new Set(await client.getJoinedRooms().catch(unlessPassing));
      const listed = listedRooms();
      for (const reference of this.#entries.keys()) {
        if (listed.includes(reference)) continue;
        this.#entries.delete(reference);
        this.#faults.forget(reference);
      }
      await Promise.all(listed.map((reference) => this.#enterOne(reference, joined)));
      this.#report();
      await this.#answerInvitations();
    });
    return this.#upcoming;
  }

  /** Takes note of what a sync says about memberships, encryption and upgrades. */
  note(answer: SyncAnswer): void {
    for (const departure of answer.left) this.#noteDeparture(departure);
    for (const { roomId, state, events } of answer.joined) {
      const entries = this.#entriesOf(roomId);
      if (entries.length === 0) continue;
      if ([...state, ...events].map((event) => this.#noteState(event)).includes(true)) void this.enter();
      // Somebody else, such as the homeserver's administrator, had it join.
      if (entries.some(({ membership }) => membership !== "joined")) void this.enter();
    }
    for (const invitation of answer.invited) this.#invitations.add(invitation);
    if (answer.invited.length > 0) void this.#inTurn(() => this.#answerInvitations());
  }

  noteEncrypted(roomId: RoomId): void {
    if (this.#encrypted.has(roomId)) return;
    this.#encrypted.add(roomId);
    if (this.#entriesOf(roomId).length > 0) this.#report();
  }

  /** One thing after the other, so that no room is entered or left twice at once. */
  #inTurn(work: () => Promise<void>): Promise<void> {
    this.#last = this.#last.then(work).catch((error: unknown) => {
      const isAccounts = error instanceof RoostError && error.code === "token-revoked";
      if (isAccounts) this.#options.onRefused(error);
      else this.#retryLater(error);
    });
    return this.#last;
  }

  async #enterOne(reference: RoomReference, joined: ReadonlySet<string>): Promise<void> {
    let roomId = asRoomId(reference) ?? this.#entries.get(reference)?.roomId;
    try {
      const alias = asRoomAlias(reference);
      if (alias !== undefined) roomId = await this.#identify(alias);
      roomId ??= await this.#join(reference);
      const place = this.#successors.last(roomId);
      if (this.#forbidden.has(place)) {
        this.#entries.set(reference, { reference, roomId, membership: "forbidden", certainty: "known" });
        return;
      }
      if (!joined.has(place)) await this.#join(place === roomId ? reference : place);
      await this.#inspect(place);
      const reached = await this.#successors.follow(place, (room) => this.#isListed(room));
      if (reached !== place) await this.#inspect(reached);
      this.#entries.set(reference, { reference, roomId, membership: "joined", certainty: "known" });
    } catch (error) {
      this.#noteRefusal(reference, roomId, error);
    }
  }

  async #identify(alias: RoomAlias): Promise<RoomId> {
    const roomId = await lookUpAlias(this.#options.client, alias);
    if (this.#entries.get(alias)?.roomId !== roomId) this.#noteAsked(alias, roomId);
    return roomId;
  }

  #noteAsked(reference: RoomReference, roomId: RoomId): void {
    this.#entries.set(reference, { reference, roomId, membership: "invite-needed", certainty: "asking" });
    this.#report();
  }

  async #join(reference: RoomReference, told?: readonly string[]): Promise<RoomId> {
    const { client, self, log } = this.#options;
    if (this.#forbidden.has(reference)) {
      throw new RoostError("room-forbidden", `${reference} is an admin room, where no bot works.`);
    }
    const servers = serversFor(reference, self, told);
    const roomId = requireRoomId(await client.joinRoom(reference, [...servers]));
    log.info("Joined a room.", { account: self, room: reference });
    return roomId;
  }

  /** Looks up what the sync does not tell about rooms that were joined long ago. */
  async #inspect(roomId: RoomId): Promise<void> {
    const [encryption, tombstone] = await Promise.all([
      this.#readState(roomId, "m.room.encryption"),
      this.#readState(roomId, "m.room.tombstone"),
    ]);
    if (encryption !== undefined) this.#encrypted.add(roomId);
    if (tombstone !== undefined) this.#successors.note(roomId, tombstone);
  }

  /** The state event's content; undefined when there is none, or when it cannot be read now. */
  async #readState(roomId: RoomId, type: string): Promise<unknown> {
    try {
      return await this.#options.client.getRoomStateEvent(roomId, type, "");
    } catch (error) {
      if (failureClass(error) === "dependency") this.#retryLater(error);
      return undefined;
    }
  }

  #noteRefusal(reference: RoomReference, roomId: RoomId | undefined, error: unknown): void {
    const code = error instanceof RoostError ? error.code : undefined;
    if (code === "token-revoked" || code === "cancelled") throw error;
    const found = foundByRefusal(this.#entries.get(reference)?.membership, error);
    if (found.certainty === "unanswered") this.#retryLater(error);
    this.#entries.set(reference, { reference, roomId, ...found });
  }

  #noteDeparture({ roomId, membership }: Departure): void {
    this.#invitations.remove(roomId);
    const entries = this.#entriesOf(roomId);
    for (const entry of entries) {
      if (membership === "ban") this.#entries.set(entry.reference, { ...entry, membership: "banned" });
      else if (entry.membership === "joined")
        this.#entries.set(entry.reference, { ...entry, membership: "left" });
    }
    if (entries.length > 0) this.#report();
  }

  /** Answers whether it says that the room was replaced. */
  #noteState({ stateKey, type, roomId, content, sender }: MatrixEvent): boolean {
    if (stateKey !== "") return false;
    if (type === "m.room.encryption") this.noteEncrypted(roomId);
    return type === "m.room.tombstone" && this.#successors.note(roomId, content, sender);
  }

  async #answerInvitations(): Promise<void> {
    // The admin room may have got its alias only now.
    if (this.#options.worksAnywhere() && this.#invitations.areThere) await this.#forbidden.identify();
    await this.#invitations.answer(
      (roomId) => {
        if (this.#entriesFor(roomId).length > 0) return "listed";
        // Until every alias is known, any room may be the one that it stands for.
        if (!this.#options.listedRooms().every((each) => this.#isSettled(each))) return "unknown";
        const isWelcome = this.#options.worksAnywhere() && !this.#forbidden.has(roomId);
        return isWelcome ? "welcome" : "unwanted";
      },
      async (roomId) => {
        const entries = this.#entriesFor(roomId);
        await Promise.all(entries.map(({ reference }) => this.#enterOne(reference, new Set())));
        this.#report();
      },
    );
  }

  #isSettled(reference: RoomReference): boolean {
    const entry = this.#entries.get(reference);
    return entry !== undefined && (entry.roomId !== undefined || entry.certainty === "known");
  }

  /** The listed rooms that the given one is, or stands in the place of. */
  #entriesOf(roomId: RoomId): Entry[] {
    return [...this.#entries.values()].filter((entry) => this.#placeOf(entry) === roomId);
  }

  /** The same with those that it is to take the place of, once the account may enter it. */
  #entriesFor(roomId: RoomId): Entry[] {
    return [...this.#entries.values()].filter((entry) => {
      const place = this.#placeOf(entry);
      const obstacle = place === undefined ? undefined : this.#successors.obstacle(place);
      return place === roomId || (obstacle?.kind === "not-open" && obstacle.replacement === roomId);
    });
  }

  #placeOf({ roomId }: Entry): RoomId | undefined {
    return roomId === undefined ? undefined : this.#successors.last(roomId);
  }

  #isListed(roomId: RoomId): boolean {
    return [...this.#entries.values()].some((entry) => entry.roomId === roomId);
  }

  /** Tells where things stand, and warns of what is wrong and was not before. */
  #report(): void {
    const { self, listedRooms, onRooms } = this.#options;
    const facts = { encrypted: this.#encrypted, successors: this.#successors };
    const entries = listedRooms().flatMap((each) => this.#entries.get(each) ?? []);
    const standings = entries.map((entry) => standingOf(entry, facts, self));
    for (const standing of standings) this.#faults.tell(standing);
    onRooms(standings, this.#forbidden.all());
  }

  #retryLater(error: unknown): void {
    const isOver = error instanceof RoostError && error.code === "cancelled";
    const delayMs = (error instanceof RoostError ? error.retryAfterMs : undefined) ?? this.#options.retryMs;
    const atMs = performance.now() + delayMs;
    if (isOver || (this.#retry !== undefined && this.#retry.atMs <= atMs)) return;
    clearTimeout(this.#retry?.timer);
    this.#retry = { atMs, timer: setTimeout(() => void this.enter(), delayMs) };
  }
}

/** Without the list of rooms each one is asked for by itself, which tells as much and says what is wrong. */
function unlessPassing(error: unknown): string[] {
  if (failureClass(error) === "dependency") return [];
  throw error;
}
