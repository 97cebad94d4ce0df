import { describe, expect, test } from "bun:test";
import { RoostError } from "../../src/core/error.ts";
import { asInstanceId, type InstanceId } from "../../src/core/id.ts";
import type { LogRecord } from "../../src/core/log.ts";
import { Secret } from "../../src/core/secret.ts";
import { LogRouter } from "../../src/log/router.ts";

function collect(secrets: readonly string[] = []): { router: LogRouter; records: LogRecord[] } {
  const router = new LogRouter(() => 1_700_000_000_000);
  const records: LogRecord[] = [];
  router.addSink((record) => records.push(record));
  router.addSecrets(secrets.map((value) => new Secret(value)));
  return { router, records };
}

function instance(name: string): InstanceId {
  const id = asInstanceId(name);
  if (id === undefined) throw new Error(`${name} is not an instance id`);
  return id;
}

describe("records", () => {
  test("carry time, severity, instance, context and the chain of causes", () => {
    const { router, records } = collect();
    const error = new RoostError("network", "It is away.", { cause: new Error("ECONNREFUSED") });
    router.logger(instance("insta")).warn("No answer.", { attempt: 2, room: undefined }, error);
    expect(records).toEqual([
      {
        timeMs: 1_700_000_000_000,
        severity: "WARN",
        instance: instance("insta"),
        message: "No answer.",
        context: { attempt: 2 },
        causes: ["RoostError: It is away.", "Error: ECONNREFUSED"],
      },
    ]);
  });

  test("reach only the sinks whose floor they reach", () => {
    const router = new LogRouter();
    const seen: string[] = [];
    router.addSink((record) => seen.push(`all ${record.message}`));
    router.addSink((record) => seen.push(`bad ${record.message}`), "ERROR");
    const log = router.logger();
    log.warn("a");
    log.error("b");
    log.critical("c");
    expect(seen).toEqual(["all a", "all b", "bad b", "all c", "bad c"]);
  });

  test("of severity DEBUG reach as far as INFO ones where their instance's level says so", () => {
    const router = new LogRouter();
    const seen: string[] = [];
    router.addSink((record) => seen.push(`${record.severity} ${record.message}`), "INFO");
    router.addSink((record) => seen.push(`WARN and worse: ${record.message}`), "WARN");
    router.setLevel(instance("insta"), "debug");
    router.logger(instance("insta")).debug("a");
    router.logger(instance("echo")).debug("b");
    router.logger().debug("c");
    router.setLevel(instance("insta"), "info");
    router.logger(instance("insta")).debug("d");
    expect(seen).toEqual(["DEBUG a"]);
  });

  test("of a sink that throws neither reach the caller nor keep the next sink from its record", () => {
    const router = new LogRouter();
    const seen: string[] = [];
    router.addSink(() => {
      throw new Error("disk full");
    });
    router.addSink((record) => seen.push(record.message));
    expect(() => router.logger().info("still here")).not.toThrow();
    expect(seen).toEqual(["still here"]);
  });

  test("survive a thrown value that cannot be turned into a string", () => {
    const { router, records } = collect();
    router.logger().error("odd", {}, Object.create(null));
    expect(records[0]?.causes).toEqual(["something was thrown that cannot be shown"]);
  });
});

