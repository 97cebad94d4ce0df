import { z } from "zod";
import type { AvailabilityStore, Beat, Span } from "../core/availability.ts";
import type { InstanceId } from "../core/id.ts";
import type { HostDatabase } from "./host-database.ts";

/** Hours that are kept: the seven days that are shown, and the one that has begun. */
const keptHours = 7 * 24 + 1;

const wantedSchema = z.array(z.string());

/** The hours in which each instance was wanted and running, and when the host last said that it was there. */
export class HostAvailability implements AvailabilityStore {
  readonly #db: HostDatabase;

  constructor(db: HostDatabase) {
    this.#db = db;
  }

  loadBeat(): Beat | undefined {
    const row = this.#db
      .query<{ atMs: number; wanted: string }>("SELECT at_ms AS atMs, wanted FROM host_beat")
      .get();
    if (row === null) return undefined;
    // Only Roost writes the table, so its ids are taken as they are.
    return { atMs: row.atMs, wanted: wantedSchema.parse(JSON.parse(row.wanted)) as InstanceId[] };
  }

  sumsSince(hour: number): ReturnType<AvailabilityStore["sumsSince"]> {
    const rows = this.#db
      .query<{ instance: InstanceId; wantedMs: number; runningMs: number }>(
        "SELECT instance, sum(wanted_ms) AS wantedMs, sum(running_ms) AS runningMs FROM availability WHERE hour >= ? GROUP BY instance",
      )
      .all(hour);
    return new Map(rows.map(({ instance, ...sums }) => [instance, sums]));
  }

  add(beat: Beat, spans: readonly Span[]): void {
    this.#db.write(() => {
      this.#db
        .query("INSERT OR REPLACE INTO host_beat (id, at_ms, wanted) VALUES (1, ?, ?)")
        .run(beat.atMs, JSON.stringify(beat.wanted));
      const add = this.#db.query(
        `INSERT INTO availability (instance, hour, wanted_ms, running_ms) VALUES (?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET wanted_ms = wanted_ms + excluded.wanted_ms, running_ms = running_ms + excluded.running_ms`,
      );
      for (const { instance, hour, wantedMs, runningMs } of spans)
        add.run(instance, hour, Math.round(wantedMs), Math.round(runningMs));
      this.#db
        .query("DELETE FROM availability WHERE hour < ?")
        .run(Math.floor(beat.atMs / 3_600_000) - keptHours);
    });
  }
}
