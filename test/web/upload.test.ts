import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sentenceOf } from "../../src/core/error.ts";
import { receiveUpload } from "../../src/web/upload.ts";
import { until } from "../doubles/delivery.ts";

const limits = { sizeBytes: 2_000_000, timeMs: 400 };
const seen: { file: string; sizeBytes: number; mode: number }[] = [];
const refused: string[] = [];
let server: Bun.Server<undefined>;
let url: string;

beforeAll(() => {
  server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: async (request) => {
      try {
        await using upload = await receiveUpload(request, limits);
        const { size, mode } = statSync(upload.file);
        seen.push({ file: upload.file, sizeBytes: size, mode: mode & 0o777 });
        return new Response(readFileSync(upload.file).subarray(0, 3));
      } catch (error) {
        refused.push(sentenceOf(error));
        return new Response(sentenceOf(error), { status: 400 });
      }
    },
  });
  url = `http://127.0.0.1:${server.port}/`;
});
afterAll(() => server.stop(true));
const left = () =>
  readdirSync(tmpdir()).filter((name) => seen.some(({ file }) => file === join(tmpdir(), name)));

test("an upload lies in a file of its own while it is handled, and is gone after", async () => {
  const answer = await fetch(url, { method: "POST", body: new Uint8Array(1_500_000).fill(65) });
  expect(await answer.text()).toBe("AAA");
  expect(seen).toMatchObject([{ sizeBytes: 1_500_000, mode: 0o600 }]);
  expect(existsSync(seen[0]?.file ?? "")).toBe(false);
  expect(left()).toEqual([]);
});

test("one that is too large is refused, whether it says so or not, and an empty one too", async () => {
  const large = new Uint8Array(2_000_001);
  const told = await fetch(url, { method: "POST", body: large });
  const untold = await fetch(url, { method: "POST", body: new Blob([large]).stream() });
  const none = await fetch(url, { method: "POST" });
  expect([told.status, untold.status, none.status]).toEqual([400, 400, 400]);
  expect(refused).toEqual([
    "An upload may have at most 2 MB.",
    "An upload may have at most 2 MB.",
    "The upload is empty: send the file as the body.",
  ]);
});

test("one that comes byte by byte without end is given up", async () => {
  refused.length = 0;
  const socket = connect(server.port ?? 0, "127.0.0.1", () =>
    socket.write("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\na"),
  );
  socket.on("error", () => {});
  await until("it is given up", () => refused.length > 0);
  socket.destroy();
  expect(refused).toEqual(["The upload took too long. Send it over a faster line."]);
});
