import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { asInstanceId } from "../../src/core/id.ts";
import type { RecordQuery } from "../../src/core/record.ts";
import { RecentRecords } from "../../src/log/recent.ts";
import { LogRouter } from "../../src/log/router.ts";
import type { RecordBounds } from "../../src/store/record-database.ts";
import { RecordStore } from "../../src/store/record-store.ts";
import { until } from "../doubles/delivery.ts";
import { temporaryFolder } from "../doubles/folder.ts";

const insta = asInstanceId("insta");
const echo = asInstanceId("echo");
const dayMs = 24 * 3_600_000;

interface Options {
  readonly bounds?: RecordBounds;
  readonly now?: () => number;
  /** Of the ring beside the store. */
  readonly inMemory?: number;
}

/** A log as the host builds it: router, ring and store. The ring is small, so that what is read comes from the file. */
function openLog(folder: string, { bounds, now, inMemory = 2 }: Options = {}) {
  const router = new LogRouter(now);
  const store = new RecordStore({
    folder,
    log: router.logger(),
    retryMs: 20,
    ...(bounds === undefined ? {} : { bounds }),
  });
  const records = new RecentRecords(store, inMemory);
  router.addSink(records.sink, "INFO");
  store.open();
  const all = (query: Partial<RecordQuery> = {}) => records.query({ limit: 10_000, ...query });
  const messages = (query?: Partial<RecordQuery>) => all(query).map(({ message }) => message);
  return { router, store, records, all, messages, [Symbol.dispose]: () => store.close() };
}

function rowCountOf(folder: string): number {
  const db = new Database(join(folder, "log.db"), { readonly: true });
  const row = db.query<{ count: number }, []>("SELECT count(*) AS count FROM record").get();
  db.close();
  return row?.count ?? 0;
}

describe("kept records", () => {
  test("are the same after a restart, numbers, context, causes and fault included", () => {
    using folder = temporaryFolder();
    const first = openLog(folder.path);
    first.router.logger(insta).info("Plain.");
    first.router.logger(insta).warn("No answer.", { attempt: 2, ok: false }, new Error("ECONNREFUSED"));
    first.router.logger().raise("ERROR", { key: "disk", command: "df" }, "The disk is full.");
    const before = first.all();
    first.store.close();
    using second = openLog(folder.path);
    expect(second.all()).toEqual([...before]);
    expect(second.all()[2]?.fault).toMatchObject({ key: "disk", command: "df", state: "raised", count: 1 });
    second.router.logger().info("Later.");
    expect(second.all().at(-1)?.id).toBeGreaterThan(before.at(-1)?.id ?? Infinity);
  });

  test("have greater numbers after a restart also where the clock was set back", () => {
    using folder = temporaryFolder();
    const first = openLog(folder.path, { now: () => Date.now() });
    first.router.logger().info("before");
    first.store.close();
    using second = openLog(folder.path, { now: () => Date.now() - dayMs });
    second.router.logger().info("after");
    expect(second.messages()).toEqual(["before", "after"]);
  });

  test("of ERROR and worse are on disk at once, the others when the file is closed at the latest", () => {
    using folder = temporaryFolder();
    const log = openLog(folder.path);
    log.router.logger().error("at once");
    const written = statSync(join(folder.path, "log.db-wal")).size;
    log.router.logger().info("soon");
    expect(statSync(join(folder.path, "log.db-wal")).size).toBe(written);
    log.store.close();
    expect(rowCountOf(folder.path)).toBe(2);
  });

  test("are written by themselves a moment later", async () => {
    using folder = temporaryFolder();
    using log = openLog(folder.path);
    log.router.logger().error("first");
    const written = statSync(join(folder.path, "log.db-wal")).size;
    log.router.logger().info("soon");
    await until("it is written", () => statSync(join(folder.path, "log.db-wal")).size > written);
  });

  test("are bounded by count for each instance, and by age", () => {
    using folder = temporaryFolder();
    let nowMs = Date.now() - 3 * dayMs;
    const bounds = { maxCount: 600, maxAgeMs: dayMs, maxBytes: 1e9 };
    using log = openLog(folder.path, { bounds, now: () => nowMs });
    log.router.logger(echo).info("old");
    nowMs = Date.now();
    log.router.logger(echo).info("quiet");
    for (let i = 0; i < 1500; i++) log.router.logger(insta).info(`${i}`);
    log.router.logger().error("written");
    expect(log.messages({ instance: echo })).toEqual(["quiet"]);
    expect(log.messages({ instance: insta }).length).toBe(600);
    expect(log.messages({ instance: insta }).at(-1)).toBe("1499");
  });

  test("are bounded by the size of the file, the oldest going first", () => {
    using folder = temporaryFolder();
    const bounds = { maxCount: 100_000, maxAgeMs: dayMs, maxBytes: 400_000 };
    const log = openLog(folder.path, { bounds });
    for (let i = 0; i < 3000; i++) {
      log.router.logger(insta).info(`${i} ${"x".repeat(1000)}`);
      if (i % 50 === 0) log.router.logger().error("written");
    }
    expect(log.messages().at(-1)).toStartWith("2999 ");
    log.store.close();
    expect(statSync(join(folder.path, "log.db")).size).toBeLessThan(800_000);
    expect(rowCountOf(folder.path)).toBeGreaterThan(100);
  });
});