describe("faults", () => {
  const insta = instance("insta");

  test("are open from the time they are raised until they are cleared, with how often and since when", () => {
    const { router, records } = collect();
    const log = router.logger(insta);
    log.raise("WARN", { key: "run" }, "It crashed.");
    log.raise("ERROR", { key: "run", command: "roost restart insta" }, "It crashed again.");
    expect(router.openFaults()).toEqual([
      {
        key: "run",
        command: "roost restart insta",
        instance: insta,
        severity: "ERROR",
        message: "It crashed again.",
        sinceMs: 1_700_000_000_000,
        count: 2,
      },
    ]);
    log.clear("run", "Running again.");
    expect(router.openFaults()).toEqual([]);
    expect(records.map(({ severity, fault }) => [severity, fault?.state, fault?.count])).toEqual([
      ["WARN", "raised", 1],
      ["ERROR", "raised", 2],
      ["INFO", "cleared", 2],
    ]);
  });

  test("that were not raised are cleared without a word", () => {
    const { router, records } = collect();
    router.logger().raise("ERROR", { key: "disk" }, "The disk is full.");
    router.logger(insta).clear("disk", "There is space again.");
    expect(records.length).toBe(1);
  });

  test("go with their instance", () => {
    const { router } = collect();
    router.logger(insta).raise("ERROR", { key: "run" }, "It failed.");
    router.forget(insta);
    expect(router.openFaults()).toEqual([]);
  });

  test("have their secrets cut like everything else", () => {
    const { router } = collect(["hunter2hunter2"]);
    const tried = "Roost tried hunter2hunter2.";
    router.logger().raise("ERROR", { key: "disk", tried }, "hunter2hunter2 is wrong");
    expect(router.openFaults()[0]).toMatchObject({
      message: "[redacted] is wrong",
      tried: "Roost tried [redacted].",
    });
  });
});

describe("secrets", () => {
  const secret = 'p&ss "wörd"/+\n1';
  const forms = {
    "as they are": secret,
    "percent-encoded": encodeURIComponent(secret),
    "percent-encoded in lower case": encodeURIComponent(secret).replace(/%../g, (hex) => hex.toLowerCase()),
    "encoded as a form": new URLSearchParams({ token: secret }).toString(),
    "inside JSON": JSON.stringify({ token: secret }),
  };
  for (const [name, text] of Object.entries(forms)) {
    test(`are cut from message, context and causes ${name}`, () => {
      const { router, records } = collect([secret]);
      const error = new Error("outer", { cause: new Error(`inner ${text}`) });
      router.logger().error(`before ${text} after`, { url: `https://x/?${text}`, [text]: 1 }, error);
      const shown = JSON.stringify(records);
      expect(shown).toContain("before ");
      expect(shown).toContain("[redacted]");
      for (const piece of ["wörd", "w%C3%B6rd", "w%c3%b6rd"]) expect(shown).not.toContain(piece);
    });
  }

  test("are cut from other texts on request", () => {
    const { router } = collect([secret]);
    expect(router.cutSecrets(JSON.stringify({ cause: secret }))).toBe('{"cause":"[redacted]"}');
  });

  test("shorter than six characters are not cut", () => {
    const { router, records } = collect(["admin"]);
    router.logger().info("the admin room");
    expect(records[0]?.message).toBe("the admin room");
  });

  test("that begin with another secret are cut whole", () => {
    const { router, records } = collect(["abcdef", "abcdefghi"]);
    router.logger().info("x abcdefghi y");
    expect(records[0]?.message).toBe("x [redacted] y");
  });

  test("are cut before a long text is shortened", () => {
    const { router, records } = collect(["abcdefgh"]);
    router.logger().info(`${"x".repeat(3996)}abcdefgh`);
    expect(records[0]?.message).not.toContain("abcd");
  });
});

describe("text from outside", () => {
  test("cannot begin a second line, colour the terminal or turn the text around", () => {
    const { router, records } = collect();
    router.logger().info("a\nb\r\tc\x1b[31m\u202ed\u2028e\x9bf\ud800");
    expect(records[0]?.message).toBe("a\\nb\\r\\tc\\u{1b}[31m\\u{202e}d\\u{2028}e\\u{9b}f\\u{d800}");
  });

  test("keeps letters of every script and emoji as they are", () => {
    const { router, records } = collect();
    router.logger().info("Grüße, 東京, שלום, 👩‍👩‍👧");
    expect(records[0]?.message).toBe("Grüße, 東京, שלום, 👩‍👩‍👧");
  });

  test("is bounded", () => {
    const { router, records } = collect();
    router.logger().info("x".repeat(1_000_000), { body: "y".repeat(1_000_000) });
    expect(records[0]?.message.length).toBe(4001);
    expect(String(records[0]?.context.body).length).toBe(1001);
  });
});
