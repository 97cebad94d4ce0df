import { afterAll, expect, test } from "bun:test";
import { isPublicAddress } from "../../src/plugins/http/address.ts";
import { createHttp } from "../../src/plugins/http/http.ts";
import { refusalOf } from "../doubles/delivery.ts";

const server = Bun.serve({
  port: 0,
  hostname: "127.0.0.1",
  async fetch(request) {
    const { pathname } = new URL(request.url);
    if (pathname === "/big") return new Response("x".repeat(2000));
    if (pathname === "/endless")
      return new Response(new ReadableStream({ pull: (c) => c.enqueue(new Uint8Array(500)) }));
    if (pathname === "/loop") return Response.redirect("/loop");
    if (pathname === "/inside") return Response.redirect("http://169.254.169.254/latest/meta-data");
    if (pathname === "/elsewhere") return Response.redirect("https://example.org/");
    if (pathname === "/hang") return new Promise<Response>(() => {});
    if (pathname === "/moved") return Response.redirect("/final");
    return new Response(`${pathname} ${request.headers.get("user-agent")}`);
  },
});
afterAll(() => server.stop(true));

const origin = `http://127.0.0.1:${server.port}`;
const get = (path: string, more = {}) =>
  createHttp().get(path.startsWith("http") ? path : `${origin}${path}`, {
    timeoutMs: 2000,
    maxBytes: 1000,
    allow: (url) => url.hostname !== "example.org",
    trustedOrigins: [origin],
    signal: AbortSignal.any([]),
    headers: { "User-Agent": "test" },
    ...more,
  });

test("fetches from a trusted origin and follows its redirects, saying where the answer came from", async () => {
  const answer = await get("/moved");
  expect(answer).toMatchObject({ status: 200, url: `${origin}/final` });
  expect(new TextDecoder().decode(answer.body)).toBe("/final test");
});

test("refuses private addresses however they are written, and redirects into them", async () => {
  for (const host of [
    "127.0.0.1",
    "10.0.0.1",
    "[::1]",
    "localhost",
    "0x7f.1",
    "2130706433",
    "[::ffff:127.0.0.1]",
    "[fe80::1]",
  ]) {
    expect(await refusalOf(get(`http://${host}:${server.port}/`, { trustedOrigins: [] }))).toMatchObject({
      code: "bad-request",
    });
  }
  expect(await refusalOf(get("/inside"))).toMatchObject({ code: "bad-request" });
});

test("refuses what the caller's rule declines, other protocols, passwords in addresses, and endless redirects", async () => {
  expect(await refusalOf(get("/elsewhere"))).toMatchObject({ code: "bad-request" });
  expect(await refusalOf(get("http://user:pass@127.0.0.1/"))).toMatchObject({ code: "bad-request" });
  expect(await refusalOf(get("http:/\\"))).toMatchObject({ code: "bad-request" });
  expect(
    await refusalOf(
      createHttp().get("file:///etc/passwd", {
        timeoutMs: 9,
        maxBytes: 9,
        allow: () => true,
        signal: AbortSignal.any([]),
      }),
    ),
  ).toMatchObject({ code: "bad-request" });
  expect(await refusalOf(get("/loop"))).toMatchObject({
    message: expect.stringContaining("redirected more than"),
  });
});

test("stops reading at the bound, whether or not the size was announced", async () => {
  expect(await refusalOf(get("/big"))).toMatchObject({ code: "too-large" });
  expect(await refusalOf(get("/endless"))).toMatchObject({ code: "too-large" });
});

test("gives up after the time allowed and says so; says so too when the caller gave up", async () => {
  expect(await refusalOf(get("/hang", { timeoutMs: 50 }))).toMatchObject({ code: "network" });
  const abort = new AbortController();
  const given = get("/hang", { signal: abort.signal });
  abort.abort();
  expect(await refusalOf(given)).toMatchObject({ code: "cancelled" });
});

test("knows public addresses from all the others", () => {
  for (const address of ["93.184.216.34", "157.240.0.1", "2a03:2880:f12f::1"])
    expect(isPublicAddress(address)).toBe(true);
  for (const address of [
    "0.0.0.0",
    "100.64.1.1",
    "172.31.0.1",
    "192.168.1.1",
    "224.0.0.1",
    "255.255.255.255",
    "::",
    "fd00::1",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
    "2001:db8::1",
    "nonsense",
  ]) {
    expect(isPublicAddress(address)).toBe(false);
  }
});
