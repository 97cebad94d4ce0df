import type { Step } from "../conversation.ts";
import { answered, inRoom, say, visit } from "../steps.ts";

const json = { "content-type": "application/json", "x-agent": "tester" };

export const webhook: readonly Step[] = [
  visit("GET", "/hello"),
  visit("GET", "/hello?name=gr%C3%BC%C3%9F%20Gott&name=second"),
  visit("POST", "/notify/early", '{"text":"too early"}', json),
  say("!here"),
  answered(1, visit("POST", "/notify/a%20place", '{"text":"*well*"}', json)),
  visit("POST", "/notify/x", "no json", json),
  visit("PUT", "/raw", "abcdef"),
  visit("PATCH", "/raw", "abc"),
  visit("DELETE", "/raw"),
  visit("POST", "/raw", "abc"),
  visit("GET", "/added/thing"),
  visit("GET", "/helper"),
  visit("GET", "/fails"),
  visit("GET", "/nothing"),
  visit("GET", "/"),
  answered(2, say("!fetch")),
  say("!files"),
  say("!helped"),
  say("!helped word"),
  say("!tasks"),
  inRoom("PUT", "state/m.room.topic", { topic: "of the room" }),
  answered(3, say("!timers")),
];
