import type { HostDatabase } from "./host-database.ts";

/** What was added, changed and removed, by number; the states are text that only their owner understands. */
export interface AdminMessageChanges {
  readonly put: ReadonlyMap<number, string>;
  readonly removed: readonly number[];
}

/** The messages of the admin room, waiting and posted, each as one text. Errors are RoostErrors `database`. */
export class AdminMessages {
  readonly #db: HostDatabase;

  constructor(db: HostDatabase) {
    this.#db = db;
  }

  load(): string[] {
    const rows = this.#db.query<{ state: string }>("SELECT state FROM admin_message ORDER BY id").all();
    return rows.map(({ state }) => state);
  }

  save({ put, removed }: AdminMessageChanges): void {
    this.#db.write(() => {
      const write = this.#db.query("INSERT OR REPLACE INTO admin_message (id, state) VALUES (?, ?)");
      for (const [id, state] of put) write.run(id, state);
      const remove = this.#db.query("DELETE FROM admin_message WHERE id = ?");
      for (const id of removed) remove.run(id);
    });
  }
}
