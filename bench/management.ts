/**
 * `bun bench/management.ts [--instances N] [--records N] [--rounds N]`: how fast page and API answer on a host with many instances
 * kept in files, first quiet, then with one bot spinning for ever and another logging so many records a second, read by a page that
 * stays open and by readers of the event stream that never read. Without a Chromium the paints are left out.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { loadavg } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type Browser, chromium } from "playwright-core";
import { ApiUser, adminYaml } from "../test/doubles/api.ts";
import { temporaryFolder } from "../test/doubles/folder.ts";
import { SandboxScene } from "../test/doubles/sandbox-scene.ts";
import { findBrowser } from "../test/web/browser.ts";
import { compileLabExecutable } from "./lab/executable.ts";
import { percentile } from "./percentile.ts";

const views = ["/overview", "/instances/quiet0", "/logs?limit=100", "/plugins", "/accounts", "/pending"];
const paths = [...views.map((view) => `/_roost/v1${view}`), "/_matrix/maubot/v1/instances"];

const { instances, records, rounds } = parseArgs({
  options: {
    instances: { type: "string", default: "50" },
    records: { type: "string", default: "1000" },
    rounds: { type: "string", default: "100" },
  },
}).values;

async function measureApi(user: ApiUser): Promise<Map<string, number[]>> {
  const times = new Map<string, number[]>(paths.map((path) => [path, []]));
  for (let round = 0; round < Number(rounds); round++) {
    for (const path of paths) {
      const beganMs = performance.now();
      await (await user.fetch("GET", path)).bytes();
      times.get(path)?.push(performance.now() - beganMs);
      await Bun.sleep(10);
    }
  }
  return times;
}

/** Each from the navigation on. */
interface Paint {
  /** To the last byte of the document. */
  readonly answeredMs: number;
  /** To the first frame, which says how it all stands. */
  readonly paintedMs: number;
  /** To the frame with the first bots and their states. */
  readonly botsMs: number;
}

const markBots = `new MutationObserver((_, observer) => {
  if (document.querySelector(".bot") === null) return;
  observer.disconnect();
  requestAnimationFrame(() => setTimeout(() => performance.mark("bots")));
}).observe(document, { childList: true, subtree: true });`;

const lookAtPaint = `(() => {
  const [navigation] = performance.getEntriesByType("navigation");
  const [paint] = performance.getEntriesByName("first-contentful-paint");
  const [bots] = performance.getEntriesByName("bots");
  return { answeredMs: navigation.responseEnd, paintedMs: paint?.startTime, botsMs: bots?.startTime };
})()`;

type Paints = { readonly first: Paint[]; readonly again: Paint[] };

/** Of a page opened in a browser that has not shown it yet, and loaded again in one that has. */
async function measurePaints(browser: Browser, url: string, cookie: string): Promise<Paints> {
  const [name = "", value = ""] = cookie.split("=");
  const paints: Paints = { first: [], again: [] };
  for (let count = 0; count < 10; count++) {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
    await context.addCookies([{ name, value, url }]);
    const page = await context.newPage();
    await page.addInitScript(markBots);
    for (const kept of [paints.first, paints.again, paints.again]) {
      await page.goto(url);
      let paint: Paint | undefined;
      while (paint?.paintedMs === undefined || paint.botsMs === undefined) {
        await Bun.sleep(100);
        paint = (await page.evaluate(lookAtPaint)) as Paint;
      }
      kept.push(paint);
    }
    await context.close();
  }
  return paints;
}

/** What any page costs in this browser on this machine: one word, and nothing else. */
async function measureEmptyPage(browser: Browser): Promise<Paints> {
  const body = "<!doctype html><title>Empty</title><p class=bot>Empty";
  const headers = { "content-type": "text/html", "cache-control": "no-store" };
  const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response(body, { headers }) });
  const paints = await measurePaints(browser, `http://127.0.0.1:${server.port}`, "none=none");
  await server.stop(true);
  return paints;
}

/** What a frame of the log's view takes while ten thousand records are scrolled through, five screens a frame. */
async function measureScrolling(
  browser: Browser,
  user: ApiUser,
): Promise<{ count: number; frames: number[] }> {
  const [name = "", value = ""] = user.cookie.split("=");
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  await context.addCookies([{ name, value, url: user.origin }]);
  const page = await context.newPage();
  await page.goto(`${user.origin}/#/logs`);
  await page
    .getByText("10000 records")
    .waitFor({ timeout: 60_000 })
    .catch(() => {});
  await page.getByRole("button", { name: "Pause" }).click();
  const count = Number.parseInt(await page.getByText(/^\d+ records$/).innerText(), 10);
  const frames = await page.evaluate(`new Promise((resolve) => {
    const log = document.querySelector(".log");
    const frames = [];
    let lastMs = performance.now();
    log.scrollTop = log.scrollHeight;
    const step = (nowMs) => {
      frames.push(nowMs - lastMs);
      lastMs = nowMs;
      log.scrollTop -= 5 * log.clientHeight;
      if (log.scrollTop > 5 * log.clientHeight) requestAnimationFrame(step);
      else resolve(frames.slice(2));
    };
    requestAnimationFrame(step);
  })`);
  await context.close();
  return { count, frames: frames as number[] };
}

