import { failureClass, RoostError } from "../core/error.ts";
import { asRoomAlias, asRoomId, type RoomAlias, type RoomId, serverOf, type UserId } from "../core/id.ts";
import type { HostLogger } from "../core/log.ts";
import type { MatrixEvent, RoomReference, RoomStanding } from "../core/matrix.ts";
import type { Client } from "./client.ts";
import type { Departure, SyncAnswer } from "./event.ts";
import { unlessPassing } from "./failure.ts";
import { ForbiddenRooms, lookUpAlias } from "./forbidden-rooms.ts";
import type { Invitations } from "./invitations.ts";
import { Retry } from "./retry.ts";
import { requireRoomId, serversFor } from "./room-address.ts";
import { RoomEntries } from "./room-entries.ts";
import { RoomFaults } from "./room-faults.ts";
import { foundByRefusal, standingOf } from "./standing.ts";
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
  readonly invitations: Invitations;
  readonly retryMs: number;
  readonly succession: Pick<SuccessorsOptions, "load" | "save">;
}

/**
 * Keeps the account in the rooms that are listed, and out of others that it is invited to, unless an instance works in any: then
 * each room that it is in counts as if it were listed, for as long as it is there.
 */
export class Rooms {
  readonly #options: RoomsOptions;
  readonly #entries: RoomEntries;
  /** Rooms that it is in though nobody lists them: kept while an instance works in any. */
  #found = new Set<RoomId>();
  readonly #encrypted = new Set<RoomId>();
  readonly #successors: Successors;
  readonly #forbidden: ForbiddenRooms;
  readonly invitations: Invitations;
  readonly #faults: RoomFaults;
  #last: Promise<void> = Promise.resolve();
  /** An `enter` that has not begun yet. */
  #upcoming: Promise<void> | undefined;
  readonly #retry: Retry;

