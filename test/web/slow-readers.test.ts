import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { connect, type Socket } from "node:net";
import { Secret } from "../../src/core/secret.ts";
import { RecentRecords } from "../../src/log/recent.ts";
import { RecordStore } from "../../src/store/record-store.ts";
import { Login } from "../../src/web/login.ts";
import { WebServer } from "../../src/web/server.ts";
import { Sessions } from "../../src/web/sessions.ts";
import { temporaryFolder } from "../doubles/folder.ts";
import { sessionsInMemory, webParts } from "../doubles/web.ts";
import { instance, snapshot, states } from "./snapshot.ts";

setDefaultTimeout(40_000);

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const recordBytes = 16_000;
const recordsASecond = 1_000;
const floodSeconds = 3;
const sentBytes = recordBytes * recordsASecond * floodSeconds;

/** A server whose log is flooded, and a session on it. */
async function open() {
  const folder = temporaryFolder();
  closers.push(() => folder[Symbol.dispose]());
  const parts = webParts(() => snapshot([instance("weather", states.running)]));
  const passwordHash = new Secret(
    Bun.password.hashSync("correct horse", { algorithm: "argon2id", memoryCost: 1024, timeCost: 1 }),
  );
  const login = new Login({ account: () => ({ username: new Secret("admin"), passwordHash }) });
  const sessions = new Sessions({ store: sessionsInMemory(), fingerprint: () => login.fingerprint() });
  const store = new RecordStore({ folder: folder.path, log: parts.log });
  await store.open();
  closers.push(() => store.close());
  const records = new RecentRecords(store);
  const server = new WebServer({ ...parts, login, sessions, records, port: 0, slowestReadMs: 1_500 });
  server.open();
  closers.push(() => server.close());
  const answer = await fetch(`http://127.0.0.1:${server.port}/_roost/v1/session`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ username: "admin", password: "correct horse" }),
  });
  const token = /roost_session=([^;]+)/.exec(answer.headers.get("set-cookie") ?? "")?.[1] ?? "";
  return { port: server.port ?? 0, token, flood: () => flood(records) };
}

/** Resolves when all has been logged. */
async function flood(records: RecentRecords): Promise<void> {
  const message = "x".repeat(recordBytes);
  const beganMs = performance.now();
  for (let logged = 0; logged < recordsASecond * floodSeconds; ) {
    const due = Math.min(
      (performance.now() - beganMs) * (recordsASecond / 1000),
      recordsASecond * floodSeconds,
    );
    for (; logged < due; logged++)
      records.sink({
        timeMs: Date.now(),
        severity: "INFO",
        instance: undefined,
        message,
        context: {},
        causes: [],
      });
    await Bun.sleep(10);
  }
}

/** What is left for one who begins to read only now, until the server has ended the connection. */
function drain(socket: Socket): Promise<number> {
  return new Promise((resolve) => {
    let bytes = 0;
    socket.on("data", (data) => {
      bytes += data.length;
    });
    for (const end of ["end", "close", "error"]) socket.on(end, () => resolve(bytes));
    socket.resume();
  });
}

function connectUnread(port: number, greeting: (socket: Socket) => void): Promise<Socket> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => {
      greeting(socket);
      resolve(socket.pause());
    });
  });
}

test("a reader of the event stream that does not read is cut off, and little is kept for it", async () => {
  const { port, token, flood } = await open();
  const socket = await connectUnread(port, (socket) =>
    socket.write(
      `GET /_roost/v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nCookie: roost_session=${token}\r\n\r\n`,
    ),
  );
  await Bun.sleep(200);
  await flood();
  await Bun.sleep(1_000);
  const left = await drain(socket);
  expect(left).toBeGreaterThan(recordBytes);
  expect(left).toBeLessThan(sentBytes / 2);
});

test("a reader of the log's socket that does not read is cut off, and little is kept for it", async () => {
  const { port, token, flood } = await open();
  const socket = await connectUnread(port, (socket) =>
    socket.write(
      `GET /_matrix/maubot/v1/logs HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`,
    ),
  );
  await Bun.sleep(200);
  socket.write(Buffer.concat([Buffer.from([0x81, 0x80 | token.length, 0, 0, 0, 0]), Buffer.from(token)]));
  await Bun.sleep(200);
  await flood();
  await Bun.sleep(1_000);
  const left = await drain(socket);
  expect(left).toBeGreaterThan(recordBytes);
  expect(left).toBeLessThan(sentBytes / 2);
});
