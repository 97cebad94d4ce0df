import { expect, test } from "bun:test";
import { readToHost } from "../../src/plugins/channel/process-wire.ts";
import { seededIntegers } from "../doubles/seeded-random.ts";

/** One of each that a runtime says. */
const valid: readonly unknown[] = [
  { say: "ready", subscriptions: [{ kind: "command", prefix: "!a" }], redactsReplies: false },
  { say: "count", what: "post page" },
  { say: "refused", error: { code: "plugin-config", message: "no", causes: ["no"] } },
  { say: "typing", run: 1, typing: true },
  { say: "settled", run: 1 },
  { say: "settled", run: 1, error: { code: "network", message: "no", causes: [], retryAfterMs: 5 } },
  { say: "log", severity: "WARN", message: "so", context: { a: 1, b: "c", d: true }, causes: [] },
  { say: "pong", memoryBytes: 1 },
  { say: "stopped" },
  { say: "call", call: 1, ask: "send", run: 1, type: "m.reaction", content: { a: [1] }, key: "k" },
  { say: "call", call: 1, ask: "post", roomId: "!a:b", content: {} },
  { say: "call", call: 2, ask: "defer", run: 1, key: "k", atMs: 5 },
  {
    say: "call",
    call: 3,
    ask: "turn",
    run: 1,
    request: { allowance: "a", burst: 1, everyMs: 1, ticket: "t" },
  },
  { say: "call", call: 4, ask: "hold", allowance: "a", untilMs: 5 },
  { say: "call", call: 5, ask: "upload-limit" },
  { say: "call", call: 6, ask: "rooms" },
  { say: "call", call: 5, ask: "fetch", url: "u", method: "GET", headers: {}, timeoutMs: 1, maxBytes: 1 },
  { say: "call", call: 6, ask: "upload", mimetype: "a/b", filename: "c", bytes: "aGk=" },
  { say: "call", call: 7, ask: "upload", mimetype: "a/b", filename: "c", path: "files/c" },
];
const strange = [
  null,
  -1,
  1.5,
  Number.MAX_VALUE,
  "",
  "x".repeat(2_000),
  [],
  {},
  true,
  "__proto__",
  "!a:b",
  "\u0000",
];

/** Puts something strange into one place of it, or takes a place out. */
function damage(value: unknown, random: (below: number) => number): unknown {
  if (typeof value !== "object" || value === null || random(4) === 0) return strange[random(strange.length)];
  const copy: Record<string, unknown> | unknown[] = Array.isArray(value) ? [...value] : { ...value };
  const keys = Object.keys(copy);
  const key = keys[random(keys.length)] ?? "extra";
  if (random(5) === 0) Reflect.deleteProperty(copy, key);
  else Reflect.set(copy, key, damage(Reflect.get(copy, key), random));
  return copy;
}

test("every message that a runtime may say is understood", () => {
  expect(readToHost(JSON.stringify(valid))?.length).toBe(valid.length);
});

test("3,000 damaged lines are either refused, or understood as something that a runtime may say", () => {
  const random = seededIntegers(7);
  let refused = 0;
  for (let round = 0; round < 3_000; round++) {
    const original = valid[random(valid.length)];
    const text = JSON.stringify([damage(original, random)]);
    const line = random(6) === 0 ? text.slice(0, random(text.length)) : text;
    const messages = readToHost(line);
    if (messages === undefined) refused++;
    // What was let through says the same when it is said again.
    else expect(readToHost(JSON.stringify(messages.map(withText)))).toEqual(messages);
  }
  expect(refused).toBeGreaterThan(2_000);
});

function withText(message: object): object {
  return "bytes" in message
    ? { ...message, bytes: Buffer.from(message.bytes as Uint8Array).toString("base64") }
    : message;
}

test("a line that is large because of the pieces it is made of is refused unread, unlike a large file", () => {
  for (const piece of ["{}", "[]", '""', '{"say":"stopped"}'])
    expect(readToHost(`[${Array.from({ length: 1_000_000 }, () => piece).join(",")}]`)).toBeUndefined();
  const bytes = Buffer.alloc(10_000_000).toString("base64");
  const upload = { say: "call", call: 1, ask: "upload", mimetype: "a/b", filename: "c", bytes };
  expect(readToHost(JSON.stringify([upload]))?.length).toBe(1);
});