describe("a query of the file", () => {
  const from = Date.parse("2026-03-01T00:00:00Z");
  const bounds = { maxCount: 5000, maxAgeMs: 100_000 * dayMs, maxBytes: 1e9 };

  function filled(folder: string) {
    let nowMs = from;
    const log = openLog(folder, { bounds, now: () => nowMs });
    for (const [name, word] of [
      [insta, "pictures"],
      [undefined, "host"],
      [echo, "echoes"],
    ] as const) {
      log.router.logger(name).info(`${word} info`);
      log.router.logger(name).warn(`${word} warn`, { kind: '50% "off"_' }, new Error("Grüße"));
      nowMs += 1000;
    }
    return log;
  }

  test("finds by instance, host, severity and time, alone and together", () => {
    using folder = temporaryFolder();
    using log = filled(folder.path);
    expect(log.messages({ instance: insta })).toEqual(["pictures info", "pictures warn"]);
    expect(log.messages({ instance: null })).toEqual(["host info", "host warn"]);
    expect(log.messages({ severity: "WARN" })).toEqual(["pictures warn", "host warn", "echoes warn"]);
    expect(log.messages({ severity: "ERROR" })).toEqual([]);
    expect(log.messages({ instance: echo, severity: "WARN" })).toEqual(["echoes warn"]);
    expect(log.messages({ sinceMs: from + 1, untilMs: from + 1000 })).toEqual(["host info", "host warn"]);
  });

  test("finds text in message, context and causes, whatever its case, and takes no character for a pattern", () => {
    using folder = temporaryFolder();
    using log = filled(folder.path);
    for (const text of ["GRÜSSE".replace("SS", "ß"), 'KIND=50% "OFF"_', "warn"])
      expect(log.messages({ text }).length).toBe(3);
    for (const text of ["5_%", "50%%", "' OR 1=1 --", "{", "[]", "\\"])
      expect(log.messages({ text })).toEqual([]);
  });

  test("pages to older and to newer records without gap or repetition", () => {
    using folder = temporaryFolder();
    using log = filled(folder.path);
    const whole = log.messages();
    const older: string[] = [];
    for (
      let page = log.all({ limit: 4 });
      page.length > 0;
      page = log.all({ limit: 4, beforeId: page[0]?.id })
    )
      older.unshift(...page.map(({ message }) => message));
    expect(older).toEqual(whole);
    const newer: string[] = [];
    for (let page = log.all({ limit: 4, afterId: 1 }); page.length > 0; ) {
      newer.push(...page.map(({ message }) => message));
      page = log.all({ limit: 4, afterId: page.at(-1)?.id });
    }
    expect(newer).toEqual(whole);
  });
});

