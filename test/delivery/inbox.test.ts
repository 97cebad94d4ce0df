import { expect, test } from "bun:test";
import { join } from "node:path";
import type { InboxRow } from "../../src/core/delivery.ts";
import { RoostError } from "../../src/core/error.ts";
import type { RoomId, UserId } from "../../src/core/id.ts";
import type { MatrixEvent } from "../../src/core/matrix.ts";
import type { Listener } from "../../src/delivery/gate.ts";
import { Inbox } from "../../src/delivery/inbox.ts";
import { HostStore } from "../../src/store/host-store.ts";
import { batchOf, botId, CollectingLogger, instance, messageOf, roomId, until } from "../doubles/delivery.ts";
import { temporaryFolder } from "../doubles/folder.ts";

const listener: Listener = {
  instance,
  account: botId,
  rooms: new Set([roomId]),
  listening: true,
  subscriptions: [{ kind: "command", prefix: "!echo" }],
  redactsReplies: false,
};

class Bench {
  readonly store: HostStore;
  readonly log = new CollectingLogger();
  readonly handled: string[] = [];
  readonly refetched: string[] = [];
  readonly withdrawn: string[] = [];
  readonly counts = { received: 0, handled: 0, failed: 0 };
  nowMs = Date.now();
  listeners: Listener[] = [listener];
  inbox: Inbox;

  constructor(readonly folder: string) {
    this.store = new HostStore(join(folder, "roost.db"));
    this.store.open();
    this.inbox = this.start();
  }

  start(): Inbox {
    this.inbox = new Inbox({
      store: this.store,
      catchUpMs: 3_600_000,
      own: () => new Set([botId, "@other-bot:test" as UserId]),
      listeners: () => this.listeners,
      fetchEvent: async (row) => {
        this.refetched.push(row.eventId);
        return messageOf(row.eventId, "!echo fetched");
      },
      onWithdrawn: ({ trigger }) => void this.withdrawn.push(trigger),
      onReceived: () => void this.counts.received++,
      onSettled: (_, isHandled) => void this.counts[isHandled ? "handled" : "failed"]++,
      log: () => this.log,
      now: () => this.nowMs,
    });
    return this.inbox;
  }

  run = async (row: InboxRow, event: MatrixEvent): Promise<void> => {
    this.handled.push(`${row.eventId}${row.key} ${String(event.content.body)}`);
  };

  [Symbol.dispose](): void {
    this.inbox.detach(instance);
    this.store.close();
  }
}

const asked = [messageOf("$1", "!echo one"), messageOf("$2", "!echo two")];

test("matched messages are handled in order and settled", async () => {
  using folder = temporaryFolder();
  using bench = new Bench(folder.path);
  bench.inbox.attach(instance, bench.run);
  bench.inbox.accept(batchOf(asked));
  await until("both are settled", () => bench.store.countQueued(instance) === 0);
  expect(bench.handled).toEqual(["$1 !echo one", "$2 !echo two"]);
  expect(bench.refetched).toEqual([]);
});

test("own messages, other bots', notices, edits, unlisted rooms and unmatched text cause nothing", () => {
  using folder = temporaryFolder();
  using bench = new Bench(folder.path);
  const text = { msgtype: "m.text", body: "!echo x" };
  bench.inbox.accept(
    batchOf([
      messageOf("$own", "!echo", { sender: botId }),
      messageOf("$bot", "!echo", { sender: "@other-bot:test" as UserId }),
      messageOf("$notice", "", { content: { ...text, msgtype: "m.notice" } }),
      messageOf("$edit", "", {
        content: { ...text, "m.relates_to": { rel_type: "m.replace", event_id: "$1" } },
      }),
      messageOf("$else", "!echo", { roomId: "!unlisted:test" as RoomId }),
      messageOf("$talk", "hello"),
      messageOf("$redacted", "", { content: {} }),
    ]),
  );
  expect(bench.store.countQueued(instance)).toBe(0);
});

test("messages posted while a person keeps the instance stopped stay unanswered", () => {
  using folder = temporaryFolder();
  using bench = new Bench(folder.path);
  bench.listeners = [{ ...listener, listening: false }];
  bench.inbox.accept(batchOf(asked));
  bench.listeners = [listener];
  bench.inbox.attach(instance, bench.run);
  expect(bench.store.countQueued(instance)).toBe(0);
});

test("messages that came while the plugin was down are handled when it is up, fetched again from the homeserver", async () => {
  using folder = temporaryFolder();
  using bench = new Bench(folder.path);
  bench.inbox.accept(batchOf(asked));
  bench.start().attach(instance, bench.run);
  await until("both are settled", () => bench.store.countQueued(instance) === 0);
  expect(bench.handled).toEqual(["$1 !echo fetched", "$2 !echo fetched"]);
});

test("a message whose handler the plugin's death cut short runs again, but one that kills it four times is given up", async () => {
  using folder = temporaryFolder();
  using bench = new Bench(folder.path);
  let runs = 0;
  const die = async () => {
    runs++;
    throw new RoostError("plugin-crashed", "dead");
  };
  bench.inbox.accept(batchOf(asked.slice(0, 1)));
  for (let start = 1; start <= 4; start++) {
    bench.inbox.attach(instance, die);
    await until(`run ${start} has ended`, () => runs === start);
    await Bun.sleep(1);
    bench.inbox.detach(instance);
  }
  await until("it is given up", () => bench.store.countQueued(instance) === 0);
  expect(bench.log.lines).toEqual(["ERROR A message broke the plugin four times and is given up."]);
});

