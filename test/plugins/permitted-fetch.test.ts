import { expect, test } from "bun:test";
import { createHttp } from "../../src/plugins/http/http.ts";
import { permittedFetch, requestByHost } from "../../src/plugins/http/permitted-fetch.ts";
import { refusalOf } from "../doubles/delivery.ts";

const request = { ask: "fetch", method: "GET", headers: {}, timeoutMs: 1_000, maxBytes: 1_000 } as const;
const signal = new AbortController().signal;

test.each([
  ["https://api.example.org/", ["example.org"]],
  ["https://example.org.evil.test/", ["example.org", "*.example.org"]],
  ["https://example.org:8443/", ["example.org"]],
  ["https://evilexample.org/", ["*.example.org"]],
  ["https://example.org/", []],
])("%s is not within %p", async (url, hosts) => {
  const refusal = await refusalOf(permittedFetch(hosts)({ ...request, url }, signal));
  expect(refusal).toMatchObject({ code: "bad-request", message: expect.stringContaining("may fetch from") });
});

test.each([
  ["http://127.0.0.1/", ["127.0.0.1"]],
  ["http://127.0.0.1:8443/", ["127.0.0.1:8443"]],
  ["http://sub.localhost/", ["*.localhost"]],
])("%s is within %p, and private all the same", async (url, hosts) => {
  const refusal = await refusalOf(permittedFetch(hosts)({ ...request, url }, signal));
  expect(refusal).toMatchObject({ message: expect.not.stringContaining("may fetch from") });
});

test("what the host fetched reaches the plugin as if it had fetched itself, redirects and all", async () => {
  using server = Bun.serve({
    port: 0,
    fetch: async (received) =>
      received.url.endsWith("/form")
        ? new Response(`${received.method} ${received.headers.get("content-type")} ${await received.text()}`)
        : received.url.endsWith("/old")
          ? Response.redirect("/new", 302)
          : new Response(Bun.gzipSync("hello"), { headers: { "Content-Encoding": "gzip", "X-Told": "yes" } }),
  });
  const asked: string[] = [];
  const http = createHttp(
    requestByHost(async ({ url, method, headers, body: sent }) => {
      asked.push(new URL(url).pathname);
      const answer = await fetch(url, {
        ...{ redirect: "manual", method, headers },
        ...(sent === undefined ? {} : { body: Buffer.from(sent, "base64") }),
      });
      const body = Buffer.from(await answer.arrayBuffer()).toString("base64");
      return { status: answer.status, headers: [...answer.headers], body };
    }),
  );
  const url = `http://127.0.0.1:${server.port}/old`;
  const answer = await http.get(url, { timeoutMs: 1_000, maxBytes: 1_000, allow: () => true, signal });
  expect([answer.status, Buffer.from(answer.body).toString(), answer.headers.get("x-told")]).toEqual([
    200,
    "hello",
    "yes",
  ]);
  expect(asked).toEqual(["/old", "/new"]);
  const form = await http.get(url.replace("/old", "/form"), {
    ...{ timeoutMs: 1_000, maxBytes: 1_000, allow: () => true, signal },
    form: { a: "b c" },
  });
  expect(Buffer.from(form.body).toString()).toBe(
    "POST application/x-www-form-urlencoded;charset=UTF-8 a=b+c",
  );
});
