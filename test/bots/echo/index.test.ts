import { expect, test } from "bun:test";
import echo from "../../../src/bots/echo/index.ts";
import { createHttp } from "../../../src/plugins/http/http.ts";
import { BotDouble } from "../../doubles/bot.ts";

async function answers(body: string): Promise<unknown[]> {
  const bot = await new BotDouble({}, createHttp()).start(echo);
  await bot.post(body);
  bot.close();
  return bot.replies.map((reply) => reply.content.body);
}

test("says what it was told to say", async () => {
  expect(await answers("!echo good  morning")).toEqual(["good  morning"]);
});

test("asks for words when there are none", async () => {
  expect(await answers("!echo")).toEqual(["Write something after !echo."]);
});

test("answers a ping with what came with it", async () => {
  expect(await answers("!ping 7")).toEqual(["pong 7"]);
  expect(await answers("!ping")).toEqual(["pong"]);
});

test("keeps silent when nobody calls it", async () => {
  expect(await answers("I heard an echo")).toEqual([]);
});