test("a handler that fails is settled and logged, and does not hold up the next message", async () => {
  using folder = temporaryFolder();
  using bench = new Bench(folder.path);
  bench.inbox.attach(instance, async (row, event) => {
    if (row.eventId === asked[0]?.eventId) throw new Error("broken handler");
    await bench.run(row, event);
  });
  bench.inbox.accept(batchOf(asked));
  await until("both are settled", () => bench.store.countQueued(instance) === 0);
  expect(bench.handled).toEqual(["$2 !echo two"]);
  expect(bench.log.lines).toEqual(["ERROR A message could not be handled: broken handler"]);
  expect(bench.counts).toEqual({ received: 2, handled: 1, failed: 1 });
});

test("a message whose answer could not be written down waits, says so, and is handled when it can be", async () => {
  using folder = temporaryFolder();
  using bench = new Bench(folder.path);
  let tries = 0;
  bench.inbox.attach(instance, async (row, event) => {
    if (++tries === 1) throw new RoostError("database", "The disk is full. Free some.", { retryAfterMs: 20 });
    await bench.run(row, event);
  });
  bench.nowMs = 0;
  bench.inbox.accept(batchOf([messageOf("$1", "!echo one")]));
  await until("it waits", () => bench.inbox.troubleOf(instance) !== undefined);
  expect(bench.log.lines).toEqual(["WARN A message waits to be handled: The disk is full. Free some."]);
  expect(bench.store.countQueued(instance)).toBe(1);
  await until("it is settled", () => bench.store.countQueued(instance) === 0);
  expect(bench.handled).toEqual(["$1 !echo fetched"]);
  expect(bench.counts).toEqual({ received: 1, handled: 1, failed: 0 });
  expect(bench.inbox.troubleOf(instance)).toBeUndefined();
});

test("a deferred message runs again when it is due, also after a restart", async () => {
  using folder = temporaryFolder();
  using bench = new Bench(folder.path);
  bench.inbox.attach(instance, async (row, event) => {
    await bench.run(row, event);
    if (row.key === "") bench.inbox.defer(row, "later", bench.nowMs + 60_000);
  });
  bench.inbox.accept(batchOf(asked.slice(0, 1)));
  await until("the first run is settled", () => bench.handled.length === 1);
  await Bun.sleep(5);
  bench.inbox.detach(instance);
  bench.nowMs += 61_000;
  bench.start().attach(instance, bench.run);
  await until("the deferred run is settled", () => bench.store.countQueued(instance) === 0);
  expect(bench.handled).toEqual(["$1 !echo one", "$1later !echo fetched"]);
  expect(bench.counts).toEqual({ received: 1, handled: 1, failed: 0 });
});

test("after a long absence only messages younger than the catch-up time are answered, and the others are counted", () => {
  using folder = temporaryFolder();
  using bench = new Bench(folder.path);
  const old = messageOf("$old", "!echo", { originServerTs: bench.nowMs - 2 * 3_600_000 });
  bench.inbox.accept(batchOf([old, messageOf("$new", "!echo")], "s2", 3 * 3_600_000));
  expect(bench.store.countQueued(instance)).toBe(1);
  expect(bench.log.lines.length).toBe(1);
  expect(bench.log.lines[0]).toStartWith("WARN Messages that arrived while Roost was away");
});

test("two instances on one account each get their own row for a message", () => {
  using folder = temporaryFolder();
  using bench = new Bench(folder.path);
  const other = { ...listener, instance: "second" as typeof instance };
  bench.listeners = [listener, other];
  bench.inbox.accept(batchOf(asked));
  expect([bench.store.countQueued(instance), bench.store.countQueued(other.instance)]).toEqual([2, 2]);
});

test("nothing counts as received when the batch cannot be stored", () => {
  using folder = temporaryFolder();
  using bench = new Bench(folder.path);
  bench.store.close();
  expect(() => bench.inbox.accept(batchOf(asked))).toThrow(RoostError);
  bench.store.open();
  expect(bench.store.loadSyncState(botId)).toBeUndefined();
});

test("a redacted message is withdrawn for the bots that want it so, and for no others", () => {
  using folder = temporaryFolder();
  using bench = new Bench(folder.path);
  const redaction = messageOf("$redaction", "", { type: "m.room.redaction", content: { redacts: "$1" } });
  bench.inbox.accept(batchOf([redaction]));
  expect(bench.withdrawn).toEqual([]);
  bench.listeners = [{ ...listener, redactsReplies: true }];
  bench.inbox.accept(batchOf([redaction]));
  expect(bench.withdrawn).toEqual(["$1"]);
});

test("a clock that is set back keeps no message waiting that is to be tried again", async () => {
  using folder = temporaryFolder();
  using bench = new Bench(folder.path);
  let tries = 0;
  bench.inbox.attach(instance, async () => {
    if (tries++ === 0) throw new RoostError("homeserver-busy", "Wait.", { retryAfterMs: 10 });
  });
  bench.inbox.accept(batchOf([messageOf("$1", "!echo one")]));
  bench.nowMs -= 3_600_000;
  await until("it is settled", () => bench.store.countQueued(instance) === 0);
  expect(tries).toBe(2);
});
