import { afterAll, expect, test } from "bun:test";
import { definePlugin } from "../../src/plugins/author/author-module.ts";
import { TestBot } from "../../src/plugins/author/test-bot.ts";
import { boundedFetch } from "../../src/plugins/http/fetch.ts";
import { createHttp } from "../../src/plugins/http/http.ts";
import { refusalOf } from "../doubles/delivery.ts";

/** Answers what it was asked. */
const servers = [serve(), serve()] as const;
afterAll(() => servers.forEach((server) => void server.stop(true)));
const [origin, other] = servers.map(({ port }) => `http://127.0.0.1:${port}`) as [string, string];

function serve() {
  return Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    async fetch(request) {
      const { pathname, searchParams } = new URL(request.url);
      const status = Number(searchParams.get("status") ?? 302);
      const to = searchParams.get("to");
      if (to !== null) return new Response(null, { status, headers: { location: to } });
      if (pathname === "/circle") return Response.redirect("/circle");
      if (pathname === "/big") return new Response("x".repeat(2000));
      if (pathname === "/packed")
        return new Response(Bun.gzipSync(Buffer.from("packed")), { headers: { "content-encoding": "gzip" } });
      return Response.json({
        method: request.method,
        body: await request.text(),
        authorization: request.headers.get("authorization"),
      });
    },
  });
}

const fetched = (path: string, options = {}) =>
  boundedFetch(
    createHttp(),
    `${origin}${path}`,
    { trustedOrigins: [origin, other], ...options },
    new AbortController().signal,
  );

test("a request has a method, headers and a body, and its answer is a Response", async () => {
  const response = await fetched("/", { method: "PUT", body: "hi", headers: { authorization: "secret" } });
  expect(response.status).toBe(200);
  expect(await response.json()).toEqual({ method: "PUT", body: "hi", authorization: "secret" });
  expect(await (await fetched("/packed")).text()).toBe("packed");
});

test("a redirect to another origin does not take the authorization along, one within it does", async () => {
  const headers = { authorization: "secret" };
  expect(await (await fetched(`/?to=${origin}/`, { headers })).json()).toMatchObject({
    authorization: "secret",
  });
  expect(await (await fetched(`/?to=${other}/`, { headers })).json()).toMatchObject({ authorization: null });
});

test("what was posted is posted again where the redirect says so, and else asked for", async () => {
  const options = { method: "POST", body: "hi" };
  expect(await (await fetched("/?to=/&status=307", options)).json()).toMatchObject({
    method: "POST",
    body: "hi",
  });
  expect(await (await fetched("/?to=/&status=303", options)).json()).toMatchObject({
    method: "GET",
    body: "",
  });
});

test("too much, a circle, a private address and an end of the bot are refused", async () => {
  expect(await refusalOf(fetched("/big", { maxBytes: 1000 }))).toMatchObject({ code: "too-large" });
  expect(await refusalOf(fetched("/circle"))).toMatchObject({ code: "bad-request" });
  expect(await refusalOf(fetched("/", { trustedOrigins: [] }))).toMatchObject({ code: "bad-request" });
  expect(await refusalOf(fetched("/", { signal: AbortSignal.abort() }))).toMatchObject({ code: "cancelled" });
});

test("a plugin's test stands in for the internet with one function", async () => {
  const plugin = definePlugin({
    setup(bot) {
      bot.command("weather", async (message, place) => {
        const response = await bot.fetch(`https://weather.example/${place}`);
        await message.reply(((await response.json()) as { text: string }).text);
      });
    },
  });
  const bot = await TestBot.start(plugin, {
    internet: ({ url }) => Response.json({ text: `sunny at ${url}` }),
  });
  await bot.post("!weather Lund");
  expect(bot.replies).toEqual(["sunny at https://weather.example/Lund"]);
  const offline = await TestBot.start(plugin);
  await expect(offline.post("!weather Lund")).rejects.toThrow("no internet");
});
