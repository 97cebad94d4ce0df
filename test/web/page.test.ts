import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { HostSnapshot } from "../../src/core/status.ts";
import { WebServer } from "../../src/web/server.ts";
import { webParts } from "../doubles/web.ts";
import { Browser, findBrowser } from "./browser.ts";
import { instance, snapshot, states } from "./snapshot.ts";

const path = findBrowser();
if (path === undefined) console.warn("The page is not tested in a browser: there is no chromium on PATH.");
const hostile = `<img src=x onerror="document.title='owned'">`;

describe.skipIf(path === undefined)("the page in a browser", () => {
  let browser: Browser;
  let shown: HostSnapshot;
  let server: WebServer;
  const serve = (port: number) => {
    server = new WebServer({ ...webParts(() => shown), port });
    server.open();
    return server.port ?? 0;
  };
  const text = (selector: string) =>
    browser.evaluate(`document.querySelector(${JSON.stringify(selector)})?.innerText`);
  const waitForText = async (selector: string, part: string) => {
    while (!String(await text(selector)).includes(part)) await Bun.sleep(50);
  };

  beforeAll(async () => {
    shown = snapshot([
      instance("insta", states.running, { handled: 18342, queued: 2 }),
      instance("weather", { ...states.looping, cause: hostile }),
      instance("standup", states.stopped),
    ]);
    browser = new Browser(path ?? "");
    await browser.open(`http://127.0.0.1:${serve(0)}/`);
    await waitForText(".bot", "insta");
  }, 20_000);
  afterAll(async () => {
    await browser.close();
    await server.close();
  });

  test("shows every instance with its state, numbers and next attempt", async () => {
    expect(await text(".sentence")).toBe("1 of 2 bots is running; 1 is stopped.");
    expect(await text(".about")).toBe("Version 1.2.3");
    expect(await text(".bot:nth-child(1)")).toMatch(
      /insta\s+echo\s+Running for 1\u00a0min\s+18,342 handled, 2 queued, 0 failed/,
    );
    expect(await text(".bot:nth-child(2)")).toMatch(/Crash-looping[\s\S]*Next attempt in 5\u00a0min/);
    expect(await text(".bot:nth-child(3)")).toContain("Stopped by a person.");
  });

  test("shows text from outside as text", async () => {
    expect(await text(".bot:nth-child(2) .cause")).toBe(hostile);
    expect(await browser.evaluate("document.querySelectorAll('img').length")).toBe(0);
  });

  test("fits a phone", async () => {
    expect(await browser.evaluate("document.documentElement.scrollWidth <= innerWidth")).toBe(true);
  });

  test("says how to set a login up while there is none", async () => {
    expect(await text("main")).toContain("roost hash-password");
  });

  test("follows what changes without making the rows anew", async () => {
    await browser.evaluate("globalThis.firstRow = document.querySelector('.bot')");
    shown = snapshot([instance("insta", states.failed), instance("fresh", states.running)]);
    await waitForText(".sentence", "1 of 2");
    await waitForText(".bot:nth-child(1)", "Failed");
    expect(await browser.evaluate("firstRow === document.querySelector('.bot')")).toBe(true);
    expect(await text(".bot:nth-child(2)")).toContain("fresh");
    expect(await browser.evaluate("document.querySelectorAll('.bot').length")).toBe(2);
  }, 10_000);

  test("says when the host is gone, and comes back with it", async () => {
    const port = server.port ?? 0;
    await server.close();
    await waitForText("main", "Disconnected, retrying.");
    serve(port);
    while (String(await text("main")).includes("Disconnected")) await Bun.sleep(50);
  }, 15_000);

  test("breaks none of its own rules on the way", () => {
    expect(browser.complaints).toEqual([]);
  });
});
