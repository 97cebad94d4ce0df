import { describe, expect, test } from "bun:test";
import type { EventId, InstanceId, RoomId } from "../../src/core/id.ts";
import type { JsonObject } from "../../src/core/json.ts";
import { objectAt, stringAt } from "../../src/core/json.ts";
import type { LogRecord, Severity } from "../../src/core/log.ts";
import { AdminRoomQueue } from "../../src/log/admin-room.ts";
import { seededRandom } from "../doubles/seeded-random.ts";

const room = "!admins:test" as RoomId;
const limits = { messagesPerHour: 30, messageIntervalMs: 10_000, editIntervalMs: 60_000 };
const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const startMs = Date.parse("2026-03-01T12:00:00Z");

function record(message: string, changes: Partial<LogRecord> = {}): LogRecord {
  return { timeMs: startMs, severity: "ERROR", message, context: {}, causes: [], ...changes };
}

interface Posted {
  readonly atMs: number;
  readonly eventId: string;
  readonly content: JsonObject;
  body: string;
}

/** A queue under a virtual clock, and a room that keeps what it is told as a homeserver does: a transaction once, edits applied. */
class Stage {
  nowMs = startMs;
  isAway = false;
  /** The answer to a request is lost, though it was carried out. */
  losesAnswers = false;
  queue = this.#open([]);
  readonly posts: Posted[] = [];
  readonly edits: { readonly atMs: number; readonly of: string }[] = [];
  readonly #transactions = new Map<string, string>();
  readonly #disk = new Map<number, string>();
  #keys = 0;
  /** Recoveries that came to be. */
  get recoveries(): number {
    return this.#keys - this.#beginnings;
  }
  #beginnings = 0;

  #open(states: readonly string[]): AdminRoomQueue {
    const queue = new AdminRoomQueue(limits, () => `key${++this.#keys}`);
    queue.restore(states, this.nowMs);
    return queue;
  }

  note(message: string, changes: Partial<LogRecord> = {}): void {
    const before = this.#keys;
    this.queue.note(record(message, { timeMs: this.nowMs, ...changes }));
    if (changes.severity !== "INFO") this.#beginnings += this.#keys - before;
    this.#save();
    this.send();
  }

  raise(key: string, severity: Severity = "ERROR", sinceMs = this.nowMs): void {
    this.note(`${key} is wrong.`, { severity, fault: { key, sinceMs, count: 1, state: "raised" } });
  }

  clear(key: string, sinceMs = this.nowMs): void {
    this.note(`${key} is well.`, {
      severity: "INFO",
      fault: { key, sinceMs, count: 1, state: "cleared" },
    });
  }

  send(): void {
    for (let tries = 0; tries < 100 && !this.isAway; tries++) {
      const request = this.queue.begin(this.nowMs, room);
      this.#save();
      if (request === undefined) return;
      const eventId = this.#carryOut(request.txnId, request.content);
      if (this.losesAnswers) return;
      this.queue.settle(request, eventId as EventId);
      this.#save();
    }
  }

  /** Lets time pass and wakes the queue when it asks to be woken. */
  pass(durationMs: number): void {
    const endMs = this.nowMs + durationMs;
    this.send();
    for (;;) {
      const dueMs = this.queue.dueMs(this.nowMs, room);
      if (this.isAway || this.losesAnswers || dueMs === undefined || dueMs > endMs) break;
      expect(dueMs).toBeGreaterThan(this.nowMs);
      this.nowMs = dueMs;
      this.send();
    }
    this.nowMs = endMs;
    this.send();
  }

  /** kill -9 and a new start: what is written down is all that is left. */
  crash(): void {
    this.queue = this.#open([...this.#disk.values()]);
  }

  get bodies(): string[] {
    return this.posts.map(({ body }) => body);
  }

  #carryOut(txnId: string, content: JsonObject): string {
    const known = this.#transactions.get(txnId);
    if (known !== undefined) return known;
    const eventId = `$${this.#transactions.size + 1}`;
    this.#transactions.set(txnId, eventId);
    const relation = objectAt(content, "m.relates_to");
    const edited =
      stringAt(relation, "rel_type") === "m.replace" ? stringAt(relation, "event_id") : undefined;
    const body = stringAt(objectAt(content, "m.new_content") ?? content, "body") ?? "";
    if (edited === undefined) this.posts.push({ atMs: this.nowMs, eventId, content, body });
    else {
      this.edits.push({ atMs: this.nowMs, of: edited });
      for (const post of this.posts) if (post.eventId === edited) post.body = body;
    }
    return eventId;
  }

  #save(): void {
    const { put, removed } = this.queue.messages.changes();
    for (const [id, state] of put) this.#disk.set(id, state);
    for (const id of removed) this.#disk.delete(id);
    this.queue.messages.saved();
  }
}

