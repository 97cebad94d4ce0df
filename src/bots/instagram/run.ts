import type { RoomId } from "../../core/id.ts";
import type { Message } from "../../core/plugin.ts";

const orderMs = 3_000;

/**
 * One run of the handler with one message. Its patience with Instagram is limited: what takes longer goes on by itself, and
 * another run sees to the rest.
 */
export class Run {
  readonly message: Message;
  readonly #predecessor: Promise<void>;
  readonly #endsAtMs: number;
  readonly #orderEndsAtMs = performance.now() + orderMs;
  readonly finished = Promise.withResolvers<void>();
  #isTyping = false;

  constructor(message: Message, predecessor: Promise<void>, patienceMs: number) {
    this.message = message;
    this.#predecessor = predecessor;
    this.#endsAtMs = performance.now() + patienceMs;
  }

  showTyping(isTyping: boolean): void {
    if (isTyping !== this.#isTyping) this.message.setTyping(isTyping);
    this.#isTyping = isTyping;
  }

  /** What is waited for, or undefined when the run's time is up before. */
  within<Value>(awaited: Promise<Value>): Promise<Value | undefined> {
    return raceUntil(awaited, this.#endsAtMs);
  }

  /** Resolves when the runs before this one in its room have finished, at the latest 3 s after its beginning. */
  async inOrder(): Promise<void> {
    await raceUntil(this.#predecessor, this.#orderEndsAtMs);
  }
}

/** The runs under way, by room: answers are posted in the order of the questions unless one takes long. */
export class Runs {
  readonly #patienceMs: number;
  readonly #last = new Map<RoomId, Promise<void>>();

  constructor(patienceMs: number) {
    this.#patienceMs = patienceMs;
  }

  begin(message: Message): Run {
    const { roomId } = message;
    const before = this.#last.get(roomId) ?? Promise.resolve();
    const run = new Run(message, before, this.#patienceMs);
    const finished = Promise.all([before, run.finished.promise]).then(() => {
      if (this.#last.get(roomId) === finished) this.#last.delete(roomId);
    });
    this.#last.set(roomId, finished);
    return run;
  }
}

async function raceUntil<Value>(awaited: Promise<Value>, endsAtMs: number): Promise<Value | undefined> {
  let timer: Timer | undefined;
  const timeUp = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), Math.max(0, endsAtMs - performance.now()));
  });
  try {
    return await Promise.race([awaited, timeUp]);
  } finally {
    clearTimeout(timer);
  }
}
