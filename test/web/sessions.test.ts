import { describe, expect, test } from "bun:test";
import type { SessionStore, StoredSession } from "../../src/core/management.ts";
import { Sessions } from "../../src/web/sessions.ts";

const hourMs = 3_600_000;

/** Sessions on a clock and a password that the test sets. */
function scene() {
  const stored = new Map<string, StoredSession>();
  const store: SessionStore = {
    loadSession: (hash) => stored.get(hash),
    saveSession: (hash, session) => void stored.set(hash, session),
    deleteSession: (hash) => void stored.delete(hash),
    deleteSessionsBefore: ({ usedMs, madeMs }) => {
      for (const [hash, { usedAtMs, madeAtMs }] of stored)
        if (usedAtMs < usedMs || madeAtMs < madeMs) stored.delete(hash);
    },
  };
  const world = { nowMs: 1_800_000_000_000, password: "one" };
  const open = () => new Sessions({ store, fingerprint: () => world.password, now: () => world.nowMs });
  return { stored, world, open, sessions: open() };
}

describe("a session", () => {
  test("is found by its token alone, also after the host was restarted", () => {
    const { sessions, open } = scene();
    const token = sessions.begin("admin", "page");
    expect(open().find(token)).toMatchObject({ user: "admin", kind: "page" });
    expect(sessions.find(`${token}x`)).toBeUndefined();
    expect(sessions.find("")).toBeUndefined();
  });

  test("leaves nothing in the store that opens a door", () => {
    const { sessions, stored } = scene();
    const token = sessions.begin("admin", "token");
    expect(JSON.stringify([...stored])).not.toContain(token);
  });

  test("of a page ends after 12 idle hours, and lives on while it is used", () => {
    const { sessions, world } = scene();
    const token = sessions.begin("admin", "page");
    for (let hour = 0; hour < 24; hour += 8) {
      world.nowMs += 8 * hourMs;
      expect(sessions.find(token)).toBeDefined();
    }
    world.nowMs += 12 * hourMs;
    expect(sessions.find(token)).toBeUndefined();
  });

  test("of a page ends after seven days however much it is used", () => {
    const { sessions, world } = scene();
    const token = sessions.begin("admin", "page");
    for (let hour = 0; hour < 7 * 24 - 6; hour += 6) {
      world.nowMs += 6 * hourMs;
      expect(sessions.find(token)).toBeDefined();
    }
    world.nowMs += 6 * hourMs;
    expect(sessions.find(token)).toBeUndefined();
  });

  test("ends when the password is another", () => {
    const { sessions, world } = scene();
    const token = sessions.begin("admin", "token");
    world.password = "two";
    expect(sessions.find(token)).toBeUndefined();
    world.password = "one";
    expect(sessions.find(token)).toBeUndefined();
  });

  test("that is ended closes what was opened under it", () => {
    const { sessions } = scene();
    const token = sessions.begin("admin", "page");
    const session = sessions.find(token);
    if (session === undefined) throw new Error("no session");
    let closed = 0;
    sessions.onEnd(session, () => closed++);
    const takeBack = sessions.onEnd(session, () => closed++);
    takeBack();
    sessions.end(session);
    expect(closed).toBe(1);
    expect(sessions.find(token)).toBeUndefined();
    expect(sessions.isAlive(session)).toBe(false);
  });
});