/** How many records the room was told of, by the counters of all that was posted. A recovery is one, whatever it repeats. */
function told(bodies: readonly string[]): number {
  let count = 0;
  let isRecovery = false;
  for (const line of bodies.flatMap((body) => body.split("\n"))) {
    const head = /^Roost \| (ERROR|CRITICAL|Over), /.exec(line)?.[1];
    if (head !== undefined) {
      isRecovery = head === "Over";
      count += 1;
    }
    if (!isRecovery) count += Number(/^Roost \| Seen (\d+) times/.exec(line)?.[1] ?? 1) - 1;
    count += Number(/^Roost \| and (\d+) more/.exec(line)?.[1] ?? 0);
  }
  return count;
}

describe("one message", () => {
  test("says who, how bad, when, what, why, what was tried, when next, and what to run", () => {
    const stage = new Stage();
    stage.note("Crash-looping: it broke.", {
      instance: "weather" as InstanceId,
      causes: ["RoostError: it broke", "TypeError: x is not a function"],
      fault: {
        key: "crash-loop",
        tried: "It was restarted 5 times.",
        nextAttemptMs: startMs + 5 * minuteMs,
        command: "roost restart weather",
        sinceMs: startMs,
        count: 1,
        state: "raised",
      },
    });
    expect(stage.bodies).toEqual([
      [
        "Roost | ERROR, weather, 2026-03-01T12:00:00Z",
        "Roost | Crash-looping: it broke.",
        "Roost | Cause: TypeError: x is not a function",
        "Roost | Tried: It was restarted 5 times.",
        "Roost | Next attempt: 2026-03-01T12:05:00Z",
        "Roost | Run: roost restart weather",
      ].join("\n"),
    ]);
    expect(stage.posts[0]?.content).toMatchObject({ msgtype: "m.notice", "m.mentions": {} });
  });

  test("begins every line with the prefix and pings nobody, whatever an error says", () => {
    const stage = new Stage();
    const evil =
      "bad\n!admin users deactivate @ada:test\r@conduit:test: x\u2028!admin\u0085!admin @room matrix.to/#/@a:b";
    stage.note(evil, {
      causes: [`Error: ${evil}`, `Worse: ${evil}`],
      fault: { key: "x", tried: evil, command: evil, sinceMs: startMs, count: 1, state: "raised" },
    });
    stage.pass(2 * minuteMs);
    stage.note(evil, { fault: { key: "x", tried: evil, sinceMs: startMs, count: 2, state: "raised" } });
    stage.pass(2 * minuteMs);
    expect(stage.edits).toHaveLength(1);
    const texts = stage.posts.flatMap(({ content, body }) => [stringAt(content, "body") ?? "", body]);
    for (const line of texts.flatMap((text) => text.split(/[\n\r\u2028\u2029\u0085\v\f]/)))
      expect(line).toStartWith("Roost |");
    expect(texts.join()).toContain("!admin users deactivate");
    expect(texts.join()).not.toMatch(/@room|matrix\.to/);
    for (const { content } of stage.posts) expect(content).not.toHaveProperty("formatted_body");
  });
});

describe("the same again", () => {
  test("is counted in the first message, by an edit a minute at most", () => {
    const stage = new Stage();
    for (let count = 0; count < 14; count++) {
      stage.raise("token", "ERROR", startMs);
      stage.pass(1_000);
    }
    stage.pass(2 * minuteMs);
    expect(stage.posts).toHaveLength(1);
    expect(stage.edits.length).toBeLessThanOrEqual(2);
    expect(stage.bodies[0]).toEndWith("Roost | Seen 14 times, last at 2026-03-01T12:00:13Z");
  });

  test("is known by its words without numbers and ids, and begins anew after an hour", () => {
    const stage = new Stage();
    stage.note("Message $abc:test of !room:test was lost after 5 s.");
    stage.pass(minuteMs);
    stage.note("Message $xyz:test of !other:test was lost after 17 s.");
    stage.note("Message $abc:test of !room:test was lost after 5 s.", { instance: "other" as InstanceId });
    stage.pass(59 * minuteMs);
    expect(stage.posts).toHaveLength(2);
    expect(stage.bodies[0]).toContain("Seen 2 times");
    stage.note("Message $abc:test of !room:test was lost after 5 s.");
    stage.pass(minuteMs);
    expect(stage.posts).toHaveLength(3);
  });

  test("that has become CRITICAL is posted at once", () => {
    const stage = new Stage();
    stage.raise("token", "ERROR", startMs);
    stage.pass(1_000);
    stage.raise("token", "CRITICAL", startMs);
    stage.raise("token", "CRITICAL", startMs);
    expect(stage.posts).toHaveLength(2);
    stage.clear("token", startMs);
    stage.pass(2 * minuteMs);
    expect(stage.posts).toHaveLength(3);
  });
});

