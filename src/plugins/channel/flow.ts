import type { Socket } from "node:net";
import type { ToHost } from "./protocol.ts";

/** Several times what the busiest bot says. */
const messagesPerMs = 20;
/** May be said at once. */
const burst = 2_000;
/** Each is written down and shown. */
const logWeight = 10;
const maxUnreadBytes = 64 * 2 ** 20;

/**
 * Keeps a child process from saying more than its host can take in: what goes beyond is not read until it is due, so that the child
 * has to wait with it.
 */
export class Flow {
  readonly #socket: Socket;
  /** What was read before it was due, as of `#atMs`. */
  #ahead = 0;
  #atMs = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Takes note of what was read. */
  note(messages: readonly ToHost[]): void {
    this.#fallBehind();
    for (const { say } of messages) this.#ahead += say === "log" ? logWeight : 1;
    if (this.#ahead <= burst || this.#socket.isPaused()) return;
    this.#socket.pause();
    this.#wait();
  }

  #fallBehind(): void {
    const nowMs = performance.now();
    this.#ahead = Math.max(0, this.#ahead - (nowMs - this.#atMs) * messagesPerMs);
    this.#atMs = nowMs;
  }

  /** More may have been read since the pause began: what had arrived by then. */
  #wait(): void {
    setTimeout(() => {
      this.#fallBehind();
      if (this.#ahead > 0) this.#wait();
      else this.#socket.resume();
    }, this.#ahead / messagesPerMs);
  }

  /** Whether the child leaves unread what it is told, which the host has to keep. */
  get isClogged(): boolean {
    return this.#socket.writableLength > maxUnreadBytes;
  }
}

/** Why a child that is clogged is ended. */
export const clogged = "The plugin's process does not read what it is told.";
