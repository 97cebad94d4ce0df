import type { LogRecord } from "../core/log.ts";
import { type AdminMessage, type AdminReport, readMessage } from "./admin-room-message.ts";

const hourMs = 3_600_000;

/** The messages of the admin room, waiting and posted, and which of them are not written down as they are. */
export class AdminMessages {
  readonly #messages = new Map<number, AdminMessage>();
  readonly #unsaved = new Set<number>();
  #lastId = 0;

  restore(states: readonly string[]): void {
    for (const message of states.flatMap((state) => readMessage(state) ?? [])) {
      this.#messages.set(message.id, message);
      this.#lastId = Math.max(this.#lastId, message.id);
    }
  }

  nextId(): number {
    this.#lastId += 1;
    return this.#lastId;
  }

  get(id: number): AdminMessage | undefined {
    return this.#messages.get(id);
  }

  all(): AdminMessage[] {
    return [...this.#messages.values()];
  }

  /** Those that the room has not been handed yet, oldest first. */
  waiting(): AdminMessage[] {
    return this.all()
      .filter(({ sentMs }) => sentMs === undefined)
      .sort((a, b) => a.id - b.id);
  }

  put(message: AdminMessage): void {
    this.#messages.set(message.id, message);
    this.#unsaved.add(message.id);
  }

  replace({ id }: AdminMessage, report: AdminReport, next: AdminReport): void {
    const message = this.#messages.get(id);
    if (message === undefined) return;
    this.put({ ...message, reports: message.reports.map((each) => (each === report ? next : each)) });
  }

  remove({ id }: AdminMessage): void {
    this.#messages.delete(id);
    this.#unsaved.add(id);
  }

  /** The report that the record repeats or ends. */
  find(
    fingerprint: string,
    { timeMs, fault }: LogRecord,
  ): { readonly message: AdminMessage; readonly report: AdminReport } | undefined {
    for (const message of this.all().sort((a, b) => b.id - a.id)) {
      const report = message.reports.find((each) => each.isOpen && each.fingerprint === fingerprint);
      if (report === undefined) continue;
      const isSame =
        fault === undefined
          ? timeMs - report.timeMs < hourMs
          : fault.sinceMs <= report.lastMs || timeMs - report.lastMs < hourMs;
      if (isSame) return { message, report };
    }
    return undefined;
  }

  /** No repeat joins the reports that there are of this any more. */
  shut(fingerprint: string): void {
    for (const message of this.all()) {
      for (const report of message.reports) {
        if (report.isOpen && report.fingerprint === fingerprint)
          this.replace(message, report, { ...report, isOpen: false });
      }
    }
  }

  /** What changed since `saved` was called last. */
  changes(): { readonly put: ReadonlyMap<number, string>; readonly removed: readonly number[] } {
    const put = new Map<number, string>();
    const removed: number[] = [];
    for (const id of this.#unsaved) {
      const message = this.#messages.get(id);
      if (message === undefined) removed.push(id);
      else put.set(id, JSON.stringify(message));
    }
    return { put, removed };
  }

  saved(): void {
    this.#unsaved.clear();
  }
}