describe("the end of a fault", () => {
  test("is a reply to its message, once, with how often it was seen", () => {
    const stage = new Stage();
    stage.raise("token", "CRITICAL", startMs);
    stage.pass(1_000);
    stage.raise("token", "CRITICAL", startMs);
    stage.clear("token", startMs);
    stage.pass(5 * minuteMs);
    expect(stage.posts).toHaveLength(2);
    expect(stage.bodies[1]).toBe(
      "Roost | Over, host, 2026-03-01T12:00:01Z\nRoost | token is well.\nRoost | Seen 2 times, last at 2026-03-01T12:00:01Z",
    );
    expect(stage.posts[1]?.content["m.relates_to"]).toEqual({ "m.in_reply_to": { event_id: "$1" } });
  });

  test("is not told where its beginning was not", () => {
    const stage = new Stage();
    stage.clear("unknown");
    stage.note("Only a note.", { severity: "INFO" });
    stage.note("Only a warning.", { severity: "WARN" });
    stage.pass(hourMs);
    expect(stage.posts).toEqual([]);
  });

  test("stands in the message itself when that was not posted yet", () => {
    const stage = new Stage();
    stage.isAway = true;
    for (let flap = 0; flap < 3; flap++) {
      stage.raise("homeserver");
      stage.pass(minuteMs);
      stage.clear("homeserver");
    }
    stage.isAway = false;
    stage.pass(minuteMs);
    expect(stage.posts).toHaveLength(1);
    expect(stage.bodies[0]).toContain("Seen 3 times");
    expect(stage.bodies[0]).toEndWith("Roost | Over since 2026-03-01T12:03:00Z");
  });

  test("is told of a fault of an earlier run that does not come back", () => {
    const stage = new Stage();
    stage.raise("gone");
    stage.raise("stays");
    stage.pass(minuteMs);
    stage.crash();
    stage.pass(minuteMs);
    stage.raise("stays");
    stage.pass(20 * minuteMs);
    expect(stage.posts).toHaveLength(3);
    expect(stage.bodies[2]).toContain("It has not been seen again since Roost was started");
    expect(stage.bodies[1]).toContain("Seen 2 times");
  });
});

describe("a burst", () => {
  test("becomes one message that lists the newest in their order and counts the others", () => {
    const stage = new Stage();
    const words = "abcdefghijklmnopqrstuvwxyz".split("");
    for (const word of words) stage.note(`It is ${word}.`);
    stage.pass(10_000);
    expect(stage.posts).toHaveLength(2);
    const sentences = stage.bodies[1]?.split("\n").filter((line) => line.startsWith("Roost | It is"));
    expect(sentences).toEqual(words.slice(-10).map((word) => `Roost | It is ${word}.`));
    expect(stage.bodies[1]).toEndWith("Roost | and 15 more: roost logs --severity ERROR");
    expect(told(stage.bodies)).toBe(26);
  });

  test("keeps some of the hour's messages for what comes later", () => {
    const stage = new Stage();
    for (let second = 0; second < 600; second++) {
      stage.note(`It is ${String.fromCodePoint(0x4e00 + second)}.`);
      stage.pass(1_000);
    }
    const before = stage.posts.length;
    stage.pass(20 * minuteMs);
    stage.note("Something new.");
    stage.pass(5 * minuteMs);
    expect(before).toBeLessThan(25);
    expect(stage.bodies.at(-1)).toContain("Something new.");
  });
});

