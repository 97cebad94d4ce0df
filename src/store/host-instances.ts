import type { InstanceId } from "../core/id.ts";
import type { HostDatabase } from "./host-database.ts";

const tables = ["inbox", "outbox", "tally", "availability", "operator_stop", "instance_database"] as const;
/** What is only of interest while the instance is there. Its messages stay as long as others', so that none is answered twice. */
const notes = ["tally", "availability", "operator_stop", "instance_database"] as const;

/** All that the host's database knows of an instance, for when it gets another name or goes. Its run has to be over. */
export class HostInstances {
  readonly #db: HostDatabase;

  constructor(db: HostDatabase) {
    this.#db = db;
  }

  /** What was known under the new name before, of an instance that is gone, makes way. */
  rename(from: InstanceId, to: InstanceId): void {
    this.#db.write(() => {
      for (const table of tables) {
        this.#db.query(`DELETE FROM ${table} WHERE instance = ?`).run(to);
        this.#db.query(`UPDATE ${table} SET instance = ? WHERE instance = ?`).run(to, from);
      }
    });
  }

  /** What it has not done yet is not done any more. */
  forget(instance: InstanceId, nowMs: number): void {
    this.#db.write(() => {
      for (const table of notes) this.#db.query(`DELETE FROM ${table} WHERE instance = ?`).run(instance);
      this.#db
        .query("UPDATE inbox SET done_at_ms = ? WHERE instance = ? AND done_at_ms IS NULL")
        .run(nowMs, instance);
    });
  }
}
