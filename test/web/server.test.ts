import { afterEach, describe, expect, test } from "bun:test";
import { connect } from "node:net";
import type { HostSnapshot } from "../../src/core/status.ts";
import { LogRouter } from "../../src/log/router.ts";
import { WebServer, type WebServerOptions } from "../../src/web/server.ts";
import { webParts } from "../doubles/web.ts";
import { instance, snapshot, states } from "./snapshot.ts";

const opened: WebServer[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((server) => server.close()));
});

type Options = Partial<WebServerOptions> & { readonly snapshot?: () => HostSnapshot };

function open(options: Options = {}): { server: WebServer; url: string; logged: string[] } {
  const logged: string[] = [];
  const router = new LogRouter();
  router.addSink(({ severity, message }) => void logged.push(`${severity} ${message}`), "DEBUG");
  const look = options.snapshot ?? (() => snapshot([instance("insta", states.running)]));
  const server = new WebServer({ ...webParts(look, router.logger()), port: 0, ...options });
  opened.push(server);
  server.open();
  return { server, url: `http://127.0.0.1:${server.port}`, logged };
}

/** What a server answers to exactly these bytes. */
function sendRaw(port: number | undefined, request: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = "";
    const socket = connect(port ?? 0, "127.0.0.1", () => socket.write(request));
    socket.on("data", (data) => {
      answer += data.toString();
      socket.end();
    });
    socket.on("close", () => resolve(answer));
    socket.on("error", reject);
  });
}

async function waitFor(condition: () => boolean): Promise<void> {
  while (!condition()) await Bun.sleep(5);
}

