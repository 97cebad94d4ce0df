/** The page on the real process, in a real browser: what a person does there, and how it looks. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { appendFileSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";
import { adminYaml, password } from "./doubles/api.ts";
import { SandboxScene } from "./doubles/sandbox-scene.ts";
import { findBrowser } from "./web/browser.ts";

setDefaultTimeout(90_000);

const executable = findBrowser();
if (executable === undefined)
  console.warn("The page is not tried in a browser: there is no chromium on PATH.");
const axe = readFileSync(join(import.meta.dir, "../node_modules/axe-core/axe.min.js"), "utf8");
const pictures = join(import.meta.dir, "../dist/screenshots");

describe.skipIf(executable === undefined)("the page", () => {
  let scene: SandboxScene;
  let browser: Browser;
  let page: Page;
  let room: string;
  const complaints: string[] = [];
  const main = () => page.innerText("main");

  beforeAll(async () => {
    scene = await SandboxScene.open({ dialect: "conduwuit" });
    room = scene.ada.createRoom({ public: true, name: "Pictures" });
    scene.configure(
      `${adminYaml}accounts: { "@pictures:sandbox": {} }\ninstances:\n  pictures: { plugin: instagram, account: "@pictures:sandbox", rooms: ["${room}"] }\n  weather: { plugin: weather, account: "@pictures:sandbox", rooms: ["${room}"] }\n`,
    );
    scene.host.start();
    await scene.host.untilInstance("pictures", "running");
    browser = await chromium.launch({ executablePath: executable ?? "", args: ["--no-sandbox"] });
    page = await browser.newPage({ viewport: { width: 1280, height: 900 }, bypassCSP: true });
    page.setDefaultTimeout(20_000);
    page.on("pageerror", (error) => complaints.push(String(error)));
    await page.goto(`http://127.0.0.1:${scene.host.port}/`);
  });
  afterAll(async () => {
    await browser.close();
    await scene[Symbol.asyncDispose]();
  });

  const open = async (hash: string) => {
    await page.evaluate(`location.hash = ${JSON.stringify(hash)}`);
  };

  test("shows how the bots do without a login, and says when the password is wrong", async () => {
    expect(await main()).toContain("pictures");
    await page.fill("[name=username]", "admin");
    await page.fill("[name=password]", "nonsense");
    await page.click("button[type=submit]");
    await page.getByText("User name or password are wrong.").waitFor();
  });

  test("shows every bot after the login, and the one that failed with its cause", async () => {
    await page.fill("[name=password]", password);
    await page.click("button[type=submit]");
    await page.getByRole("link", { name: "Create a bot" }).waitFor();
    expect(await main()).toContain("there is no plugin named");
  });

  test("stops, starts and restarts a bot, and says what became of it", async () => {
    await open("#/bots/pictures");
    await page.getByRole("button", { name: "Stop" }).click();
    await page.getByRole("button", { name: "Start", exact: true }).waitFor();
    await page.getByRole("button", { name: "Start", exact: true }).click();
    await page.getByText("pictures is running.").first().waitFor();
    await page.getByRole("button", { name: "Restart" }).click();
    expect(await main()).toContain("Pictures");
  });

  test("shows the log as it grows, and what a record holds", async () => {
    await open("#/logs");
    await page.getByText("is up.").first().waitFor();
    await fetch(`http://127.0.0.1:${scene.host.port}/livez`);
    await scene.host.command("restart", "pictures");
    await page.locator(".log li", { hasText: "Running." }).last().click();
    await page.getByRole("article", { name: "Log record" }).waitFor();
  });

  test("creates a bot that answers in its room, step by step", async () => {
    await open("#/new");
    await page.locator("label:has-text('Plugin') select").selectOption("echo");
    await page.getByLabel(/^Name, for you/).fill("parrot");
    await page.locator("label:has-text('Account') select").first().selectOption("registration");
    await page.getByLabel("User id").fill("@parrot:sandbox");
    await page.getByRole("button", { name: "Add Pictures" }).click();
    expect(await page.getByLabel(/^Rooms, one a line/).inputValue()).toBe(room);
    await page.getByRole("button", { name: "Check the rooms" }).click();
    await page
      .getByText(/open, will be joined|joined/)
      .first()
      .waitFor();
    await page.getByRole("button", { name: "Create" }).click();
    await page.getByText("This was written").waitFor();
    expect(await main()).toContain("In its rooms it answers to !echo, !ping.");
    scene.ada.say(room, "!echo hello");
    await scene.answered(room, "hello", "@parrot:sandbox");
  });

  test("edits a bot's settings after showing what changes", async () => {
    await open("#/bots/parrot/settings");
    await page.getByLabel("Commands begin with").fill("?");
    await page.getByRole("button", { name: "Show what it changes" }).click();
    await page.locator(".diff", { hasText: 'prefix: "?"' }).waitFor();
    await page.getByRole("button", { name: "Save and restart" }).click();
    await page.getByText("parrot is saved.").waitFor();
  });

  test("refuses an upload that is no plugin with a sentence", async () => {
    await open("#/plugins");
    await page
      .locator("input[type=file]")
      .setInputFiles({ name: "x.mbp", mimeType: "application/zip", buffer: Buffer.from("no zip at all") });
    await page.locator(".message[role=alert]").last().waitFor();
    expect(await main()).toContain("instagram");
    await open("#/logs");
    await page.locator(".message[role=alert]").first().waitFor({ state: "detached" });
  });

  test("shows an edit of the files, and applies it", async () => {
    await open("#/config");
    appendFileSync(
      scene.host.configFile,
      `  third: { plugin: echo, account: "@pictures:sandbox", rooms: ["${room}"], prefix: "~" }\n`,
    );
    await page.getByText("instance third added").first().waitFor();
    await page.getByRole("button", { name: "Restart what the edits touch" }).click();
    await scene.host.untilInstance("third", "running");
  });

  test("has no violation of accessibility rules in any view, and fits phones, light and dark", async () => {
    mkdirSync(pictures, { recursive: true });
    const views = {
      overview: "#/",
      bot: "#/bots/pictures",
      settings: "#/bots/parrot/settings",
      database: "#/bots/parrot/database",
      logs: "#/logs",
      create: "#/new",
      plugins: "#/plugins",
      config: "#/config",
    };
    for (const [name, hash] of Object.entries(views)) {
      await open(hash);
      await page.waitForLoadState("networkidle").catch(() => {});
      await Bun.sleep(200);
      for (const colorScheme of ["light", "dark"] as const) {
        await page.emulateMedia({ colorScheme });
        for (const width of [360, 1280]) {
          await page.setViewportSize({ width, height: 900 });
          await page.screenshot({ path: join(pictures, `${name}-${width}-${colorScheme}.png`) });
          await page.evaluate(axe);
          const found = await page.evaluate(async () => {
            const run = (
              globalThis as unknown as {
                axe: { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> };
              }
            ).axe;
            const { violations } = await run.run();
            return violations.map(({ id, nodes }) => `${id} ${nodes[0]?.html.slice(0, 200)}`);
          });
          expect([name, width, colorScheme, ...found]).toEqual([name, width, colorScheme]);
          const overflow = await page.evaluate("document.documentElement.scrollWidth - innerWidth");
          expect([name, width, Number(overflow) <= 0]).toEqual([name, width, true]);
        }
      }
    }
    await page.setViewportSize({ width: 1280, height: 900 });
  });

  test("says when the host is gone, and goes on with it when it is back", async () => {
    await open("#/");
    await scene.host.stop();
    await page.getByText("Disconnected, retrying.").waitFor();
    scene.host.start();
    await page.getByText("Disconnected, retrying.").waitFor({ state: "detached", timeout: 30_000 });
    await page.getByRole("link", { name: "Create a bot" }).waitFor();
  });

  test("returns to the login when the session is over, and complains of nothing on the way", async () => {
    await page.context().clearCookies();
    await open("#/config");
    await page.getByRole("heading", { name: "Log in" }).waitFor();
    expect(complaints).toEqual([]);
  });
});
