import { expect, test } from "bun:test";
import { asInstanceId } from "../../src/core/id.ts";
import { RecentRecords } from "../../src/log/recent.ts";
import { LogRouter } from "../../src/log/router.ts";

function open(maxCount: number): { recent: RecentRecords; router: LogRouter } {
  const recent = new RecentRecords(maxCount);
  const router = new LogRouter();
  router.addSink(recent.sink);
  return { recent, router };
}
const messages = (records: readonly { message: string }[]) => records.map(({ message }) => message);

test("the oldest records fall out", () => {
  const { recent, router } = open(3);
  for (let i = 0; i < 5; i++) router.logger().info(`${i}`);
  expect(messages(recent.query())).toEqual(["2", "3", "4"]);
});

test("records are found by instance and by severity", () => {
  const { recent, router } = open(10);
  const insta = asInstanceId("insta");
  router.logger().error("host");
  router.logger(insta).info("small");
  router.logger(insta).warn("big");
  expect(messages(recent.query({ instance: insta }))).toEqual(["small", "big"]);
  expect(messages(recent.query({ severity: "WARN" }))).toEqual(["host", "big"]);
  expect(messages(recent.query({ instance: insta, severity: "WARN" }))).toEqual(["big"]);
});

test("a follower sees later matching records until it leaves", () => {
  const { recent, router } = open(10);
  const seen: string[] = [];
  router.logger().warn("before");
  const leave = recent.follow({ severity: "WARN" }, ({ message }) => seen.push(message));
  router.logger().info("too small");
  router.logger().warn("seen");
  leave();
  router.logger().warn("after");
  expect(seen).toEqual(["seen"]);
});
