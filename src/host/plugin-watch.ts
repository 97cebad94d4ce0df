const lookEveryMs = 1000;

/**
 * Looks at the plugins folder every now and then, one look after the other. What is reported of a folder by the kernel would be
 * quicker, but not on network folders, nor behind the links that a declarative system turns; a look costs a `stat` for each file.
 */
export class PluginWatch {
  readonly #look: () => Promise<void>;
  #timer: Timer | undefined;
  #isLooking = false;

  constructor(look: () => Promise<void>) {
    this.#look = look;
  }

  open(): void {
    this.#timer = setInterval(async () => {
      if (this.#isLooking) return;
      this.#isLooking = true;
      await this.#look().finally(() => {
        this.#isLooking = false;
      });
    }, lookEveryMs);
  }

  close(): void {
    clearInterval(this.#timer);
  }
}
