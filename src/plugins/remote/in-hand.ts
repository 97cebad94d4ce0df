/** Carried out at once. */
const mostAtOnce = 1_000;
/** Asked for and not answered yet, what waits for its turn included. */
const mostAsked = 10_000;
const maxBytes = 64 * 2 ** 20;

/** A plugin's request. `turn` resolves when it is to be carried out; undefined when that is at once. */
export interface Held {
  readonly turn: Promise<void> | undefined;
  release(): void;
}

/**
 * What a plugin has asked for and the host has not answered yet: so much is carried out at once and the rest waits its turn, in the
 * order in which it came. The host keeps all of it meanwhile, so it may only be so much.
 */
export class InHand {
  #asked = 0;
  #sizeBytes = 0;
  #underWay = 0;
  readonly #waiting = new Set<() => void>();

  /** Undefined when there is too much already. */
  take(sizeBytes: number): Held | undefined {
    if (this.#asked >= mostAsked || this.#sizeBytes + sizeBytes > maxBytes) return undefined;
    this.#asked++;
    this.#sizeBytes += sizeBytes;
    const release = () => {
      this.#asked--;
      this.#sizeBytes -= sizeBytes;
      this.#passOn();
    };
    if (this.#underWay < mostAtOnce) {
      this.#underWay++;
      return { turn: undefined, release };
    }
    const { promise: turn, resolve } = Promise.withResolvers<void>();
    this.#waiting.add(resolve);
    return { turn, release };
  }

  /** One is through: its place is the next one's. */
  #passOn(): void {
    const [next] = this.#waiting;
    if (next === undefined) this.#underWay--;
    else {
      this.#waiting.delete(next);
      next();
    }
  }
}
