import { afterEach, describe, expect, test } from "bun:test";
import type { Socket, TCPSocketListener } from "bun";
import { PlainHttp, type PlainRequest } from "../../src/matrix/plain-http.ts";

type Peer = Socket<{ number: number }>;
type Script = (peer: Peer, asked: string, connection: number) => void;

let server: TCPSocketListener<{ number: number }> | undefined;
let asked: string[] = [];
let connections = 0;
afterEach(() => server?.stop(true));

/** A server that does what it is told, byte for byte. Answers a client of it. */
function serve(script: Script): PlainHttp {
  asked = [];
  connections = 0;
  server = Bun.listen<{ number: number }>({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      open(peer) {
        peer.data = { number: ++connections };
      },
      data(peer, chunk) {
        asked.push(chunk.toString());
        script(peer, chunk.toString(), peer.data.number);
      },
    },
  });
  const http = PlainHttp.for(`http://127.0.0.1:${server.port}`);
  if (http === undefined) throw new Error("it is an address for it");
  return http;
}

const never = new AbortController().signal;
const headers = { authorization: "Bearer t0ken" };
const request: PlainRequest = { method: "GET", path: "/a", headers, body: undefined, signal: never };
const textOf = async (http: PlainHttp, more: Partial<PlainRequest> = {}) =>
  (await http.exchange({ ...request, ...more })).text;
