import { afterEach, expect, test } from "bun:test";
import { Secret } from "../../src/core/secret.ts";
import type { Sample } from "../../src/core/status.ts";
import { Login } from "../../src/web/login.ts";
import { overviewOf } from "../../src/web/roost/overview.ts";
import { WebServer } from "../../src/web/server.ts";
import { Sessions } from "../../src/web/sessions.ts";
import { sessionsInMemory, webParts } from "../doubles/web.ts";
import { instance, snapshot, states } from "./snapshot.ts";

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});
const look = () => snapshot([instance("weather", states.running)]);

function open(): string {
  const passwordHash = new Secret(
    Bun.password.hashSync("correct horse", { algorithm: "argon2id", memoryCost: 1024, timeCost: 1 }),
  );
  const login = new Login({ account: () => ({ username: new Secret("admin"), passwordHash }) });
  const sessions = new Sessions({ store: sessionsInMemory(), fingerprint: () => login.fingerprint() });
  const server = new WebServer({ ...webParts(look), login, sessions, port: 0 });
  server.open();
  closers.push(() => server.close());
  return `http://127.0.0.1:${server.port}`;
}
const firstAnswer = async (url: string, cookie = "") => {
  const html = await (await fetch(url, { headers: { cookie } })).text();
  return JSON.parse(/id="data">(.*?)<\/script>/s.exec(html)?.[1] ?? "");
};

test("the page brings the overview along for who is logged in, and for nobody else", async () => {
  const url = open();
  expect(await firstAnswer(url)).toMatchObject({ session: { user: null, canLogIn: true }, overview: null });
  expect(await firstAnswer(url, "roost_session=guessed")).toMatchObject({ overview: null });
  expect((await fetch(`${url}/_roost/v1/overview`)).status).toBe(401);
  const answer = await fetch(`${url}/_roost/v1/session`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ username: "admin", password: "correct horse" }),
  });
  const cookie = answer.headers.get("set-cookie")?.split(";")[0] ?? "";
  const { session, overview } = await firstAnswer(url, cookie);
  expect(session.user).toBe("admin");
  expect(overview.snapshot.instances).toMatchObject([{ id: "weather" }]);
  const again = await fetch(`${url}/_roost/v1/overview`, { headers: { cookie } });
  expect(await again.json()).toEqual({ ...overview, snapshot: expect.anything() });
});

test("history has a place for every minute, with null where nothing was known yet", () => {
  const sample = (minute: number): Sample => ({
    timeMs: minute * 60_000,
    state: "running",
    wantedMs: 60_000,
    runningMs: 60_000,
    received: minute,
    sent: 2 * minute,
    replyMedianMs: undefined,
    memoryBytes: 1e6,
  });
  const samples = [sample(1), sample(2)];
  const [weather] = Object.values(overviewOf({ snapshot: look, samples: () => samples }).history);
  expect(weather?.endsAtMs).toBe(120_000);
  expect([weather?.states.length, weather?.received.length]).toEqual([90, 60]);
  expect(weather?.states.slice(-3)).toEqual([null, "running", "running"]);
  expect(weather?.received.slice(-3)).toEqual([null, 1, 2]);
  expect(weather?.sent.slice(-3)).toEqual([null, 2, 4]);
  expect(weather?.replyP50Ms.at(-1)).toBeNull();
});
