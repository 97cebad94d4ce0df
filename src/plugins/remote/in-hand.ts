const maxCalls = 1_000;
const maxBytes = 64 * 2 ** 20;

/** What a plugin has asked for and the host has not answered yet: it may be so much, since the host keeps it meanwhile. */
export class InHand {
  #calls = 0;
  #sizeBytes = 0;

  /** Undefined when there is too much already. */
  take(sizeBytes: number): { release(): void } | undefined {
    if (this.#calls >= maxCalls || this.#sizeBytes + sizeBytes > maxBytes) return undefined;
    this.#calls++;
    this.#sizeBytes += sizeBytes;
    return {
      release: () => {
        this.#calls--;
        this.#sizeBytes -= sizeBytes;
      },
    };
  }
}
