import type { InstanceId } from "../core/id.ts";
import type { Logger } from "../core/log.ts";

const windowMs = 10 * 60_000;

interface Window {
  more: number;
  readonly timer: ReturnType<typeof setTimeout>;
}

/**
 * Says in a bot's log that it posts, without filling it: the first post after a silence at once, and how many more there were in
 * the ten minutes after it as one number.
 */
export class PostLog {
  readonly #log: (id: InstanceId) => Logger;
  readonly #windows = new Map<InstanceId, Window>();

  constructor(log: (id: InstanceId) => Logger) {
    this.#log = log;
  }

  note(id: InstanceId): void {
    const open = this.#windows.get(id);
    if (open !== undefined) {
      open.more++;
      return;
    }
    this.#log(id).info("Posted in a room.");
    const timer = setTimeout(() => this.#end(id), windowMs);
    // A host that stops does not wait for it.
    timer.unref();
    this.#windows.set(id, { more: 0, timer });
  }

  close(): void {
    for (const id of [...this.#windows.keys()]) this.#end(id);
  }

  #end(id: InstanceId): void {
    const window = this.#windows.get(id);
    clearTimeout(window?.timer);
    this.#windows.delete(id);
    if (window === undefined || window.more === 0) return;
    const times = window.more === 1 ? "once more" : `${window.more} more times`;
    this.#log(id).info(`Posted ${times} since then.`);
  }
}
