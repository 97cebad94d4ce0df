import { expect, test } from "bun:test";
import { join } from "node:path";
import { HostStore } from "../../src/store/host-store.ts";
import { AvailabilityBook } from "../../src/vitals/availability.ts";
import { instance } from "../doubles/delivery.ts";
import { temporaryFolder } from "../doubles/folder.ts";

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

/** A book on a real database, and a machine whose clocks we turn. */
class Bench {
  readonly #folder = temporaryFolder();
  #store = this.#openStore();
  book = this.#newBook();
  wallMs = Date.parse("2025-03-01T12:30:00Z");
  bootMs = 1_000_000;
  runMs = 1_000;

  constructor() {
    this.book.open();
  }

  pass(timeMs: number): void {
    this.wallMs += timeMs;
    this.bootMs += timeMs;
    this.runMs += timeMs;
  }

  suspend(timeMs: number): void {
    this.wallMs += timeMs;
    this.bootMs += timeMs;
  }

  /** Another host on the same data folder, as after a kill. */
  restart(): void {
    this.#store.close();
    this.#store = this.#openStore();
    this.book = this.#newBook();
    this.book.open();
  }

  /** In minutes. */
  get seen(): [wanted: number, running: number] {
    const { wantedMs, runningMs } = this.book.of(instance);
    return [wantedMs / minuteMs, runningMs / minuteMs];
  }

  [Symbol.dispose](): void {
    this.#store.close();
    this.#folder[Symbol.dispose]();
  }

  #openStore(): HostStore {
    const store = new HostStore(join(this.#folder.path, "roost.db"));
    store.open();
    return store;
  }

  #newBook(): AvailabilityBook {
    return new AvailabilityBook(this.#store.availability, {
      wallMs: () => this.wallMs,
      bootMs: () => this.bootMs,
      runMs: () => this.runMs,
    });
  }
}

test("time that an instance was wanted and did not run counts against it, time stopped by a person does not count", () => {
  using bench = new Bench();
  bench.book.note(instance, true, false);
  bench.pass(minuteMs);
  bench.book.note(instance, true, true);
  bench.pass(9 * minuteMs);
  bench.book.note(instance, false, false);
  bench.pass(hourMs);
  expect(bench.seen).toEqual([10, 9]);
  bench.book.beat();
  expect(bench.seen).toEqual([10, 9]);
});

test("the host's own downtime counts from its last beat on, across hours, for what was wanted then", () => {
  using bench = new Bench();
  bench.book.note(instance, true, true);
  bench.pass(10 * minuteMs);
  bench.book.beat();
  bench.pass(2 * hourMs);
  bench.restart();
  expect(bench.seen).toEqual([130, 10]);
  // A host that dies before its own first beat takes nothing back.
  bench.pass(20 * minuteMs);
  bench.restart();
  bench.book.note(instance, true, true);
  bench.pass(10 * minuteMs);
  expect(bench.seen).toEqual([160, 20]);
});

test("downtime of what people had stopped is not charged", () => {
  using bench = new Bench();
  bench.book.note(instance, false, false);
  bench.book.beat();
  bench.pass(hourMs);
  bench.restart();
  expect(bench.seen).toEqual([0, 0]);
});

test("a machine that was suspended was not running, and a step of the clock is no time at all", () => {
  using bench = new Bench();
  bench.book.note(instance, true, true);
  bench.pass(30 * minuteMs);
  bench.suspend(30 * minuteMs);
  expect(bench.seen).toEqual([60, 30]);
  bench.wallMs -= 5 * hourMs;
  bench.pass(minuteMs);
  expect(bench.seen).toEqual([61, 31]);
});

test("what is older than seven days is forgotten", () => {
  using bench = new Bench();
  bench.book.note(instance, true, false);
  bench.pass(30 * minuteMs);
  bench.book.note(instance, true, true);
  for (let hour = 0; hour < 8 * 24; hour++) {
    bench.pass(hourMs);
    bench.book.beat();
  }
  const [wanted, running] = bench.seen;
  expect(running).toBe(wanted);
  expect(wanted).toBeLessThanOrEqual(169 * 60);
  expect(wanted).toBeGreaterThanOrEqual(168 * 60);
});

test("a beat that could not be written is made up for by the next", () => {
  using bench = new Bench();
  let isFull = true;
  const written: number[] = [];
  const book = new AvailabilityBook(
    {
      loadBeat: () => undefined,
      sumsSince: () => new Map(),
      add: (_, spans) => {
        if (isFull) throw new Error("disk full");
        written.push(...spans.map(({ wantedMs }) => wantedMs));
      },
    },
    { wallMs: () => bench.wallMs, bootMs: () => bench.bootMs, runMs: () => bench.runMs },
  );
  book.open();
  book.note(instance, true, true);
  bench.pass(minuteMs);
  expect(() => book.beat()).toThrow("disk full");
  bench.pass(minuteMs);
  isFull = false;
  book.beat();
  expect(written).toEqual([2 * minuteMs]);
});
