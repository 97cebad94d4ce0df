import type { AllowanceStore } from "../core/delivery.ts";
import type { InstanceId, RoomId, UserId } from "../core/id.ts";
import type { InvitationStore } from "../core/matrix.ts";
import type { HostDatabase } from "./host-database.ts";

const dayMs = 24 * 3_600_000;
const keptDays = 30;
const maxWhatLength = 60;

/** What the host remembers beside delivery: whom an operator stopped, which rooms were replaced, invitations, the allowances, and what the bots count by day. */
export class HostNotes implements AllowanceStore {
  readonly #db: HostDatabase;

  constructor(db: HostDatabase) {
    this.#db = db;
  }

  /** Whether an operator's Stop holds: it survives restarts until somebody says start. */
  isStoppedByOperator(instance: InstanceId): boolean {
    return this.#db.query("SELECT 1 FROM operator_stop WHERE instance = ?").get(instance) !== null;
  }

  saveOperatorStop(instance: InstanceId, stopped: boolean, nowMs: number): void {
    this.#db.write(() =>
      stopped
        ? this.#db
            .query("INSERT OR IGNORE INTO operator_stop (instance, stopped_at_ms) VALUES (?, ?)")
            .run(instance, nowMs)
        : this.#db.query("DELETE FROM operator_stop WHERE instance = ?").run(instance),
    );
  }

  /** The rooms that were replaced, each with the room that took its place. */
  loadSuccessors(): ReadonlyMap<RoomId, RoomId> {
    const rows = this.#db
      .query<{ roomId: RoomId; successor: RoomId }>("SELECT room_id AS roomId, successor FROM room_successor")
      .all();
    return new Map(rows.map(({ roomId, successor }) => [roomId, successor]));
  }

  saveSuccessor(room: RoomId, successor: RoomId): void {
    this.#db.write(() =>
      this.#db
        .query("INSERT OR REPLACE INTO room_successor (room_id, successor) VALUES (?, ?)")
        .run(room, successor),
    );
  }

  invitationsOf(account: UserId): InvitationStore {
    const db = this.#db;
    return {
      load: () =>
        db
          .query<{ roomId: RoomId; inviter: UserId | null }>(
            "SELECT room_id AS roomId, inviter FROM invitation WHERE account = ?",
          )
          .all(account)
          .map(({ roomId, inviter }) => ({ roomId, inviter: inviter ?? undefined })),
      save: ({ roomId, inviter }) =>
        void db.write(() =>
          db
            .query("INSERT OR REPLACE INTO invitation (account, room_id, inviter) VALUES (?, ?, ?)")
            .run(account, roomId, inviter ?? null),
        ),
      remove: (roomId) =>
        void db.write(() =>
          db.query("DELETE FROM invitation WHERE account = ? AND room_id = ?").run(account, roomId),
        ),
    };
  }

  /** Whether the instance ever had a database: then one that is not there was lost, and no new one is made in its place. */
  hadDatabase(instance: InstanceId): boolean {
    return this.#db.query("SELECT 1 FROM instance_database WHERE instance = ?").get(instance) !== null;
  }

  saveHadDatabase(instance: InstanceId): void {
    this.#db.write(() =>
      this.#db.query("INSERT OR IGNORE INTO instance_database (instance) VALUES (?)").run(instance),
    );
  }

  loadAllowance(name: string): string | undefined {
    return this.#db.query<{ state: string }>("SELECT state FROM allowance WHERE name = ?").get(name)?.state;
  }

  saveAllowance(name: string, state: string): void {
    this.#db.write(() =>
      this.#db.query("INSERT OR REPLACE INTO allowance (name, state) VALUES (?, ?)").run(name, state),
    );
  }

  count(instance: InstanceId, what: string, nowMs: number): void {
    const day = Math.floor(nowMs / dayMs);
    this.#db.writeBehind(() => {
      this.#db
        .query(
          `INSERT INTO tally (instance, day, what, count) VALUES (?, ?, ?, 1)
           ON CONFLICT DO UPDATE SET count = count + 1`,
        )
        .run(instance, day, what.slice(0, maxWhatLength));
      this.#db.query("DELETE FROM tally WHERE day < ?").run(day - keptDays);
    });
  }
}