describe("routes", () => {
  test.each([
    ["/", 200, "text/html; charset=UTF-8"],
    ["/livez", 200, "application/health+json"],
    ["/readyz", 200, "application/health+json"],
    ["/healthz", 200, "application/health+json"],
    ["/healthz/insta", 200, "application/health+json"],
    ["/healthz/other", 404, "text/plain; charset=UTF-8"],
    ["/healthz/%ff%00/..", 404, "text/plain; charset=UTF-8"],
    ["/anything", 404, "text/plain; charset=UTF-8"],
    ["/_matrix/maubot/v1/instances", 401, "application/json"],
    ["/_matrix/maubot/v1/anything", 401, "application/json"],
    ["/_matrix/anything", 404, "application/json"],
    ["/_roost/v1/instances/insta", 401, "application/json"],
    ["/_matrix/maubot/paths.json", 200, "application/json"],
  ])("GET and HEAD %s answer %i", async (path, status, type) => {
    const { url } = open();
    const got = await fetch(url + path);
    const head = await fetch(url + path, { method: "HEAD" });
    expect([got.status, head.status]).toEqual([status, status]);
    expect(got.headers.get("content-type")).toBe(type);
    expect((await got.text()).length).toBeGreaterThan(0);
    expect(await head.text()).toBe("");
  });

  test.each(["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])(
    "%s changes nothing and says what may be asked",
    async (method) => {
      const { url } = open();
      const answer = await fetch(`${url}/healthz`, { method });
      expect(answer.status).toBe(405);
      expect(answer.headers.get("allow")).toBe("GET, HEAD");
      expect((await fetch(`${url}/anything`, { method })).status).toBe(404);
    },
  );

  test("every answer carries the security headers, errors too", async () => {
    const { url } = open();
    for (const path of ["/", "/healthz", "/nothing"]) {
      const { headers } = await fetch(url + path);
      expect(headers.get("content-security-policy")).toMatch(
        /^default-src 'none'; script-src 'sha256-\S{44}' 'sha256-\S{44}'; style-src 'sha256-\S{44}'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'$/,
      );
      expect(headers.get("x-content-type-options")).toBe("nosniff");
      expect(headers.get("referrer-policy")).toBe("no-referrer");
      expect(headers.get("cross-origin-opener-policy")).toBe("same-origin");
      expect(headers.get("cross-origin-resource-policy")).toBe("same-origin");
      expect(headers.get("cache-control")).toBe("no-store");
    }
  });

  test("the page is one document of which only the scripts and the style named in its policy run", async () => {
    const { url } = open();
    const answer = await fetch(url);
    const html = await answer.text();
    const policy = answer.headers.get("content-security-policy") ?? "";
    const hashOf = (text = "") => new Bun.CryptoHasher("sha256").update(text).digest("base64");
    expect(policy).toContain(hashOf(/<script type="module">([\s\S]*?)<\/script>/.exec(html)?.[1]));
    expect(policy).toContain(hashOf(/<script>([\s\S]*?)<\/script>/.exec(html)?.[1]));
    expect(policy).toContain(hashOf(/<style>([\s\S]*?)<\/style>/.exec(html)?.[1]));
    expect(html.match(/<script|<style| src=/g)?.length).toBe(4);
    expect(Bun.gzipSync(Buffer.from(html)).length).toBeLessThan(40_000);
  });

  test("text from outside cannot leave the data that the page begins with", async () => {
    const cause = "</script><script>alert(1)</script><!--";
    const { url } = open({ snapshot: () => snapshot([instance("insta", { ...states.failed, cause })]) });
    const html = await (await fetch(url)).text();
    expect(html).not.toContain("<script>alert");
    expect(html).toContain("alert(1)");
  });

  test("a body that is too large is refused", async () => {
    const { url } = open();
    const answer = await fetch(`${url}/_roost/v1/session`, { method: "POST", body: "x".repeat(1_000_000) });
    expect(answer.status).toBe(413);
  });

  test("a fault of our own answers 500 without telling what, and is logged", async () => {
    const { url, logged } = open({
      snapshot: () => {
        throw new Error("hunter2");
      },
    });
    const answer = await fetch(`${url}/healthz`);
    expect(answer.status).toBe(500);
    expect(await answer.text()).not.toContain("hunter2");
    expect(logged).toEqual(["ERROR A request failed."]);
  });
});

describe("health", () => {
  const withStates = (...observed: HostSnapshot["instances"]) => ({ snapshot: () => snapshot(observed) });

  test("answers 200 when it warns and 503 when it fails", async () => {
    const warned = open(withStates(instance("a", states.running), instance("b", states.failed)));
    const failed = open(withStates(instance("b", states.failed)));
    const answers = await Promise.all([fetch(`${warned.url}/healthz`), fetch(`${failed.url}/healthz`)]);
    expect(answers.map(({ status }) => status)).toEqual([200, 503]);
    expect(await answers[0]?.json()).toMatchObject({ status: "warn" });
    expect(await answers[1]?.json()).toMatchObject({ status: "fail" });
  });

  test("quotes no secret that a cause holds", async () => {
    const cause = 'refused "pass\\word1"';
    const { url } = open({
      ...withStates(instance("a", { ...states.failed, cause })),
      cutSecrets: (text) => text.replaceAll("pass\\\\word1", "[redacted]"),
    });
    const body = await (await fetch(`${url}/healthz`)).text();
    expect(body).not.toContain("word1");
    expect(() => JSON.parse(body)).not.toThrow();
  });

  test("of one instance is 503 while it should run and does not, and 200 when people stopped it", async () => {
    const { url } = open(withStates(instance("a", states.waiting), instance("b", states.stopped)));
    expect((await fetch(`${url}/healthz/a`)).status).toBe(503);
    expect((await fetch(`${url}/healthz/b`)).status).toBe(200);
  });

  test("and metrics answer HEAD as they answer GET, without a body", async () => {
    const { url } = open(withStates(instance("a", states.running)));
    for (const path of ["/livez", "/readyz", "/healthz", "/healthz/a", "/metrics"]) {
      const answer = await fetch(`${url}${path}`, { method: "HEAD" });
      expect([path, answer.status, await answer.text()]).toEqual([path, 200, ""]);
    }
    const metrics = await fetch(`${url}/metrics`);
    expect(metrics.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
  });

  test("is ready only between starting and stopping, and live throughout", async () => {
    let phase: HostSnapshot["phase"] = "starting";
    const { url } = open({ snapshot: () => snapshot([], { phase }) });
    const seen: number[] = [];
    for (phase of ["starting", "running", "stopping"] as const) {
      seen.push((await fetch(`${url}/readyz`)).status, (await fetch(`${url}/livez`)).status);
    }
    expect(seen).toEqual([503, 200, 200, 200, 503, 200]);
  });
});

describe("the Host header", () => {
  const statusFor = async (port: number | undefined, host: string) =>
    (await sendRaw(port, `GET /healthz HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)).slice(9, 12);

  test.each(["127.0.0.1", "localhost:8080", "LOCALHOST", "[::1]:29316"])("%s is ours", async (host) => {
    expect(await statusFor(open().server.port, host)).toBe("200");
  });

  test.each([
    "evil.example",
    "localhost.evil.example",
    "127.0.0.1.nip.io",
    "127.0.0.1@evil.example",
    "192.168.1.5",
    "",
    "localhost:1:2",
  ])("%s is refused before anything else", async (host) => {
    const { server } = open();
    expect(await statusFor(server.port, host)).toBe("421");
    const missing = await sendRaw(
      server.port,
      `GET /nothing HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`,
    );
    expect(missing).toContain("421");
    expect(missing).toContain("ssh -L");
  });

  test("may be any address, but no other name, when remote use is allowed", async () => {
    const { server } = open({ allowRemote: true });
    expect(await statusFor(server.port, "192.168.1.5:29316")).toBe("200");
    expect(await statusFor(server.port, "[2001:db8::1]")).toBe("200");
    expect(await statusFor(server.port, "evil.example")).toBe("421");
  });
});

describe("the port", () => {
  test("when taken is waited for, with a sentence that says how to see by whom", async () => {
    const first = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response("other") });
    const port = first.port ?? 0;
    const { server, logged } = open({ port, retryMs: 10 });
    expect(server.port).toBeUndefined();
    await Bun.sleep(30);
    await first.stop(true);
    await waitFor(() => server.port !== undefined);
    expect((await fetch(`http://127.0.0.1:${server.port}/livez`)).status).toBe(200);
    expect(logged).toEqual([
      `WARN Port ${port} is taken: see by whom with: ss -ltnp 'sport = :${port}'. The bots run without page and health checks until it is free.`,
      `INFO Listening on 127.0.0.1 port ${port} now.`,
    ]);
  });

  test("is not shared with another Roost", () => {
    const { server: first } = open();
    const { server: second } = open({ port: first.port ?? 0 });
    expect(second.port).toBeUndefined();
  });

  test("that is taken keeps no closed server waiting for it", async () => {
    const first = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response("other") });
    const { server } = open({ port: first.port ?? 0, retryMs: 10 });
    await server.close();
    await first.stop(true);
    await Bun.sleep(30);
    expect(server.port).toBeUndefined();
  });

  test("is given back at close, though a browser keeps its connection open", async () => {
    const { server, url } = open();
    const { port } = server;
    await fetch(`${url}/livez`, { keepalive: true });
    await server.close();
    const again = Bun.serve({ port: port ?? 0, hostname: "127.0.0.1", fetch: () => new Response("free") });
    await again.stop(true);
  });

  test("is not opened to other machines unless that is said", () => {
    expect(() => open({ host: "0.0.0.0" })).toThrow("can be reached from other machines");
    expect(open({ host: "0.0.0.0", allowRemote: true }).server.port).toBeGreaterThan(0);
  });
});
