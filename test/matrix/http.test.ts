import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { networkInterfaces } from "node:os";
import { RoostError } from "../../src/core/error.ts";
import { Secret } from "../../src/core/secret.ts";
import { HomeserverError } from "../../src/matrix/homeserver-error.ts";
import { Http } from "../../src/matrix/http.ts";
import { certificate } from "../doubles/certificate.ts";
import { failureOf } from "../doubles/delivery.ts";
import { type Lack, needs } from "../doubles/needs.ts";

let server: Bun.Server<undefined>;
let seen: { readonly path: string; readonly headers: Headers }[] = [];

const answers: Record<string, () => Response | Promise<Response>> = {
  "/json": () => Response.json({ a: "ü" }),
  "/chunked": () =>
    new Response(
      new ReadableStream({
        start(controller) {
          const bytes = new TextEncoder().encode('{"a":"ü"}');
          for (const byte of bytes) controller.enqueue(new Uint8Array([byte]));
          controller.close();
        },
      }),
    ),
  "/html": () => new Response("<h1>Welcome to nginx</h1>", { status: 200 }),
  "/html-502": () => new Response("<h1>502</h1>", { status: 502 }),
  "/html-404": () => new Response("<h1>404</h1>", { status: 404 }),
  "/html-413": () => new Response("<h1>413</h1>", { status: 413 }),
  "/html-429": () => new Response("slow", { status: 429, headers: { "retry-after": "7" } }),
  "/date-429": () =>
    new Response("slow", {
      status: 429,
      headers: { "retry-after": new Date(Date.now() + 30_000).toUTCString() },
    }),
  "/long-429": () => new Response("slow", { status: 429, headers: { "retry-after": "86400" } }),
  "/body-429": () =>
    Response.json({ errcode: "M_LIMIT_EXCEEDED", error: "Too fast", retry_after_ms: 1234 }, { status: 429 }),
  "/bare-429": () => Response.json({ errcode: "M_LIMIT_EXCEEDED", error: "Too fast" }, { status: 429 }),
  "/locked": () =>
    Response.json({ errcode: "M_USER_LOCKED", error: "x", soft_logout: true }, { status: 401 }),
  "/suspended": () => Response.json({ errcode: "M_USER_SUSPENDED", error: "x" }, { status: 403 }),
  "/deactivated": () => Response.json({ errcode: "M_USER_DEACTIVATED", error: "x" }, { status: 403 }),
  "/soft": () =>
    Response.json({ errcode: "M_UNKNOWN_TOKEN", error: "x", soft_logout: true }, { status: 401 }),
  "/forbidden": () =>
    Response.json({ errcode: "M_FORBIDDEN", error: "line\nbreak\u001b[31m" }, { status: 403 }),
  "/redirect": () => new Response(null, { status: 301, headers: { location: "https://other.test/json" } }),
  "/slow": () => Bun.sleep(300).then(() => Response.json({ a: "late" })),
  "/hang": () => new Promise(() => {}),
  "/half": async () => {
    const body = new ReadableStream({
      async pull(controller) {
        controller.enqueue(new TextEncoder().encode('{"a":'));
        await Bun.sleep(1);
        controller.error();
      },
    });
    return new Response(body);
  },
};

const serving = {
  hostname: "127.0.0.1",
  port: 0,
  idleTimeout: 0,
  fetch(request: Request) {
    const { pathname, search } = new URL(request.url);
    seen.push({ path: pathname + search, headers: new Headers(request.headers) });
    return answers[pathname]?.() ?? new Response("?", { status: 404 });
  },
};
let tlsServer: Bun.Server<undefined>;

beforeAll(() => {
  server = Bun.serve(serving);
  tlsServer = Bun.serve({ ...serving, tls: certificate });
});
afterAll(() => Promise.all([server.stop(true), tlsServer.stop(true)]));

function origin(): string {
  return `http://127.0.0.1:${server.port}`;
}
function get(path: string, signals: AbortSignal[] = [], timeoutMs = 2_000): Promise<unknown> {
  return new Http(origin()).request({ method: "GET", path, timeoutMs, signals });
}

