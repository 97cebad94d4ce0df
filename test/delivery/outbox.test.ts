import { expect, test } from "bun:test";
import { join } from "node:path";
import { RoostError } from "../../src/core/error.ts";
import type { EventId, InstanceId, RoomId } from "../../src/core/id.ts";
import type { JsonObject } from "../../src/core/json.ts";
import type { Account } from "../../src/core/matrix.ts";
import { Outbox, type SendRequest, txnIdOf } from "../../src/delivery/outbox.ts";
import { HostStore } from "../../src/store/host-store.ts";
import { botId, CollectingLogger, instance, refusalOf, roomId, until } from "../doubles/delivery.ts";
import { temporaryFolder } from "../doubles/folder.ts";

/** A homeserver's side of sending: `answer` decides what becomes of each attempt. */
class FakeHomeserver {
  readonly attempts: { txnId: string; body: unknown; roomId: string }[] = [];
  readonly redacted: EventId[] = [];
  answer: (attempt: number) => Promise<EventId> = async (attempt) => `$sent${attempt}` as EventId;

  readonly account = {
    userId: botId,
    status: () => ({ state: "syncing" }),
    send: (room: RoomId, _type: string, txnId: string, content: JsonObject) => {
      this.attempts.push({ txnId, body: content.body, roomId: room });
      return this.answer(this.attempts.length);
    },
    redact: async (_room: RoomId, target: EventId) => {
      this.redacted.push(target);
      return "$redaction" as EventId;
    },
  } as unknown as Account;
}

function setUp(folder: string) {
  const store = new HostStore(join(folder, "roost.db"));
  store.open();
  const homeserver = new FakeHomeserver();
  const log = new CollectingLogger();
  const taken: InstanceId[] = [];
  const outbox = new Outbox({
    store,
    account: () => homeserver.account,
    log: () => log,
    sendsPerMinute: () => 600,
    onSent: (id) => void taken.push(id),
    backoffMs: 1,
  });
  return { taken, store, homeserver, log, outbox };
}

const request = (key: string, body = key, room = roomId): SendRequest => ({
  instance,
  account: botId,
  roomId: room,
  type: "m.room.message",
  content: { body },
  trigger: "$ask" as EventId,
  key,
});

test("a key that was already sent is not sent again, and answers with the same event", async () => {
  using folder = temporaryFolder();
  const { outbox, homeserver, store, taken } = setUp(folder.path);
  const first = await outbox.send(request("post"));
  expect(await outbox.send(request("post", "other words"))).toBe(first);
  expect(homeserver.attempts.length).toBe(1);
  expect(taken).toEqual([instance]);
  outbox.close();
  store.close();
});

test("an attempt that the homeserver did not answer is repeated with the same transaction id", async () => {
  using folder = temporaryFolder();
  const { outbox, homeserver, store } = setUp(folder.path);
  homeserver.answer = async (attempt) => {
    if (attempt < 3) throw new RoostError("network", "no answer");
    return "$there" as EventId;
  };
  expect(await outbox.send(request("post"))).toBe("$there" as EventId);
  expect(new Set(homeserver.attempts.map((attempt) => attempt.txnId))).toEqual(
    new Set([txnIdOf(request("post"))]),
  );
  outbox.close();
  store.close();
});

test("what the homeserver does not take is said, once in the log and for as long as it waits", async () => {
  using folder = temporaryFolder();
  const { outbox, homeserver, store, log } = setUp(folder.path);
  const taken = Promise.withResolvers<EventId>();
  homeserver.answer = async (attempt) => {
    if (attempt < 5) throw new RoostError("homeserver-unreachable", "It is down: see its log.");
    return taken.promise;
  };
  const sent = outbox.send(request("post"));
  await until("it was tried often", () => homeserver.attempts.length === 5);
  expect(outbox.troubleOf(instance)).toBe("A message waits to be posted: It is down: see its log.");
  taken.resolve("$there" as EventId);
  expect(await sent).toBe("$there" as EventId);
  expect(outbox.troubleOf(instance)).toBeUndefined();
  expect(log.lines).toEqual([
    "WARN A message waits to be posted: It is down: see its log.",
    "INFO The homeserver takes its messages again.",
  ]);
  outbox.close();
  store.close();
});