const whyNot = (http: PlainHttp, more: Partial<PlainRequest> = {}) =>
  http.exchange({ ...request, ...more }).then(
    ({ text }) => `answered: ${text}`,
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
const answer = (body: string, more = "") =>
  `HTTP/1.1 200 OK\r\nContent-Length: ${Buffer.byteLength(body)}\r\n${more}\r\n${body}`;

test("a request is what RFC 9112 says one is", async () => {
  const http = serve((peer) => peer.write(answer("yes")));
  await http.exchange({ ...request, method: "PUT", path: "/a?b=%20", body: '{"c":"ü"}' });
  expect(asked.join("")).toBe(
    `PUT /a?b=%20 HTTP/1.1\r\nhost: 127.0.0.1:${server?.port}\r\nauthorization: Bearer t0ken\r\ncontent-length: 10\r\n\r\n{"c":"ü"}`,
  );
});

describe("an answer is understood", () => {
  const answers: Record<string, [sent: string, text: string]> = {
    "with its length": [answer("ü!"), "ü!"],
    "with no body": [answer(""), ""],
    "with the status 204": ["HTTP/1.1 204 No Content\r\n\r\n", ""],
    "in chunks": [
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab\xc3\r\nA;x=1\r\n\xbc123456789\r\n0\r\nTrailer: x\r\n\r\n",
      "abü123456789",
    ],
    "in chunks, whatever length is said besides": [
      "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
      "ok",
    ],
    "after early hints": [`HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n${answer("then")}`, "then"],
    "without a reason": ["HTTP/1.1 200\r\ncontent-length: 2\r\n\r\nok", "ok"],
    "with fields of any case and space": ["HTTP/1.1 200 OK\r\nCONTENT-LENGTH:2  \r\n\r\nok", "ok"],
  };
  for (const [name, [sent, text]] of Object.entries(answers)) {
    test(name, async () => {
      const bytes = Buffer.from(sent, sent.includes("\xc3") ? "latin1" : "utf8");
      const whole = serve((peer) => peer.write(bytes));
      expect(await textOf(whole)).toBe(text);
      server?.stop(true);
      const pieces = serve(async (peer) => {
        for (const byte of bytes) {
          peer.write(new Uint8Array([byte]));
          peer.flush();
          await Bun.sleep(0);
        }
      });
      expect(await textOf(pieces)).toBe(text);
    });
  }

  test("that ends with its connection", async () => {
    const http = serve((peer) => peer.end("HTTP/1.0 200 OK\r\n\r\nall of it"));
    expect(await textOf(http)).toBe("all of it");
  });

  test("with its status and fields", async () => {
    const http = serve((peer) => peer.write(answer("slow down", "Retry-After:  7 \r\nX-Retry-After: 8\r\n")));
    const { head } = await http.exchange(request);
    expect([head.status, head.headers.get("retry-after"), head.headers.get("location")]).toEqual([
      200,
      "7",
      null,
    ]);
  });
});

describe("nobody guesses at an answer", () => {
  const broken: Record<string, [sent: string, why: RegExp]> = {
    "of another protocol": ["SSH-2.0-OpenSSH_9.6\r\n\r\n", /does not speak HTTP/],
    "whose length is no number": ["HTTP/1.1 200 OK\r\ncontent-length: 2, 2\r\n\r\nok", /no number/],
    "whose length is less than nothing": ["HTTP/1.1 200 OK\r\ncontent-length: -2\r\n\r\nok", /no number/],
    "whose chunk has no size": ["HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nok\r\n", /no size/],
    "whose chunk is longer than it says": [
      "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nok\r\n",
      /longer than it says/,
    ],
    "that is coded": ["HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n", /nobody asked for/],
    "that is too long": ["HTTP/1.1 200 OK\r\ncontent-length: 200000000\r\n\r\n", /larger than 128 MiB/],
    "whose head has no end": [`HTTP/1.1 200 OK\r\n${"x: y\r\n".repeat(20_000)}`, /has no end/],
  };
  for (const [name, [sent, why]] of Object.entries(broken)) {
    test(name, async () => {
      expect(await whyNot(serve((peer) => peer.write(sent)))).toMatch(why);
    });
  }

  test("that breaks off", async () => {
    const http = serve((peer) => peer.end("HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\nhalf"));
    expect(await whyNot(http)).toMatch(/closed/);
    const chunks = serve((peer) =>
      peer.end("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n"),
    );
    expect(await whyNot(chunks)).toMatch(/closed/);
  });
});

describe("a connection", () => {
  test("is used again, one request after another, and for those at once there are several", async () => {
    const http = serve((peer, _, connection) => {
      setTimeout(() => peer.write(answer(String(connection))), 20);
    });
    expect(await textOf(http)).toBe("1");
    expect(await textOf(http)).toBe("1");
    expect((await Promise.all([textOf(http), textOf(http)])).toSorted()).toEqual(["1", "2"]);
    expect((await Promise.all([textOf(http), textOf(http)])).toSorted()).toEqual(["1", "2"]);
  });

  test("is not used again when the server says close, sends more than it was asked, or answered before it was done", async () => {
    for (const sent of [answer("x", "Connection: close\r\n"), `${answer("x")}HTTP/1.1 200 OK\r\n`]) {
      const http = serve((peer) => peer.write(sent));
      await textOf(http);
      await textOf(http);
      expect(connections).toBe(2);
      server?.stop(true);
    }
    const hasty = serve((peer, part) => {
      if (/^(PUT|GET) /.test(part)) peer.write(answer("enough"));
    });
    expect(await textOf(hasty, { method: "PUT", body: "x".repeat(64 * 2 ** 20) })).toBe("enough");
    await textOf(hasty);
    expect(connections).toBe(2);
  });

  test("that said something unasked is not believed later", async () => {
    const http = serve((peer, _, connection) => {
      peer.write(answer(`asked on ${connection}`));
      if (connection === 1) setTimeout(() => peer.write(answer("unasked")), 10);
    });
    expect(await textOf(http)).toBe("asked on 1");
    await Bun.sleep(50);
    expect(await textOf(http)).toBe("asked on 2");
  });

  test("that was closed meanwhile is replaced, unless the answer had begun", async () => {
    const http = serve((peer, _, connection) => {
      if (connection === 1 && asked.length === 2) peer.terminate();
      else if (connection === 2 && asked.length === 4) peer.end("HTTP/1.1 200 OK\r\n");
      else peer.write(answer(String(connection)));
    });
    expect(await textOf(http)).toBe("1");
    expect(await textOf(http, { method: "PUT", body: "once" })).toBe("2");
    expect(await whyNot(http)).toMatch(/closed/);
    expect(asked.length).toBe(4);
  });

  test("of its own is what something that must not be done twice gets", async () => {
    const http = serve((peer, _, connection) => peer.write(answer(String(connection))));
    expect(await textOf(http)).toBe("1");
    expect(await textOf(http, { method: "POST", body: "join" })).toBe("2");
  });

  test("ends with the request that is given up, so that its late answer is nobody's", async () => {
    const http = serve((peer, _, connection) => {
      setTimeout(() => peer.write(answer(`late from ${connection}`)), connection === 1 ? 60 : 0);
    });
    const abort = new AbortController();
    const given = whyNot(http, { signal: abort.signal });
    await Bun.sleep(20);
    abort.abort(new Error("given up"));
    expect(await given).toBe("given up");
    expect(await textOf(http)).toBe("late from 2");
    expect(await whyNot(http, { signal: AbortSignal.abort(new Error("before")) })).toBe("before");
  });
});

test("a body that the socket does not take at once is sent whole", async () => {
  const body = "0123456789".repeat(3_000_000);
  let takenBytes = 0;
  const http = serve((peer, part) => {
    takenBytes += part.length;
    if (part.endsWith("the end")) peer.write(answer(String(takenBytes)));
  });
  const length = Number(await textOf(http, { method: "PUT", body: `${body}the end` }));
  expect(length).toBeGreaterThan(body.length);
  expect(asked.join("").endsWith(`${body}the end`)).toBe(true);
});

test("neither a path nor a header can say more than one thing", async () => {
  const http = serve((peer) => peer.write(answer("x")));
  expect(await whyNot(http, { path: "/a HTTP/1.1\r\nhost: other" })).toMatch(/encoded/);
  expect(await whyNot(http, { headers: { authorization: "Bearer a\r\nx: y" } })).toMatch(/printable/);
  expect(asked).toEqual([]);
});

test("what needs TLS, a login or a proxy is left to fetch", () => {
  expect(PlainHttp.for("https://example.org")).toBeUndefined();
  expect(PlainHttp.for("http://user:pass@example.org")).toBeUndefined();
  expect(PlainHttp.for("no address")).toBeUndefined();
  process.env.http_proxy = "http://127.0.0.1:3128";
  try {
    expect(PlainHttp.for("http://example.org")).toBeUndefined();
  } finally {
    delete process.env.http_proxy;
  }
  expect(PlainHttp.for("http://example.org")).toBeInstanceOf(PlainHttp);
});