test("a late word that the token of an earlier login is revoked says nothing of the new one", async () => {
  const late = Promise.withResolvers<Response>();
  answers["/late"] = () => late.promise;
  const http = new Http(origin());
  http.authorize(new Secret("old"));
  const request = { method: "GET", path: "/late", timeoutMs: 2_000, signals: [] } as const;
  const failure = failureOf(http.request(request));
  http.authorize(new Secret("new"));
  late.resolve(Response.json({ errcode: "M_UNKNOWN_TOKEN", error: "x" }, { status: 401 }));
  expect((await failure).code).toBe("network");
});

/** Over our own sockets, and with TLS over those of fetch. */
const ways: [string, () => string][] = [
  ["without TLS", () => origin()],
  ["with TLS", () => `https://localhost:${tlsServer.port}`],
];

describe.each(ways)("an answer %s", (_, originOf) => {
  beforeAll(() => {
    // The test server's certificate is signed by nobody.
    process.env.NODE_TLS_REJECT_UNAUTHORIZED = "0";
  });
  afterAll(() => {
    delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
  });
  const get = (path: string) =>
    new Http(originOf()).request({ method: "GET", path, timeoutMs: 2_000, signals: [] });

  test("is its JSON, whether its length was announced or not", async () => {
    expect(await get("/json")).toEqual({ a: "ü" });
    expect(await get("/chunked")).toEqual({ a: "ü" });
  });

  const cases: [string, string, RegExp][] = [
    ["/html", "network", /Something other than the homeserver answered \(HTTP 200/],
    ["/html-404", "network", /Something other than the homeserver answered \(HTTP 404/],
    ["/html-502", "homeserver-unreachable", /HTTP 502/],
    ["/html-413", "too-large", /so large/],
    ["/html-429", "homeserver-busy", /patience/],
    ["/body-429", "homeserver-busy", /patience/],
    ["/locked", "account-suspended", /locked/],
    ["/suspended", "account-suspended", /suspended/],
    ["/deactivated", "account-suspended", /deactivated/],
    ["/soft", "token-revoked", /no longer accepts/],
    ["/redirect", "not-a-homeserver", /https:\/\/other\.test\/json/],
    ["/half", "network", /broke before/],
  ];
  for (const [path, code, sentence] of cases) {
    test(`like ${path} fails with ${code}`, async () => {
      const failure = await failureOf(get(path));
      expect(failure.code as string).toBe(code);
      expect(failure.message).toMatch(sentence);
    });
  }

  test("that says how long to wait is believed, up to five minutes", async () => {
    expect((await failureOf(get("/html-429"))).retryAfterMs).toBe(7_000);
    expect((await failureOf(get("/body-429"))).retryAfterMs).toBe(1_234);
    expect((await failureOf(get("/bare-429"))).retryAfterMs).toBeUndefined();
    expect((await failureOf(get("/long-429"))).retryAfterMs).toBe(300_000);
    const untilDate = (await failureOf(get("/date-429"))).retryAfterMs ?? 0;
    expect(untilDate).toBeGreaterThan(25_000);
    expect(untilDate).toBeLessThanOrEqual(30_000);
  });

  test("is quoted without what a terminal would obey", async () => {
    const failure = await failureOf(get("/forbidden"));
    expect(failure).toBeInstanceOf(HomeserverError);
    expect(failure.message).toBe(
      'The homeserver does not allow it: "line break [31m". See what the account may do there.',
    );
  });

  test("that leads elsewhere is not followed, and the token stays here", async () => {
    seen = [];
    const http = new Http(originOf());
    http.authorize(new Secret("t0ken"));
    await failureOf(http.request({ method: "GET", path: "/redirect", timeoutMs: 1_000, signals: [] }));
    expect(seen.map(({ headers }) => headers.get("authorization"))).toEqual(["Bearer t0ken"]);
  });
});

describe("no answer", () => {
  test("within the time fails with network", async () => {
    const failure = await failureOf(get("/hang", [], 30));
    expect(failure.code).toBe("network");
    expect(failure.message).toContain("did not answer within");
  });

  test("because nothing listens says so", async () => {
    const gone = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response() });
    const address = `http://127.0.0.1:${gone.port}`;
    await gone.stop(true);
    const failure = await failureOf(
      new Http(address).request({ method: "GET", path: "/", timeoutMs: 1_000, signals: [] }),
    );
    expect(failure.code).toBe("homeserver-unreachable");
    expect(failure.message).toContain("nothing listens");
  });

  test("because somebody stopped it is cancelled, whichever signal it was", async () => {
    for (const index of [0, 1]) {
      const stops = [new AbortController(), new AbortController()];
      const request = failureOf(
        get(
          "/hang",
          stops.map((stop) => stop.signal),
        ),
      );
      stops[index]?.abort();
      expect((await request).code).toBe("cancelled");
    }
    expect((await failureOf(get("/json", [AbortSignal.abort()]))).code).toBe("cancelled");
  });

  test("for a reason of ours is that reason", async () => {
    const reason = new RoostError("token-revoked", "Over.");
    const stop = new AbortController();
    const request = failureOf(get("/hang", [stop.signal]));
    stop.abort(reason);
    expect(await request).toBe(reason);
  });
});

