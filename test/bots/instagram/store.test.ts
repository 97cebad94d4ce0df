import { Database } from "bun:sqlite";
import { afterEach, beforeEach, expect, test } from "bun:test";
import { refuse } from "../../../src/bots/instagram/post.ts";
import { AnswerStore, type Job, type Ready } from "../../../src/bots/instagram/store.ts";

const hourMs = 60 * 60_000;
let nowMs: number;
let db: Database;
let store: AnswerStore;

beforeEach(() => {
  nowMs = 1_790_000_000_000;
  db = new Database(":memory:");
  store = new AnswerStore(db, () => nowMs);
  store.open();
});
afterEach(() => db.close());

const ready: Ready = {
  kind: "profile",
  profile: {
    username: "ada.l",
    fullName: "",
    bio: "",
    followers: null,
    following: null,
    posts: null,
    verified: false,
    private: false,
    pictureUrl: null,
    links: [],
    recent: [],
  },
  pictures: [],
};

function waiting(message: string, dueAtMs: number | null): Job {
  const fresh = { attempts: 1, notice: null, noticeId: null, progress: null, refusal: null };
  return { message, target: "post:A", dueAtMs, ...fresh };
}

function rows(table: string): number {
  return db.query<{ rows: number }, []>(`SELECT count(*) AS rows FROM ${table}`).get()?.rows ?? 0;
}

test("an answer is kept for a day from its first time, however often files are added to it", () => {
  store.keepReady("profile:ada.l", ready);
  nowMs += 23 * hourMs;
  store.keepReady("profile:ada.l", { ...ready, pictures: [{ cause: "gone", isTransient: false }] });
  expect(store.ready("profile:ada.l")?.pictures).toHaveLength(1);
  nowMs += hourMs + 1;
  expect(store.ready("profile:ada.l")).toBeUndefined();
  store.keepReady("profile:ada.l", ready);
  expect(store.ready("profile:ada.l")?.pictures).toHaveLength(0);
});

test("no more than some two thousand answers are kept, the newest", () => {
  for (let number = 0; number < 2_100; number++) {
    nowMs++;
    store.keepReady(`post:${number}`, ready);
  }
  expect(rows("answers")).toBeLessThanOrEqual(2_001);
  expect(store.ready("post:2099")).toBeDefined();
  expect(store.ready("post:0")).toBeUndefined();
});

test("decided jobs go after a day, waiting ones stay until nobody has come back for a week", () => {
  store.keepJob(waiting("$decided", null));
  store.keepJob(waiting("$waits", nowMs + hourMs));
  nowMs += 25 * hourMs;
  store.prune();
  expect(store.job("$decided", "post:A")).toBeUndefined();
  expect(store.job("$waits", "post:A")?.attempts).toBe(1);
  nowMs += 7 * 24 * hourMs;
  store.prune();
  expect(rows("jobs")).toBe(0);
});

test("the first to wait for a target leads, also when its time moves, until it is overdue", () => {
  store.keepJob(waiting("$one", nowMs + 1));
  store.keepJob(waiting("$two", nowMs + 2));
  store.keepJob(waiting("$one", nowMs + 3));
  expect(store.leader("post:A", 0)?.message).toBe("$one");
  store.keepJob(waiting("$one", null));
  expect(store.leader("post:A", 0)?.message).toBe("$two");
  expect(store.leader("post:A", nowMs + 2)).toBeUndefined();
});

test("a refusal reaches those who wait for the same, and nobody else", () => {
  const { refusal } = refuse("deleted");
  store.keepJob(waiting("$waits", nowMs + 1));
  store.keepJob(waiting("$decided", null));
  store.keepJob({ ...waiting("$other", nowMs + 1), target: "post:B" });
  store.refuseWaiting("post:A", refusal);
  expect(store.job("$waits", "post:A")?.refusal).toEqual(refusal);
  expect(store.job("$decided", "post:A")?.refusal).toBeNull();
  expect(store.job("$other", "post:B")?.refusal).toBeNull();
});

test("a cache in the first release's shape is dropped, not misread", () => {
  db.run("INSERT INTO answers VALUES ('ready post:A', ?, '{}')", [nowMs]);
  store.open();
  expect(rows("answers")).toBe(0);
});
