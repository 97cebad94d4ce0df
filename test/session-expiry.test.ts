/** Sessions that end while the page is open, in a real browser on a real host; only the sessions' clock is the test's. */
import { afterAll, beforeAll, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { type Browser, chromium, type Page } from "playwright-core";
import { Secret } from "../src/core/secret.ts";
import { RecentRecords } from "../src/log/recent.ts";
import { LogRouter } from "../src/log/router.ts";
import { Homeserver } from "../src/sandbox/homeserver.ts";
import { RecordStore } from "../src/store/record-store.ts";
import { Login } from "../src/web/login.ts";
import { WebServer } from "../src/web/server.ts";
import { Sessions } from "../src/web/sessions.ts";
import { admin, instanceId, type ManagedHost, openManagedHost, userId } from "./doubles/managed-host.ts";
import { sessionsInMemory, webParts } from "./doubles/web.ts";
import { findBrowser } from "./web/browser.ts";
import { look } from "./web/looks.ts";

setDefaultTimeout(60_000);

const executable = findBrowser();
if (executable === undefined)
  console.warn("Sessions are not ended in a browser: there is no chromium on PATH.");
const password = "correct horse battery";
const hourMs = 3_600_000;
const parrot = instanceId("parrot");

describe.skipIf(executable === undefined)("the page of somebody whose session ends", () => {
  const homeserver = new Homeserver({
    serverName: "sandbox",
    dialect: "synapse",
    registrationToken: "letmein",
  });
  const router = new LogRouter();
  let nowMs = Date.now();
  let host: ManagedHost;
  let server: WebServer;
  let browser: Browser;
  let page: Page;
  const complaints: string[] = [];

  beforeAll(async () => {
    await homeserver.open();
    const yaml = `accounts: { "@bot:sandbox": {} }\n`;
    host = await openManagedHost(homeserver.url, yaml);
    await host.management.saveInstance(
      parrot,
      { plugin: "echo", account: userId("@bot:sandbox"), rooms: [] },
      admin,
    );
    const hash = Bun.password.hashSync(password, { algorithm: "argon2id", memoryCost: 1024, timeCost: 1 });
    const account = { username: new Secret("admin"), passwordHash: new Secret(hash) };
    const login = new Login({ account: () => account });
    const records = new RecentRecords(new RecordStore({ folder: host.folder, log: router.logger() }));
    router.addSink(records.sink);
    server = new WebServer({
      ...webParts(() => host.control.snapshot()),
      records,
      port: 0,
      control: host.control,
      management: host.management,
      login,
      sessions: new Sessions({
        store: sessionsInMemory(),
        fingerprint: () => login.fingerprint(),
        now: () => nowMs,
      }),
    });
    server.open();
    browser = await chromium.launch({ executablePath: executable ?? "", args: ["--no-sandbox"] });
  });
  beforeEach(async () => {
    page = await browser.newPage({ bypassCSP: true });
    page.setDefaultTimeout(20_000);
    page.on("pageerror", (error) => complaints.push(String(error)));
    await page.goto(`http://127.0.0.1:${server.port}/#/bots/parrot/settings`);
    await page.fill("[name=username]", "admin");
    await logIn();
  });
  afterAll(async () => {
    await browser.close();
    await server.close();
    await host[Symbol.asyncDispose]();
    await homeserver.close();
  });

  const logIn = async () => {
    await page.fill("[name=password]", password);
    await page.getByRole("button", { name: "Log in" }).click();
    await page.getByLabel("Commands begin with").waitFor();
  };
  const ended = () => page.getByText("Your session has ended.").waitFor();

  test("is told so within seconds of twelve idle hours, and goes on after the login with what was typed", async () => {
    await page.getByLabel("Commands begin with").fill("?");
    nowMs += 12 * hourMs;
    await ended();
    expect(await page.getByLabel("Commands begin with").isVisible()).toBe(false);
    expect(await page.inputValue("[name=username]")).toBe("admin");
    await look(page, "session-ended");
    await logIn();
    expect(page.url()).toEndWith("#/bots/parrot/settings");
    expect(await page.getByLabel("Commands begin with").inputValue()).toBe("?");
    await page.getByRole("button", { name: "Save and restart" }).click();
    await page.getByText("parrot is saved.").waitFor();
    expect(host.management.definition(parrot).prefix).toBe("?");
  });

  test("is told so at the first thing they do after seven days, however much the page was used, and nothing is done", async () => {
    await page.getByLabel("Commands begin with").fill("~");
    await page.locator(".diff", { hasText: 'prefix: "~"' }).waitFor();
    for (let day = 0; day < 7; day += 0.25) {
      nowMs += 6 * hourMs;
      if (day < 6.75)
        expect(await page.evaluate("fetch('/_roost/v1/overview').then(({ ok }) => ok)")).toBe(true);
    }
    // A click that comes even if the page has just noticed by itself.
    await page.evaluate("document.querySelector('form.settings .primary').click()");
    await ended();
    expect(host.management.definition(parrot).prefix).not.toBe("~");
    await logIn();
    await page.getByRole("button", { name: "Save and restart" }).click();
    await page.getByText("parrot is saved.").waitFor();
    expect(host.management.definition(parrot).prefix).toBe("~");
  });

  test("goes on hearing from the host after the login, in the log as well", async () => {
    await page.evaluate("location.hash = '#/logs'");
    nowMs += 12 * hourMs;
    await ended();
    await page.fill("[name=password]", password);
    await page.getByRole("button", { name: "Log in" }).click();
    await page.getByRole("heading", { name: "Log", exact: true }).waitFor();
    router.logger().info("Heard after the login.");
    await page.locator(".log li", { hasText: "Heard after the login." }).waitFor();
    expect(complaints).toEqual([]);
  });
});