test("a request is not given up for the time in which the whole process stood still", async () => {
  const http = new Http(origin());
  const answer = http.request({ method: "GET", path: "/slow", timeoutMs: 500, signals: [] });
  await Bun.sleep(50);
  Bun.sleepSync(2_600);
  expect(await answer).toEqual({ a: "late" });
});

test("a request carries the token and its body's type, and an anonymous one no token", async () => {
  seen = [];
  const http = new Http(origin());
  http.authorize(new Secret("t0ken"));
  const request = { method: "POST", path: "/json?mine", timeoutMs: 1_000, signals: [] } as const;
  await http.request({ ...request, body: { b: 1 } });
  await http.request({ ...request, anonymous: true, body: new Uint8Array([1, 2]), contentType: "image/png" });
  const mine = seen.filter(({ path }) => path === request.path).map(({ headers }) => headers);
  expect(mine.map((headers) => [headers.get("authorization"), headers.get("content-type")])).toEqual([
    ["Bearer t0ken", "application/json"],
    [null, "image/png"],
  ]);
});

/** Whether this machine has an IPv6 loopback at all. */
function lackOfIpv6(): Lack | undefined {
  const has = Object.values(networkInterfaces()).some((each) =>
    each?.some(({ address }) => address === "::1"),
  );
  return has ? undefined : { of: "kernel", why: "there is no ::1 on this machine" };
}

needs("IPv6 on loopback", lackOfIpv6())("a homeserver that answers on ::1 alone", () => {
  test.each(["localhost", "[::1]"])("is reached as %s", async (host) => {
    const server6 = Bun.serve({ port: 0, hostname: "::1", fetch: () => Response.json({ a: 6 }) });
    const request = { method: "GET", path: "/", timeoutMs: 2_000, signals: [] } as const;
    expect(await new Http(`http://${host}:${server6.port}`).request(request)).toEqual({ a: 6 });
    await server6.stop(true);
  });
});

test("a homeserver whose certificate nobody has signed is not spoken to", async () => {
  seen = [];
  const http = new Http(`https://localhost:${tlsServer.port}`);
  http.authorize(new Secret("t0ken"));
  const failure = await failureOf(
    http.request({ method: "GET", path: "/json", timeoutMs: 5_000, signals: [] }),
  );
  expect(failure.code).toBe("homeserver-unreachable");
  expect(failure.message).toContain("its TLS certificate is not trusted");
  expect(seen).toEqual([]);
});

test("a name that nobody knows is told as one", async () => {
  const request = { method: "GET", path: "/", timeoutMs: 5_000, signals: [] } as const;
  const error = await new Http("http://homeserver.invalid").request(request).catch((each: unknown) => each);
  expect(error).toMatchObject({
    code: "homeserver-unreachable",
    message: expect.stringContaining("its host name is not known"),
  });
});
