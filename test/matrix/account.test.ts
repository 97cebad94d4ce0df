import { describe, expect, test } from "bun:test";
import { asEventId, asTxnId } from "../../src/core/id.ts";
import type { MatrixAccount } from "../../src/matrix/account.ts";
import { failureOf } from "../doubles/delivery.ts";
import { Bench, dialects, until } from "./bench.ts";

const bot = "@bot:x.test";
const never = new AbortController().signal;
const notice = { msgtype: "m.notice", body: "hello" };

function bodies(bench: Bench, room: string): unknown[] {
  return bench.homeserver
    .timeline(room)
    .filter(({ type }) => type === "m.room.message")
    .map(({ content }) => content.body);
}
function picture(sizeBytes: number) {
  return { body: new Uint8Array(sizeBytes).fill(7), mimetype: "image/jpeg", filename: "a b&ü?.jpg" };
}

for (const dialect of dialects) {
  describe(`on ${dialect}, sending`, () => {
    test("the same transaction twice posts one event", async () => {
      await using bench = await Bench.open({ dialect });
      const { room, account } = await bench.startInRoom();
      const send = () => account.send(room, "m.room.message", asTxnId("once"), notice, never);
      expect(await send()).toBe(await send());
      expect(bodies(bench, room)).toEqual(["hello"]);
    });

    test("a repeat after an answer that got lost posts no second event, even if the transaction was forgotten", async () => {
      await using bench = await Bench.open({ dialect });
      const { dan, room, account } = await bench.startInRoom();
      // Bun itself repeats a request on a kept connection that ends without any answer; half of one it does not.
      bench.homeserver.faults.inject({ path: /\/send\//, times: 1, answer: { kind: "half" } });
      const send = () => account.send(room, "m.room.message", asTxnId("once"), notice, never);
      expect((await failureOf(send())).code).toBe("network");
      bench.homeserver.forgetTransactions(bot);
      const made = bench.homeserver.timeline(room).at(-1)?.event_id;
      // By now it is three pages back.
      for (let count = 0; count < 250; count++) dan.say(room, String(count));
      expect(await send()).toBe(made ?? expect.unreachable());
      expect(bodies(bench, room).filter((body) => body === "hello")).toEqual(["hello"]);
    });

    test("where it may not post is refused for good, with the homeserver's words", async () => {
      await using bench = await Bench.open({ dialect });
      const { dan, room, account } = await bench.startInRoom();
      dan.kick(room, account.userId);
      const failure = await failureOf(account.send(room, "m.room.message", asTxnId("1"), notice, never));
      expect(failure.code).toBe("room-forbidden");
      expect(failure.message).toContain("not in room");
    });

    test("more than fits into an event is refused for good", async () => {
      await using bench = await Bench.open({ dialect });
      const { room, account } = await bench.startInRoom();
      const content = { ...notice, body: "x".repeat(70_000) };
      const failure = await failureOf(account.send(room, "m.room.message", asTxnId("1"), content, never));
      expect(failure.code).toBe("too-large");
    });

    test("too fast says how long to wait, where the homeserver does", async () => {
      await using bench = await Bench.open({ dialect });
      const { room, account } = await bench.startInRoom();
      bench.homeserver.faults.inject({
        path: /\/send\//,
        answer: { kind: "rate-limited", retryAfterMs: 4321 },
      });
      const failure = await failureOf(account.send(room, "m.room.message", asTxnId("1"), notice, never));
      expect(failure.code).toBe("homeserver-busy");
      expect(failure.retryAfterMs).toBe(dialect === "synapse" ? 4321 : undefined);
    });
  });
}

describe("sending", () => {
  test("whose answer is lost can be repeated without doubling", async () => {
    await using bench = await Bench.open();
    const { room, account } = await bench.startInRoom();
    const fault = bench.homeserver.faults.inject({ path: /\/send\//, answer: { kind: "half" } });
    const send = () => account.send(room, "m.room.message", asTxnId("once"), notice, never);
    expect((await failureOf(send())).code).toBe("network");
    fault.remove();
    await send();
    expect(bodies(bench, room)).toEqual(["hello"]);
  });

  test("is not tried a second time by itself when a proxy answers for the homeserver", async () => {
    await using bench = await Bench.open();
    const { room, account } = await bench.startInRoom();
    const fault = bench.homeserver.faults.inject({ path: /\/send\//, answer: { kind: "html", status: 502 } });
    const failure = await failureOf(account.send(room, "m.room.message", asTxnId("1"), notice, never));
    expect(failure.code).toBe("homeserver-unreachable");
    expect(fault.hits).toBe(1);
  });

  test("ends when its caller or the account stops", async () => {
    await using bench = await Bench.open();
    const { room, account } = await bench.startInRoom();
    bench.homeserver.faults.inject({ path: /\/send\//, answer: { kind: "hang" } });
    const stop = new AbortController();
    const send = (signal: AbortSignal) =>
      failureOf(account.send(room, "m.room.message", asTxnId("1"), notice, signal));
    const stopped = send(stop.signal);
    stop.abort();
    expect((await stopped).code).toBe("cancelled");
    const closing = send(never);
    await account.close();
    expect((await closing).code).toBe("cancelled");
  });

  test("before the account is logged in is to be tried later", async () => {
    await using bench = await Bench.open();
    bench.homeserver.faults.inject({ path: /versions$/, answer: { kind: "html", status: 502 } });
    const account = bench.start();
    const room = bench.homeserver.createUser("dan").createRoom();
    const failure = await failureOf(account.send(room, "m.room.message", asTxnId("1"), notice, never));
    expect(failure.code).toBe("homeserver-unreachable");
  });

  test("with a revoked token has the account log in again, and is to be tried later", async () => {
    await using bench = await Bench.open();
    const { room } = await bench.startInRoom();
    const account = await bench.startSyncing({
      user: "@second:x.test",
      timing: { pollMs: 30_000, pollLimitMs: 45_000 },
    });
    await account.refreshRooms();
    bench.homeserver.revokeTokens("@second:x.test");
    const send = (target: MatrixAccount) => target.send(room, "m.room.message", asTxnId("1"), notice, never);
    expect((await failureOf(send(account))).code).toBe("homeserver-unreachable");
    await until(() => bench.homeserver.requests.count("POST", /\/login$/) === 1);
    await until(() => account.status().state === "syncing");
    await send(account);
  });

  test("from a suspended account is refused with its sentence, and the account goes on reading", async () => {
    await using bench = await Bench.open();
    const { room, account } = await bench.startInRoom();
    const body = { errcode: "M_USER_SUSPENDED", error: "No" };
    bench.homeserver.faults.inject({ path: /\/send\//, answer: { kind: "error", status: 403, body } });
    const failure = await failureOf(account.send(room, "m.room.message", asTxnId("1"), notice, never));
    expect(failure.code).toBe("account-suspended");
    expect(account.status().state).toBe("syncing");
  });

  test("something with odd characters in its ids arrives at the right place", async () => {
    await using bench = await Bench.open();
    const { room, account } = await bench.startInRoom();
    const eventId = await account.send(room, "org.example.a/b?c", asTxnId("t/1?#"), { x: 1 }, never);
    expect(bench.homeserver.timeline(room).at(-1)).toMatchObject({
      event_id: eventId,
      type: "org.example.a/b?c",
    });
  });
});

test("redacting takes an event away, and it is not fetched any more", async () => {
  await using bench = await Bench.open();
  const { room, account } = await bench.startInRoom();
  const eventId = await account.send(room, "m.room.message", asTxnId("1"), notice, never);
  expect(await account.fetchEvent(room, eventId, never)).toMatchObject({ eventId, content: notice });
  await account.redact(room, eventId, asTxnId("2"), "wrong", never);
  expect(await account.fetchEvent(room, eventId, never)).toBeUndefined();
  expect(bench.homeserver.timeline(room).at(-1)).toMatchObject({ content: { reason: "wrong" } });
});

test("an event that is not there or not for us is none; a homeserver that is away is an error", async () => {
  await using bench = await Bench.open();
  const { dan, room, account } = await bench.startInRoom();
  const missing = asEventId("$missing") ?? expect.unreachable();
  expect(await account.fetchEvent(room, missing, never)).toBeUndefined();
  const foreign = dan.createRoom();
  expect(await account.fetchEvent(foreign, dan.say(foreign, "x"), never)).toBeUndefined();
  const faults = [
    [{ kind: "html", status: 502 }, "homeserver-unreachable"],
    [{ kind: "error", status: 200, body: { hello: "from a proxy" } }, "network"],
  ] as const;
  for (const [answer, code] of faults) {
    const fault = bench.homeserver.faults.inject({ path: /\/event\//, answer });
    expect((await failureOf(account.fetchEvent(room, missing, never))).code).toBe(code);
    fault.remove();
  }
});

describe("a file", () => {
  test("is put with its name and type, and the size limit is asked for once", async () => {
    await using bench = await Bench.open();
    const { account } = await bench.startInRoom();
    const mxc = await account.upload(picture(1000), never);
    await account.upload(picture(0), never);
    expect(bench.homeserver.media(mxc)).toMatchObject({ mimetype: "image/jpeg", filename: "a b&ü?.jpg" });
    expect(bench.homeserver.media(mxc).bytes).toEqual(picture(1000).body);
    expect(bench.homeserver.requests.count("GET", /media\/config$/)).toBe(1);
  });

  test("beyond the limit is not sent, and the sentence has both sizes", async () => {
    await using bench = await Bench.open({ maxUploadBytes: 1024 * 1024 });
    const { account } = await bench.startInRoom();
    const failure = await failureOf(account.upload(picture(3 * 1024 * 1024), never));
    expect(failure).toMatchObject({
      code: "too-large",
      message: "The file has 3.0 MiB, more than the 1.0 MiB that the homeserver takes.",
    });
    expect(bench.homeserver.requests.count("POST", /upload$/)).toBe(0);
  });

  test("beyond a limit that was lowered, or that only a proxy has, is too large as well", async () => {
    await using bench = await Bench.open();
    const { account } = await bench.startInRoom();
    await account.upload(picture(2000), never);
    bench.homeserver.maxUploadBytes = 1000;
    expect((await failureOf(account.upload(picture(2000), never))).code).toBe("too-large");
    bench.homeserver.maxUploadBytes = 5000;
    bench.homeserver.faults.inject({ path: /upload$/, answer: { kind: "html", status: 413 } });
    const failure = await failureOf(account.upload(picture(2000), never));
    expect(failure.message).toBe(
      "The file has 2 KiB, more than what the homeserver, or the proxy before it, takes.",
    );
  });

  test("goes through where no limit is told", async () => {
    await using bench = await Bench.open();
    const { account } = await bench.startInRoom();
    const body = { errcode: "M_UNRECOGNIZED", error: "Unrecognized" };
    bench.homeserver.faults.inject({
      path: /client\/v1\/media\/config/,
      answer: { kind: "error", status: 404, body },
    });
    await account.upload(picture(10), never);
  });

  test("with a type that would break the request is sent as bytes of unknown kind", async () => {
    await using bench = await Bench.open();
    const { account } = await bench.startInRoom();
    const mxc = await account.upload({ ...picture(10), mimetype: "image/jpeg\r\nx: y" }, never);
    expect(bench.homeserver.media(mxc).mimetype).toBe("application/octet-stream");
  });
});

test("typing is told, and its failures are nobody's business", async () => {
  await using bench = await Bench.open();
  const { room, account } = await bench.startInRoom();
  account.setTyping(room, true);
  await until(() => bench.homeserver.requests.count("PUT", /\/typing\/@bot:x\.test$/) === 1);
  bench.homeserver.faults.inject({ path: /typing/, answer: { kind: "html", status: 502 } });
  account.setTyping(room, false);
  await until(() => bench.homeserver.requests.count("PUT", /\/typing\//) === 2);
  await account.refreshRooms();
});

describe("presence", () => {
  test("is online while an instance is to run, offline while none is and once the account is closed", async () => {
    await using bench = await Bench.open();
    const account = await bench.startSyncing();
    expect(bench.homeserver.presence(bot)).toBe("online");
    bench.memory.isWanted = false;
    await account.showPresence();
    expect(bench.homeserver.presence(bot)).toBe("offline");
    // The polls that follow leave it so.
    const asked = bench.homeserver.requests.count("GET", /sync$/);
    await until(() => bench.homeserver.requests.count("GET", /sync$/) > asked + 1);
    expect(bench.homeserver.presence(bot)).toBe("offline");
    bench.memory.isWanted = true;
    await account.showPresence();
    expect(bench.homeserver.presence(bot)).toBe("online");
    await account.close();
    expect(bench.homeserver.presence(bot)).toBe("offline");
  });

  test("that a homeserver does not take in time delays no stop", async () => {
    await using bench = await Bench.open();
    const account = await bench.startSyncing();
    const hang = bench.homeserver.faults.inject({ path: /\/presence\//, answer: { kind: "hang" } });
    await account.close();
    expect(hang.hits).toBe(1);
  });
});