function residentMegabytes(pid: number): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1000;
}

function row(name: string, timesMs: readonly number[]): string {
  const figures = [percentile(timesMs, 0.5), percentile(timesMs, 0.99), Math.max(...timesMs)];
  return `| ${name} | ${figures.map((figure) => figure.toFixed(1)).join(" | ")} |`;
}

async function report(what: string, browser: Browser | undefined, user: ApiUser): Promise<void> {
  const api = await measureApi(user);
  console.log(`\n${what}\n\n| ms | p50 | p99 | longest |\n|---|---|---|---|`);
  for (const [path, times] of api) console.log(row(`GET ${path}`, times));
  console.log(row("all of the API", [...api.values()].flat()));
  if (browser !== undefined) {
    const figures = { answered: "answeredMs", "first paint": "paintedMs", "bots drawn": "botsMs" } as const;
    const empty = await measureEmptyPage(browser);
    const { first, again } = await measurePaints(browser, user.origin, user.cookie);
    for (const [when, paints, least] of [
      ["first visit", first, empty.first],
      ["loaded again", again, empty.again],
    ] as const) {
      for (const [what, key] of Object.entries(figures))
        console.log(
          row(
            `page, ${when}: ${what}`,
            paints.map((paint) => paint[key]),
          ),
        );
      console.log(
        row(
          `an empty page, ${when}: first paint`,
          least.map(({ paintedMs }) => paintedMs),
        ),
      );
    }
  }
  console.log(`\nLoad average: ${loadavg()[0]?.toFixed(1)}`);
}

using folder = temporaryFolder();
await using scene = await SandboxScene.open({ command: [await compileLabExecutable(folder.path)] });
const { ada, host } = scene;
const rooms = { spinner: ada.createRoom({ public: true }), talker: ada.createRoom({ public: true }) };
const bot = `account: "@bot:sandbox"`;
scene.configure(
  `${adminYaml}accounts: { "@bot:sandbox": {} }\ninstances:\n${Object.entries(rooms)
    .map(([name, room]) => `  ${name}: { plugin: lab, ${bot}, rooms: ["${room}"] }\n`)
    .join("")}`,
);
const included = join(host.dataDir, "instances.d");
mkdirSync(included, { recursive: true });
for (let index = 0; index < Number(instances) - 2; index++) {
  const yaml = `instances:\n  quiet${index}:\n    plugin: echo\n    ${bot}\n    rooms: ["#r${index}:sandbox"]\n`;
  writeFileSync(join(included, `quiet${index}.yaml`), yaml, { mode: 0o600 });
}
host.start();
for (const name of Object.keys(rooms)) await host.untilInstance(name, "running", 120_000);
// The start of fifty bots is over by then.
await Bun.sleep(20_000);
const user = new ApiUser(host.port);
await user.logIn();
const executablePath = findBrowser();
const browser =
  executablePath === undefined
    ? undefined
    : await chromium.launch({ executablePath, args: ["--no-sandbox"] });
await report(`${instances} instances, quiet`, browser, user);

ada.say(rooms.talker, `!chatter ${records}`);
ada.say(rooms.spinner, "!spin");
const watching = new AbortController();
const headers = { cookie: user.cookie };
void fetch(`${user.origin}/_roost/v1/events`, { headers, signal: watching.signal })
  .then((answer) => answer.bytes())
  .catch(() => {});
await Bun.sleep(2_000);
const idle = Array.from({ length: 20 }, () => {
  const socket = connect(host.port, "127.0.0.1");
  socket.write(`GET /_roost/v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: ${user.cookie}\r\n\r\n`);
  return socket.pause();
});
const beforeMegabytes = residentMegabytes(host.pid);
await report(`${instances} instances, one spinning, ${records} records a second`, browser, user);
if (browser !== undefined) {
  const { count, frames } = await measureScrolling(browser, user);
  console.log(row(`a frame while ${count} records are scrolled`, frames));
}
console.log(
  `\nMemory with 20 readers that never read: ${beforeMegabytes.toFixed(0)} to ${residentMegabytes(host.pid).toFixed(0)} MB`,
);
watching.abort();
for (const socket of idle) socket.destroy();
await browser?.close();
