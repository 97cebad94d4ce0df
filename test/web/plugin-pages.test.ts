import { afterEach, expect, test } from "bun:test";
import { z } from "zod";
import { RoostError } from "../../src/core/error.ts";
import { type Bot, definePlugin } from "../../src/core/plugin.ts";
import { TestBot } from "../../src/plugins/author/test-bot.ts";
import { WebServer } from "../../src/web/server.ts";
import { webParts } from "../doubles/web.ts";
import { instance, snapshot, states } from "./snapshot.ts";

const opened: WebServer[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((server) => server.close()));
});

/** A server on which the instance `hooks` has these pages. */
async function open(setup: (bot: Bot<unknown>) => void, publicUrl?: string): Promise<string> {
  const bot = await TestBot.start(definePlugin({ config: z.object({}), answersTo: () => [], setup }));
  const parts = webParts(() => snapshot([instance("hooks", states.running)]));
  const control: typeof parts.control = {
    ...parts.control,
    askPlugin: async (id, { path, ...asked }) => {
      if (id !== "hooks") throw new RoostError("not-found", "There is no such instance, or it does not run.");
      const answer = await bot.ask(path, asked);
      const body = new Uint8Array(await answer.arrayBuffer());
      return { status: answer.status, headers: Object.fromEntries(answer.headers), body };
    },
  };
  const server = new WebServer({ ...parts, control, publicUrl, port: 0 });
  opened.push(server);
  server.open();
  return `http://127.0.0.1:${server.port}`;
}

const echo = (bot: Bot<unknown>) => {
  bot.web.post("/hook/:name", async (context) =>
    context.json({
      name: context.req.param("name"),
      query: context.req.query("x"),
      body: await context.req.text(),
      cookie: context.req.header("cookie") ?? null,
    }),
  );
  bot.web.get("/", (context) => {
    context.header("set-cookie", "roost_session=stolen");
    context.header("content-security-policy", "default-src *");
    return context.html("<script>1</script>");
  });
  bot.web.get("/broken", () => {
    throw new Error("broken on purpose");
  });
};
const root = "/_matrix/maubot/plugin/hooks";

test("a plugin's page gets path, query and body, and no cookie", async () => {
  const url = await open(echo);
  const answer = await fetch(`${url}${root}/hook/build?x=1`, {
    method: "POST",
    body: "done",
    headers: { cookie: "roost_session=secret" },
  });
  expect(answer.status).toBe(200);
  expect(await answer.json()).toEqual({ name: "build", query: "1", body: "done", cookie: null });
});

test("what a plugin answers stands in an origin of its own and sets no cookie", async () => {
  const url = await open(echo);
  const answer = await fetch(`${url}${root}/`);
  expect(await answer.text()).toBe("<script>1</script>");
  expect(answer.headers.get("content-security-policy")).toStartWith("sandbox ");
  expect(answer.headers.get("content-security-policy")).not.toContain("allow-same-origin");
  expect(answer.headers.get("set-cookie")).toBeNull();
});

test("a page that throws, one that is not there and an instance that does not run are told apart", async () => {
  const url = await open(echo);
  expect((await fetch(`${url}${root}/broken`)).status).toBe(500);
  expect((await fetch(`${url}${root}/nothing`)).status).toBe(404);
  const other = await fetch(`${url}/_matrix/maubot/plugin/other/`);
  expect(other.status).toBe(404);
  expect(await other.text()).toContain("does not run");
});

test("a body of more than 10 MB is refused before the plugin sees it", async () => {
  const url = await open(echo);
  const answer = await fetch(`${url}${root}/hook/big`, {
    method: "POST",
    body: new Uint8Array(11 * 2 ** 20),
  });
  expect(answer.status).toBe(413);
});

test("under the public address the plugins' pages are answered and nothing else", async () => {
  const url = await open(echo, "https://bots.example.org");
  const ask = async (path: string, host: string) =>
    (await fetch(`${url}${path}`, { headers: { host } })).status;
  expect(await ask(`${root}/`, "bots.example.org")).toBe(200);
  for (const path of [
    "/",
    "/healthz",
    "/_roost/v1/overview",
    "/_matrix/maubot/v1/version",
    `${root}/../../v1/version`,
  ])
    expect(await ask(path, "bots.example.org")).toBe(421);
  expect(await ask(`${root}/`, "evil.example")).toBe(421);
});