  constructor(options: RoomsOptions) {
    this.#options = options;
    this.#retry = new Retry(() => void this.enter(), options.retryMs);
    this.invitations = options.invitations;
    this.#forbidden = new ForbiddenRooms({ ...options, references: options.forbiddenRooms });
    this.#faults = new RoomFaults(options.self, options.log);
    this.#successors = new Successors({
      ...options.succession,
      join: (room, via) => this.#join(room, via),
      leave: (room) => options.client.leaveRoom(room),
      readState: (room, type) => this.#readState(room, type),
    });
    this.#entries = new RoomEntries(this.#successors);
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
      if (this.#successors.last(roomId) === roomId || this.#entries.get(roomId) !== undefined) continue;
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
      const { client } = this.#options;
      this.#upcoming = undefined;
      this.#retry.cancel();
      const answer = await client.getJoinedRooms().catch(unlessPassing);
      const joined = new Set<string>(answer ?? this.#found);
      this.#find(answer);
      const references = this.#references();
      for (const reference of this.#entries.references())
        if (!references.includes(reference)) this.#forget(reference);
      await Promise.all(references.map((reference) => this.#enterOne(reference, joined)));
      this.#report();
      await this.#answerInvitations();
    });
    return this.#upcoming;
  }

  /** Takes note of what a sync says about memberships, encryption and upgrades. */
  note(answer: SyncAnswer): void {
    for (const departure of answer.left) this.#noteDeparture(departure);
    for (const { roomId, state, events } of answer.joined) {
      const entries = this.#entries.of(roomId);
      if (entries.length === 0) {
        if (this.#mayWorkIn(roomId)) void this.enter();
        continue;
      }
      if ([...state, ...events].map((event) => this.#noteState(event)).includes(true)) void this.enter();
      // Somebody else, such as the homeserver's administrator, had it join.
      if (entries.some(({ membership }) => membership !== "joined")) void this.enter();
    }
    if (answer.invited.length > 0) void this.#inTurn(() => this.#answerInvitations());
  }

  noteEncrypted(roomId: RoomId): void {
    if (this.#encrypted.has(roomId)) return;
    this.#encrypted.add(roomId);
    if (this.#entries.of(roomId).length > 0) this.#report();
  }

  /** Whether an instance works there although nobody lists the room. */
  #mayWorkIn(roomId: RoomId): boolean {
    return this.#options.worksAnywhere() && !this.#forbidden.has(roomId);
  }

  /** Takes note of the rooms that nobody lists, out of all that it is in. */
  #find(joined: readonly string[] | undefined): void {
    const rooms = joined === undefined ? [...this.#found] : joined.flatMap((each) => asRoomId(each) ?? []);
    this.#found = new Set(
      rooms.filter(
        (room) =>
          this.#mayWorkIn(room) && !this.#entries.of(room).some(({ reference }) => this.#isListed(reference)),
      ),
    );
  }

  /** All rooms that instances work in, as far as they are known. */
  #references(): RoomReference[] {
    const isReplaced = (room: RoomId) =>
      this.#successors.last(room) !== room && this.#found.has(this.#successors.last(room));
    const found = [...this.#found].filter((room) => !isReplaced(room));
    return [...new Set<RoomReference>([...this.#options.listedRooms(), ...found])];
  }

  /** One thing after the other, so that no room is entered or left twice at once. */
  #inTurn(work: () => Promise<void>): Promise<void> {
    this.#last = this.#last.then(work).catch((error: unknown) => {
      const isAccounts = error instanceof RoostError && error.code === "token-revoked";
      if (isAccounts) this.#options.onRefused(error);
      else this.#retry.after(error);
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
        this.#entries.set({ reference, roomId, membership: "forbidden", certainty: "known" });
        return;
      }
      if (!joined.has(place)) await this.#join(place === roomId ? reference : place);
      // The sync tells of what changes; of rooms that nobody lists there may be too many to ask again.
      if (this.#isListed(reference) || !this.#entries.isIn(reference)) await this.#inspect(place);
      const reached = await this.#successors.follow(place, (room) => this.#entries.has(room));
      if (reached !== place) await this.#inspect(reached);
      this.#entries.set({ reference, roomId, membership: "joined", certainty: "known" });
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
    this.#entries.set({ reference, roomId, membership: "invite-needed", certainty: "asking" });
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
      if (failureClass(error) === "dependency") this.#retry.after(error);
      return undefined;
    }
  }

  #noteRefusal(reference: RoomReference, roomId: RoomId | undefined, error: unknown): void {
    const code = error instanceof RoostError ? error.code : undefined;
    if (code === "token-revoked" || code === "cancelled") throw error;
    const found = foundByRefusal(this.#entries.get(reference)?.membership, error);
    if (found.certainty === "unanswered") this.#retry.after(error);
    this.#entries.set({ reference, roomId, ...found });
  }

  #isListed(reference: RoomReference): boolean {
    return this.#options.listedRooms().includes(reference);
  }

  #noteDeparture({ roomId, membership }: Departure): void {
    this.invitations.remove(roomId);
    this.#found.delete(roomId);
    const entries = this.#entries.of(roomId);
    for (const entry of entries) {
      if (!this.#isListed(entry.reference)) {
        this.#forget(entry.reference);
        continue;
      }
      if (membership === "ban") this.#entries.set({ ...entry, membership: "banned" });
      else if (entry.membership === "joined") this.#entries.set({ ...entry, membership: "left" });
    }
    if (entries.length > 0) this.#report();
  }

  #forget(reference: RoomReference): void {
    this.#entries.delete(reference);
    this.#faults.forget(reference);
  }

  /** Answers whether it says that the room was replaced. */
  #noteState({ stateKey, type, roomId, content, sender }: MatrixEvent): boolean {
    if (stateKey !== "") return false;
    if (type === "m.room.encryption") this.noteEncrypted(roomId);
    return type === "m.room.tombstone" && this.#successors.note(roomId, content, sender);
  }

  async #answerInvitations(): Promise<void> {
    // The admin room may have got its alias only now.
    if (this.#options.worksAnywhere() && this.invitations.areThere) await this.#forbidden.identify();
    await this.invitations.answer(
      (roomId) => {
        if (this.#entries.for(roomId).length > 0) return "listed";
        // Until every alias is known, any room may be the one that it stands for.
        if (!this.#options.listedRooms().every((each) => this.#entries.isSettled(each))) return "unknown";
        return this.#mayWorkIn(roomId) ? "welcome" : "unwanted";
      },
      async (roomId) => {
        const entries = this.#entries.for(roomId);
        await Promise.all(entries.map(({ reference }) => this.#enterOne(reference, new Set())));
        this.#report();
      },
    );
  }

  /** Tells where things stand, and warns of what is wrong and was not before. */
  #report(): void {
    const { self, onRooms } = this.#options;
    const facts = { encrypted: this.#encrypted, successors: this.#successors };
    const entries = this.#references().flatMap((each) => this.#entries.get(each) ?? []);
    const standings = entries.map((entry) =>
      standingOf(entry, { ...facts, isListed: this.#isListed(entry.reference) }, self),
    );
    for (const standing of standings) this.#faults.tell(standing);
    onRooms(standings, this.#forbidden.all());
  }
}