describe("a file that cannot be written", () => {
  const faultOf = (log: { router: LogRouter }) =>
    log.router.openFaults().find(({ key }) => key === "log-store");

  test("at the start leaves the records in memory, stands as one WARN, and is written when it can be again", async () => {
    using folder = temporaryFolder();
    const file = join(folder.path, "log.db");
    mkdirSync(file);
    using log = openLog(folder.path, { inMemory: 100 });
    expect(faultOf(log)).toMatchObject({ severity: "WARN", count: 1 });
    log.router.logger(insta).error("in memory");
    expect(log.messages()).toEqual([expect.stringContaining("cannot be opened"), "in memory"]);
    rmSync(file, { recursive: true });
    await until("it is written again", () => faultOf(log) === undefined);
    log.store.close();
    expect(rowCountOf(folder.path)).toBe(3);
  });

  test("because it was deleted is made anew", async () => {
    using folder = temporaryFolder();
    using log = openLog(folder.path, { inMemory: 100 });
    log.router.logger().error("gone with the file");
    for (const name of readdirSync(folder.path)) rmSync(join(folder.path, name));
    log.router.logger().error("after");
    expect(faultOf(log)?.message).toContain("was deleted or replaced");
    await until("it is written again", () => faultOf(log) === undefined);
    expect(log.messages()).toContain("after");
    log.store.close();
    expect(rowCountOf(folder.path)).toBe(3);
  });

  test("because another program holds it keeps nobody waiting", async () => {
    using folder = temporaryFolder();
    openLog(folder.path).store.close();
    const holder = new Database(join(folder.path, "log.db"));
    holder.run("PRAGMA locking_mode = EXCLUSIVE");
    holder.run("BEGIN IMMEDIATE");
    using log = openLog(folder.path, { inMemory: 100 });
    expect(faultOf(log)?.message).toContain("locked");
    log.router.logger().critical("meanwhile");
    holder.close();
    await until("it is written again", () => faultOf(log) === undefined);
    expect(log.messages()).toContain("meanwhile");
  });

  test("for long drops the oldest that wait and costs no memory without bound", async () => {
    using folder = temporaryFolder();
    mkdirSync(join(folder.path, "log.db"));
    using log = openLog(folder.path);
    for (let i = 0; i < 6000; i++) log.router.logger().info(`${i}`);
    rmSync(join(folder.path, "log.db"), { recursive: true });
    await until("it is written again", () => faultOf(log) === undefined);
    const messages = log.messages();
    expect(messages.length).toBe(1001);
    expect(messages.at(-2)).toBe("5999");
  });
});

describe("a damaged file", () => {
  test("found at the start is put aside with a WARN and begun anew", async () => {
    using folder = temporaryFolder();
    writeFileSync(join(folder.path, "log.db.damaged-20200101T000000Z"), "an older one");
    writeFileSync(join(folder.path, "log.db"), "whatever this is, it is no database".repeat(100));
    using log = openLog(folder.path, { inMemory: 100 });
    log.router.logger().info("after");
    expect(log.messages()).toEqual([expect.stringContaining("were damaged and are begun anew"), "after"]);
    expect(log.router.openFaults()).toEqual([]);
    await until("there is a new file", () => readdirSync(folder.path).includes("log.db"));
    const aside = readdirSync(folder.path).filter((name) => name.includes("damaged"));
    expect(aside.length).toBe(1);
    expect(aside[0]).toMatch(/^log\.db\.damaged-2\d{7}T\d{6}Z$/);
    expect(aside[0]).not.toContain("2020");
  });

  test("found while it is read is put aside too", async () => {
    using folder = temporaryFolder();
    const file = join(folder.path, "log.db");
    const first = openLog(folder.path);
    for (let i = 0; i < 5000; i++) first.router.logger().info(`${i} ${"x".repeat(1000)}`);
    first.store.close();
    using log = openLog(folder.path);
    const bytes = readFileSync(file);
    writeFileSync(file, bytes.fill(0x5a, 4096, bytes.length - 4096));
    expect(log.messages({ text: "x" })).toBeDefined();
    await until("it was put aside", () => readdirSync(folder.path).some((name) => name.includes("damaged")));
    log.router.logger().error("after");
    await until("it is kept anew", () => log.messages().includes("after"));
  });
});