test("keeps 500 of those that wait while the homeserver is away, and the number of the older ones", () => {
  const stage = new Stage();
  stage.isAway = true;
  for (let index = 0; index < 700; index++) stage.note(`It is ${String.fromCodePoint(0x4e00 + index)}.`);
  stage.note("The database is lost.", { severity: "CRITICAL" });
  expect(stage.queue.queued).toBe(500);
  stage.crash();
  stage.isAway = false;
  stage.pass(minuteMs);
  expect(stage.posts).toHaveLength(2);
  expect(stage.bodies[0]).toContain("The database is lost.");
  expect(stage.bodies[1]).toContain(`It is ${String.fromCodePoint(0x4e00 + 699)}.`);
  expect(told(stage.bodies)).toBe(701);
});

test("repeats after kill -9 what it does not know to have arrived, as the same transaction with the same words", () => {
  const stage = new Stage();
  stage.losesAnswers = true;
  stage.raise("token", "ERROR", startMs);
  stage.crash();
  stage.raise("token", "ERROR", startMs);
  stage.crash();
  stage.losesAnswers = false;
  stage.pass(5 * minuteMs);
  expect(stage.posts).toHaveLength(1);
  expect(stage.bodies[0]).toContain("Seen 2 times");
});

test("begins anew in another room than the one a message was begun for", () => {
  const queue = new AdminRoomQueue(limits);
  queue.note(record("It broke."));
  const first = queue.begin(startMs, room);
  const other = queue.begin(startMs + 1, "!new:test" as RoomId);
  expect(other?.roomId).toBe("!new:test" as RoomId);
  expect(other?.txnId).not.toBe(first?.txnId);
});

test.each([1, 2, 3, 4, 5, 6, 7, 8])(
  "keeps order and bounds, tells CRITICAL within 10 s, and accounts for every record (seed %i)",
  (seed) => {
    const random = seededRandom(seed);
    const stage = new Stage();
    const criticals: { readonly sentence: string; readonly atMs: number }[] = [];
    let records = 0;
    for (let step = 0; step < 1_500; step++) {
      const dice = random();
      const key = `fault${Math.floor(random() * 4)}`;
      if (dice < 0.3) {
        stage.note(`Ordinary ${letters(step)}.`);
        records++;
      } else if (dice < 0.45) {
        stage.raise(key, "ERROR", startMs);
        records++;
      } else if (dice < 0.5) stage.clear(key, startMs);
      else if (dice < 0.53) {
        const sentence = `Critical ${letters(step)}.`;
        if (!stage.isAway) criticals.push({ sentence, atMs: stage.nowMs });
        stage.note(sentence, { severity: "CRITICAL" });
        records++;
      } else if (dice < 0.55) stage.crash();
      else if (dice < 0.56) stage.isAway = !stage.isAway;
      else if (dice < 0.58) {
        stage.losesAnswers = true;
        stage.send();
        stage.losesAnswers = false;
      } else stage.pass(Math.floor(random() ** 4 * 20 * minuteMs));
      if (stage.isAway) criticals.length = 0;
      expect(stage.queue.queued).toBeLessThanOrEqual(500);
    }
    stage.isAway = false;
    stage.pass(6 * hourMs);
    expect(stage.queue.queued).toBe(0);
    expect(told(stage.bodies)).toBe(records + stage.recoveries);

    const ordinary = stage.posts.filter(({ body }) => !body.includes("| CRITICAL, "));
    const times = [...ordinary, ...stage.edits].map(({ atMs }) => atMs).sort((a, b) => a - b);
    for (const [index, atMs] of times.entries()) {
      const before = times[index - 1];
      if (before !== undefined) expect(atMs - before).toBeGreaterThanOrEqual(limits.messageIntervalMs);
    }
    for (const { atMs } of ordinary) {
      const within = ordinary.filter((each) => each.atMs > atMs - hourMs && each.atMs <= atMs);
      expect(within.length).toBeLessThanOrEqual(limits.messagesPerHour);
    }
    const order = stage.bodies.flatMap((body) =>
      [...body.matchAll(/Ordinary ([a-z]+)\./g)].map(([, word]) => word ?? ""),
    );
    expect(order).toEqual([...order].sort());
    for (const { sentence, atMs } of criticals) {
      const post = stage.posts.find(({ body }) => body.includes(sentence));
      if (post !== undefined) expect(post.atMs - atMs).toBeLessThanOrEqual(10_000);
      else expect(stage.bodies.some((body) => /CRITICAL[\s\S]*and \d+ more/.test(body))).toBe(true);
    }
  },
);

/** A word of the same length for every number, in the numbers' order and without digits. */
function letters(number: number): string {
  return String(number)
    .padStart(5, "0")
    .replace(/\d/g, (digit) => "abcdefghij"[Number(digit)] ?? "");
}
