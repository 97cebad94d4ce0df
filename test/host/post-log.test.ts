import { expect, test } from "bun:test";
import type { InstanceId } from "../../src/core/id.ts";
import { PostLog } from "../../src/host/post-log.ts";

const a = "a" as InstanceId;
const b = "b" as InstanceId;

test("tells the first post at once, and those that follow as one number", () => {
  const told: string[] = [];
  const posts = new PostLog((id) => ({
    debug: () => {},
    info: (message) => void told.push(`${id} ${message}`),
    warn: () => {},
    error: () => {},
    critical: () => {},
  }));
  posts.note(a);
  posts.note(b);
  posts.note(a);
  posts.note(a);
  expect(told).toEqual(["a Posted in a room.", "b Posted in a room."]);
  posts.close();
  expect(told.slice(2)).toEqual(["a Posted 2 more times since then."]);
});
