import { failureClass, RoostError, sentenceOf } from "../core/error.ts";
import { asRoomAlias, asRoomId, type RoomAlias, type RoomId, type UserId } from "../core/id.ts";
import { stringAt } from "../core/json.ts";
import type { HostLogger } from "../core/log.ts";
import type { MatrixEvent, RoomReference, RoomStanding } from "../core/matrix.ts";
import type { Client } from "./client.ts";
import type { Departure, SyncAnswer } from "./event.ts";
import { Invitations } from "./invitations.ts";
import { type Entry, standingOf } from "./standing.ts";

export interface RoomsOptions {
  readonly client: Client;
  readonly self: UserId;
  readonly listedRooms: () => readonly RoomReference[];
  readonly onRooms: (standings: readonly RoomStanding[]) => void;
  /** The homeserver refused the account itself, not a room. */
  readonly onRefused: (error: RoostError) => void;
  readonly log: HostLogger;
  readonly retryMs: number;
}

/** Another server's alias may take long to ask about, and nothing is worth waiting longer for. */
const aliasLimitMs = 15_000;

/** Keeps the account in the rooms that are listed, and out of others that it is invited to. */
export class Rooms {
  readonly #options: RoomsOptions;
  readonly #entries = new Map<RoomReference, Entry>();
  readonly #encrypted = new Set<RoomId>();
  readonly #replacements = new Map<RoomId, RoomId | undefined>();
  readonly #invitations: Invitations;
  /** What was said last about each room: it is said once. */
  readonly #advised = new Map<RoomReference, string | undefined>();
  #last: Promise<void> = Promise.resolve();
  /** An `enter` that has not begun yet. */
  #upcoming: Promise<void> | undefined;
  #retry: { readonly atMs: number; readonly timer: Timer } | undefined;

  constructor(options: RoomsOptions) {
    this.#options = options;
    this.#invitations = new Invitations(options);
  }

  /**
   * Tells which rooms the listed aliases stand for, so that the first messages from there are known to be for somebody. Rejects
   * only if our own homeserver could not say; other servers' aliases are asked about again by `enter`.
   */
  async identify(): Promise<void> {
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
      for (const known of [this.#entries, this.#advised]) {
        for (const reference of known.keys()) if (!listed.includes(reference)) known.delete(reference);
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
      for (const event of state) this.#noteState(event);
      for (const event of events) this.#noteState(event);
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
      if (roomId === undefined || !joined.has(roomId)) roomId = await this.#join(reference);
      await this.#inspect(roomId);
      this.#entries.set(reference, { reference, roomId, membership: "joined", certainty: "known" });
    } catch (error) {
      this.#noteRefusal(reference, roomId, error);
    }
  }

  async #identify(alias: RoomAlias): Promise<RoomId> {
    const path = `/_matrix/client/v3/directory/room/${encodeURIComponent(alias)}`;
    const answer = await this.#options.client.doRequest("GET", path, null, null, aliasLimitMs);
    const roomId = requireRoomId(stringAt(answer, "room_id"));
    const known = this.#entries.get(alias);
    if (known?.roomId !== roomId) {
      this.#entries.set(alias, {
        reference: alias,
        roomId,
        membership: "invite-needed",
        certainty: "asking",
      });
      this.#report();
    }
    return roomId;
  }

  async #join(reference: RoomReference): Promise<RoomId> {
    const { client, self, log } = this.#options;
    // An id alone does not say who knows the room: the server it was made on, or our own if anybody here is in it.
    const via = reference.startsWith("!")
      ? [reference, self].map(serverOf).filter((server) => server !== "")
      : [];
    const roomId = requireRoomId(await client.joinRoom(reference, [...new Set(via)]));
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
    if (tombstone !== undefined) this.#replacements.set(roomId, replacementIn(tombstone));
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
    const known = this.#entries.get(reference);
    switch (error instanceof RoostError ? error.code : undefined) {
      case "token-revoked":
      case "cancelled":
        throw error;
      case "room-forbidden": {
        // Matrix has no error code for a ban; its servers say it in words.
        const isBanned =
          known?.membership === "banned" || (error instanceof Error && /\bbanned\b/i.test(error.message));
        const membership = isBanned ? "banned" : "invite-needed";
        this.#entries.set(reference, { reference, roomId, membership, certainty: "known" });
        return;
      }
      case "not-found":
      case "bad-request":
        this.#entries.set(reference, { reference, roomId, membership: "unresolved", certainty: "known" });
        return;
      default:
        this.#retryLater(error);
        this.#entries.set(reference, {
          reference,
          roomId,
          membership: known?.membership ?? "unresolved",
          certainty: "unanswered",
          cause: sentenceOf(error),
        });
    }
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

  #noteState({ stateKey, type, roomId, content }: MatrixEvent): void {
    if (stateKey !== "") return;
    if (type === "m.room.encryption") this.noteEncrypted(roomId);
    if (type !== "m.room.tombstone") return;
    this.#replacements.set(roomId, replacementIn(content));
    this.#report();
  }

  #answerInvitations(): Promise<void> {
    return this.#invitations.answer(
      (roomId) => {
        if (this.#entriesOf(roomId).length > 0) return true;
        // Until every alias is known, any room may be the one that it stands for.
        return this.#options.listedRooms().every((each) => this.#isSettled(each)) ? false : "unknown";
      },
      async (roomId) => {
        const entries = this.#entriesOf(roomId);
        await Promise.all(entries.map(({ reference }) => this.#enterOne(reference, new Set())));
        this.#report();
      },
    );
  }

  #isSettled(reference: RoomReference): boolean {
    const entry = this.#entries.get(reference);
    return entry !== undefined && (entry.roomId !== undefined || entry.certainty === "known");
  }

  #entriesOf(roomId: RoomId): Entry[] {
    return [...this.#entries.values()].filter((entry) => entry.roomId === roomId);
  }

  /** Tells where things stand, and warns of what is wrong and was not before. */
  #report(): void {
    const { self, log, listedRooms, onRooms } = this.#options;
    const facts = { encrypted: this.#encrypted, replacements: this.#replacements };
    const entries = listedRooms().flatMap((reference) => this.#entries.get(reference) ?? []);
    const standings = entries.map((entry) => standingOf(entry, facts, self));
    for (const { reference, advice } of standings) {
      if (advice !== undefined && this.#advised.get(reference) !== advice) {
        log.warn(advice, { account: self, room: reference });
      }
      this.#advised.set(reference, advice);
    }
    onRooms(standings);
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

function requireRoomId(answered: unknown): RoomId {
  const roomId = typeof answered === "string" ? asRoomId(answered) : undefined;
  if (roomId !== undefined) return roomId;
  throw new RoostError("network", "The homeserver named no room in its answer. Roost tries again.");
}
function replacementIn(tombstone: unknown): RoomId | undefined {
  return asRoomId(stringAt(tombstone, "replacement_room") ?? "");
}
/** What stands behind the first colon: the ids of room version 12 have none. */
function serverOf(id: string): string {
  return id.includes(":") ? id.slice(id.indexOf(":") + 1) : "";
}
