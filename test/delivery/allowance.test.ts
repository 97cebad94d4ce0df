import { expect, test } from "bun:test";
import { join } from "node:path";
import type { EventId, InstanceId, UserId } from "../../src/core/id.ts";
import { type Allowance, freshAllowance, takeTurn } from "../../src/delivery/allowance.ts";
import { Allowances } from "../../src/delivery/allowances.ts";
import { HostStore } from "../../src/store/host-store.ts";
import { botId, instance, messageOf } from "../doubles/delivery.ts";
import { temporaryFolder } from "../doubles/folder.ts";

const rate = { burst: 2, everyMs: 10_000 };
const asker = (name: string, sender = "@ada:test") => ({
  name,
  instance: "insta" as InstanceId,
  eventId: `$${name}` as EventId,
  sender: sender as UserId,
});

/** Asks one after the other at the same time; answers who was granted, and what the others were told. */
function askAll(allowance: Allowance, askers: ReturnType<typeof asker>[], nowMs: number, at = rate) {
  const told: Record<string, string> = {};
  for (const each of askers) {
    const decision = takeTurn(allowance, at, each, nowMs);
    allowance = decision.allowance;
    told[each.name] = decision.granted ? "granted" : `${decision.waitMs / 1000} s, ${decision.ahead} ahead`;
  }
  return { allowance, told };
}

test("grants a burst at once, then tells each when to ask again and how many are before it", () => {
  const { told } = askAll(
    freshAllowance,
    ["a", "b", "c", "d"].map((name) => asker(name)),
    0,
  );
  expect(told).toEqual({ a: "granted", b: "granted", c: "10 s, 0 ahead", d: "20 s, 1 ahead" });
});

test("never grants more than the rate allows, whoever asks how often", () => {
  let allowance = freshAllowance;
  const grantsMs: number[] = [];
  for (let nowMs = 0; nowMs < 600_000; nowMs += 500) {
    const decision = takeTurn(allowance, rate, asker(`at ${nowMs}`), nowMs);
    allowance = decision.allowance;
    if (decision.granted) grantsMs.push(nowMs);
  }
  for (const startMs of grantsMs) {
    const within = grantsMs.filter((atMs) => atMs >= startMs && atMs < startMs + 100_000).length;
    expect(within).toBeLessThanOrEqual(rate.burst + 10);
  }
});

test("those who wait come in the order of their asking, and a later one cannot jump the line", () => {
  const { allowance } = askAll(
    freshAllowance,
    ["a", "b", "c", "d"].map((name) => asker(name)),
    0,
  );
  const later = askAll(allowance, [asker("new"), asker("d"), asker("c")], 10_000);
  expect(later.told).toEqual({ new: "20 s, 2 ahead", d: "10 s, 1 ahead", c: "granted" });
});

test("senders take turns: one who asks for much does not hold up the others", () => {
  const many = ["a1", "a2", "a3", "a4", "a5"].map((name) => asker(name, "@ada:test"));
  const { allowance, told } = askAll(freshAllowance, [...many, asker("b1", "@bob:test")], 0);
  expect(told.b1).toBe("20 s, 1 ahead");
  const next = askAll(allowance, [asker("a3", "@ada:test")], 10_000);
  expect(next.told.a3).toBe("granted");
  expect(
    askAll(next.allowance, [asker("a4", "@ada:test"), asker("b1", "@bob:test")], 20_000).told,
  ).toMatchObject({
    a4: "10 s, 1 ahead",
    b1: "granted",
  });
});

test("one that needs another use comes back to its place, before those who have had none", () => {
  const slow = { burst: 1, everyMs: 10_000 };
  let { allowance } = askAll(
    freshAllowance,
    ["a", "b", "c"].map((name) => asker(name)),
    0,
    slow,
  );
  ({ allowance } = askAll(allowance, [asker("a")], 1_000, slow));
  const { told } = askAll(allowance, [asker("b"), asker("a")], 10_000, slow);
  expect(told).toEqual({ b: "10 s, 1 ahead", a: "granted" });
});

test("one that does not come when its turn is there is passed over after a minute, and served when it comes", () => {
  const slow = { burst: 1, everyMs: 10_000 };
  let { allowance } = askAll(
    freshAllowance,
    ["a", "absent", "c"].map((name) => asker(name)),
    0,
    slow,
  );
  ({ allowance } = askAll(allowance, [asker("c")], 60_000, slow));
  const { told } = askAll(allowance, [asker("c"), asker("absent")], 80_000, slow);
  expect(told).toEqual({ c: "granted", absent: "10 s, 0 ahead" });
});

test("is one for the host, outlives it, and grants nothing while it is held", () => {
  using folder = temporaryFolder();
  const open = () => {
    const store = new HostStore(join(folder.path, "roost.db"));
    store.open();
    return store;
  };
  const rowOf = (eventId: string) => ({
    ...messageOf(eventId, ""),
    id: 1,
    instance,
    account: botId,
    key: "",
    runAtMs: 0,
    crashes: 0,
  });
  const request = { allowance: "instagram", burst: 1, everyMs: 1000, ticket: "post" };
  const first = open();
  expect(new Allowances(first.notes).take(rowOf("$1"), "@ada:test" as UserId, request, 0)).toEqual({
    granted: true,
  });
  first.close();
  const second = open();
  const allowances = new Allowances(second.notes);
  expect(allowances.take(rowOf("$2"), "@ada:test" as UserId, request, 0)).toEqual({
    granted: false,
    waitMs: 1000,
    ahead: 0,
  });
  allowances.hold("instagram", 50_000);
  expect(allowances.take(rowOf("$3"), "@bob:test" as UserId, request, 2000)).toEqual({
    granted: false,
    waitMs: 49_000,
    ahead: 1,
  });
  allowances.withdraw(instance, "$2" as EventId);
  expect(allowances.take(rowOf("$3"), "@bob:test" as UserId, request, 50_000)).toEqual({ granted: true });
  second.close();
});