test("a refusal is final: the sender is told, the log says so once, and the key stays refused", async () => {
  using folder = temporaryFolder();
  const { outbox, homeserver, store, log } = setUp(folder.path);
  homeserver.answer = async () => {
    throw new RoostError("room-forbidden", "The bot may not post here.");
  };
  expect(await refusalOf(outbox.send(request("post")))).toMatchObject({
    message: expect.stringContaining("may not post"),
  });
  await until("the refusal is stored", () => store.pendingOutbox(botId).length === 0);
  expect(await refusalOf(outbox.send(request("post")))).toMatchObject({
    message: expect.stringContaining("may not post"),
  });
  expect(homeserver.attempts.length).toBe(1);
  expect(log.lines).toEqual(["WARN A message could not be posted: The bot may not post here."]);
  outbox.close();
  store.close();
});

test("sends of one room keep their order while one of them is retried; other rooms go on", async () => {
  using folder = temporaryFolder();
  const { outbox, homeserver, store } = setUp(folder.path);
  const gate = Promise.withResolvers<void>();
  homeserver.answer = async (attempt) => {
    if (attempt === 1) {
      await gate.promise;
      throw new RoostError("homeserver-busy", "wait");
    }
    return `$${attempt}` as EventId;
  };
  const slow = [outbox.send(request("1")), outbox.send(request("2")), outbox.send(request("3"))];
  await outbox.send(request("elsewhere", "elsewhere", "!other:test" as RoomId));
  gate.resolve();
  await Promise.all(slow);
  const inRoom = homeserver.attempts
    .filter((attempt) => attempt.roomId === roomId)
    .map((attempt) => attempt.body);
  expect(inRoom).toEqual(["1", "1", "2", "3"]);
  outbox.close();
  store.close();
});

test("what was written down and not sent before the host ended is sent at the next start, in order", async () => {
  using folder = temporaryFolder();
  const before = setUp(folder.path);
  before.homeserver.answer = () => new Promise(() => {});
  for (const key of ["1", "2", "3"]) before.outbox.send(request(key)).catch(() => {});
  await until("all are written down", () => before.store.pendingOutbox(botId).length === 3);
  // As after kill -9, but for the file, which another process would find free.
  before.store.close();
  const after = setUp(folder.path);
  after.outbox.resume(botId);
  await until("all are sent", () => after.homeserver.attempts.length === 3);
  expect(after.homeserver.attempts.map((attempt) => attempt.body)).toEqual(["1", "2", "3"]);
  after.outbox.close();
  before.outbox.close();
  after.store.close();
});

test("waiting for the homeserver ends as soon as it is back", async () => {
  using folder = temporaryFolder();
  const { outbox, homeserver, store } = setUp(folder.path);
  homeserver.answer = async (attempt) => {
    if (attempt === 1) throw new RoostError("homeserver-busy", "wait an hour", { retryAfterMs: 3_600_000 });
    return "$now" as EventId;
  };
  const sent = outbox.send(request("post"));
  await until("it was tried", () => homeserver.attempts.length === 1);
  await Bun.sleep(1);
  outbox.wake();
  expect(await sent).toBe("$now" as EventId);
  outbox.close();
  store.close();
});

test("nothing more is sent in answer to a message that was redacted, and what was sent is redacted once", async () => {
  using folder = temporaryFolder();
  const { outbox, homeserver, store, taken } = setUp(folder.path);
  const sent = await outbox.send(request("post"));
  const what = { instance, account: botId, roomId, trigger: "$ask" as EventId };
  for (let again = 0; again < 2; again++) outbox.withdraw(what, store.withdraw(instance, what.trigger, 1));
  await until("it is redacted", () => homeserver.redacted.length === 1);
  expect(await refusalOf(outbox.send(request("later")))).toMatchObject({ code: "not-found" });
  expect(homeserver.redacted).toEqual([sent]);
  expect(taken).toEqual([instance]);
  expect(homeserver.attempts.length).toBe(1);
  outbox.close();
  store.close();
});
