/** Lets changes to one thing come one after the other, and those to different things at once. */
export class Turns {
  readonly #last = new Map<string, Promise<unknown>>();

  /** Runs `work` when every earlier turn of any of these keys is over, whatever became of it. */
  take<Result>(keys: readonly string[], work: () => Promise<Result>): Promise<Result> {
    const before = Promise.all(keys.map((key) => this.#last.get(key)));
    const turn = before.then(work);
    const over = turn.then(
      () => {},
      () => {},
    );
    for (const key of keys) this.#last.set(key, over);
    void over.then(() => {
      for (const key of keys) if (this.#last.get(key) === over) this.#last.delete(key);
    });
    return turn;
  }
}
