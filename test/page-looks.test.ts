/** Every view of the page in every state that matters, looked at as `look` does. */
import { afterAll, beforeAll, describe, setDefaultTimeout, test } from "bun:test";
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";
import { ReplayedInstagram } from "../src/sandbox/instagram.ts";
import { adminYaml, password } from "./doubles/api.ts";
import { archiveOf, clock, greeter } from "./doubles/plugin-archive.ts";
import { SandboxScene } from "./doubles/sandbox-scene.ts";
import { findBrowser } from "./web/browser.ts";
import { look } from "./web/looks.ts";

setDefaultTimeout(90_000);

const executable = findBrowser();
if (executable === undefined)
  console.warn("The page is not looked at in a browser: there is no chromium on PATH.");

describe.skipIf(executable === undefined)("the page, on phones and wide, light and dark", () => {
  let scene: SandboxScene;
  let instagram: ReplayedInstagram;
  let browser: Browser;
  let page: Page;
  let room: string;

  beforeAll(async () => {
    scene = await SandboxScene.open({ dialect: "conduwuit" });
    instagram = new ReplayedInstagram();
    instagram.open();
    room = scene.ada.createRoom({ public: true, name: "Kites and pictures" });
    scene.configure(`${adminYaml}accounts: { "@pictures:sandbox": {} }
instances:
  pictures:
    plugin: instagram
    account: "@pictures:sandbox"
    rooms: ["${room}"]
    config: { origin: "${instagram.origin}", budget: { burst: 100, seconds: 1 } }
`);
    scene.host.start();
    await scene.host.untilInstance("pictures", "running");
    await scene.joined(room, "@pictures:sandbox");
    for (const { url } of instagram.catalogue) scene.ada.say(room, url);
    browser = await chromium.launch({ executablePath: executable ?? "", args: ["--no-sandbox"] });
    page = await browser.newPage({ viewport: { width: 1280, height: 900 }, bypassCSP: true });
    page.setDefaultTimeout(20_000);
    await page.goto(`http://127.0.0.1:${scene.host.port}/`);
  });
  afterAll(async () => {
    await browser.close();
    await instagram.close();
    await scene[Symbol.asyncDispose]();
  });

  const open = async (hash: string) => {
    await page.evaluate(`location.hash = ${JSON.stringify(hash)}`);
    await page.getByText("Asking the host…").first().waitFor({ state: "detached" });
    await Bun.sleep(250);
  };
  const upload = (name: string, archive: Uint8Array) =>
    page
      .locator("input[type=file]")
      .setInputFiles({ name, mimeType: "application/zip", buffer: Buffer.from(archive) });

  test("login, and a wrong password", async () => {
    await look(page, "login");
    await page.fill("[name=username]", "admin");
    await page.fill("[name=password]", "nonsense");
    await page.click("button[type=submit]");
    await page.getByText("User name or password are wrong.").waitFor();
    await look(page, "login-wrong");
    await page.fill("[name=password]", password);
    await page.click("button[type=submit]");
    await page.getByRole("link", { name: "Create a bot" }).waitFor();
  });

  test("overview while all is well", async () => {
    await look(page, "overview-quiet");
  });

  test("create a bot: before, with rooms checked, with what is wrong, made", async () => {
    await open("#/new");
    await look(page, "create");
    await page.getByRole("button", { name: "Create" }).click();
    await look(page, "create-empty");
    await page.locator("label:has-text('Plugin') select").selectOption("echo");
    await page.getByLabel("Name", { exact: true }).fill("parrot");
    await page.locator("label:has-text('Account') select").first().selectOption("registration");
    await page.getByLabel("User id").fill("@parrot:sandbox");
    const secret = scene.ada.createRoom({ public: false, name: "Members only" });
    await page.getByLabel(/^Rooms, one a line/).fill(`${room}\n${secret}\n#nowhere:sandbox`);
    await page.getByRole("button", { name: /check the rooms/ }).click();
    await page.getByText("not found").waitFor();
    await look(page, "create-checked");
    await page.getByLabel(/^Rooms, one a line/).fill(`${room}\nnonsense`);
    await page.getByRole("button", { name: "Create", exact: true }).click();
    await page
      .getByText(/is not a room/)
      .first()
      .waitFor();
    await look(page, "create-refused");
    await page.getByLabel(/^Rooms, one a line/).fill(`${room}\n${secret}`);
    await page.getByRole("button", { name: "Create", exact: true }).click();
    await page.getByText("This was written").waitFor({ timeout: 60_000 });
    await look(page, "create-made");
  });

  test("bot: overview, stopped, settings, database, log", async () => {
    scene.ada.say(room, "!echo hello");
    await scene.answered(room, "hello", "@parrot:sandbox");
    await open("#/bots/pictures");
    await look(page, "bot");
    await open("#/bots/parrot");
    await page.getByRole("button", { name: "Stop" }).click();
    await page.getByRole("button", { name: "Start", exact: true }).waitFor();
    await Bun.sleep(500);
    await look(page, "bot-stopped");
    await page.getByRole("button", { name: "Start", exact: true }).click();
    await page.getByRole("button", { name: "Stop" }).waitFor();
    await page.getByRole("button", { name: "Delete parrot" }).click();
    await look(page, "bot-delete");
    await page.keyboard.press("Escape");
    await open("#/bots/parrot/settings");
    await look(page, "settings-none");
    await open("#/bots/pictures/settings");
    await look(page, "settings-read-only");
    await open("#/bots/pictures/database");
    await look(page, "database");
    await page.locator(".list button").first().click();
    await page.getByRole("region", { name: "Rows", exact: true }).waitFor();
    await look(page, "database-rows");
    await page.getByLabel("SQL").fill("SELECT nonsense FROM nowhere");
    await page.getByRole("button", { name: "Ask" }).click();
    await page.getByText(/no such table/).waitFor();
    await look(page, "database-refused");
    await open("#/bots/pictures/log");
    await page.locator(".log li").first().waitFor();
    await look(page, "bot-log");
  });

  test("settings: a form of every kind of field beside YAML, what is wrong, what changes, a conflict", async () => {
    const file = join(scene.host.dataDir, "instances.d/frames.yaml");
    writeFileSync(
      file,
      `instances:\n  frames:\n    plugin: instagram\n    account: "@pictures:sandbox"\n    rooms: ["${room}"]\n`,
      { mode: 0o600 },
    );
    await scene.host.command("restart", "frames");
    await open("#/bots/frames/settings");
    await look(page, "settings");
    const yaml = page.getByLabel("Settings as YAML");
    await page.setViewportSize({ width: 1280, height: 900 });
    await yaml.fill("budget:\n  burst: 4\n# aside\ncarousel: nowhere\ncaption_max: many\n");
    await page.getByText(/^Line 4: /).waitFor();
    await look(page, "settings-wrong");
    await page.setViewportSize({ width: 1280, height: 900 });
    await yaml.fill("budget:\n  burst: 4\n");
    await page.locator(".diff").waitFor();
    await look(page, "settings-changed");
    await page.setViewportSize({ width: 1280, height: 900 });
    writeFileSync(file, readFileSync(file, "utf8").replace(`["${room}"]`, `["${room}"]\n    prefix: "?"`));
    await page.getByRole("button", { name: "Save and restart" }).click();
    await page.getByText("What somebody else changed").waitFor();
    await look(page, "settings-conflict");
    await page.getByRole("button", { name: "Discard" }).click();
  });

  test("plugins: those there are, permissions to agree to, an upload that runs, and one that is refused", async () => {
    await open("#/plugins");
    await look(page, "plugins");
    await upload("clock.mbp", archiveOf(clock));
    await page.getByRole("button", { name: "Agree" }).waitFor();
    await upload("greeter.mbp", archiveOf(greeter));
    await page.getByRole("article", { name: "org.example.greeter" }).waitFor();
    await look(page, "plugins-permissions");
    await upload("x.mbp", new TextEncoder().encode("no zip at all"));
    await page.getByText(/^This is not a zip archive/).waitFor();
    await look(page, "plugins-refused");
    const network = await page.context().newCDPSession(page);
    await network.send("Network.emulateNetworkConditions", {
      offline: false,
      latency: 0,
      downloadThroughput: -1,
      uploadThroughput: 50_000,
    });
    await upload("large.mbp", new Uint8Array(3_000_000));
    await page.getByText(/% sent/).waitFor();
    await look(page, "plugins-uploading");
    await network.send("Network.emulateNetworkConditions", {
      offline: false,
      latency: 0,
      downloadThroughput: -1,
      uploadThroughput: -1,
    });
  });

  test("config: quiet, with edits that wait and problems, an account to add, backups, deleted bots", async () => {
    await open("#/config");
    await look(page, "config-quiet");
    await page.getByRole("button", { name: "Add an account" }).click();
    await page.getByRole("button", { name: "Make one now" }).click();
    await page.getByText(/^The backup is made/).waitFor();
    await look(page, "config-account");
    const before = readFileSync(scene.host.configFile, "utf8");
    appendFileSync(
      scene.host.configFile,
      `  weather: { plugin: weather, account: "@pictures:sandbox", rooms: ["${room}"], prefix: "~" }\n`,
    );
    await page.getByText("instance weather added").first().waitFor();
    await look(page, "config-edits");
    await page.getByRole("button", { name: "Restart what the edits touch" }).click();
    await page.locator(".message").last().waitFor();
    await look(page, "config-not-applied");
    writeFileSync(scene.host.configFile, before.replace("rooms:", "roms:"));
    await page.getByText("unknown").first().waitFor();
    await look(page, "config-problems");
    writeFileSync(scene.host.configFile, before);
  });

  test("overview with a bot that failed; logs, an opened record, filters", async () => {
    await open("#/");
    await scene.host.stop();
    appendFileSync(
      scene.host.configFile,
      `  weather: { plugin: weather, account: "@pictures:sandbox", rooms: ["${room}"] }\n`,
    );
    scene.host.start();
    await scene.host.untilInstance("weather", "failed");
    await page.getByRole("link", { name: "weather", exact: true }).waitFor({ timeout: 30_000 });
    await page.getByText("Disconnected, retrying.").waitFor({ state: "detached" });
    await look(page, "overview-failing");
    await open("#/bots/weather");
    await look(page, "bot-failed");
    await open("#/logs");
    await look(page, "logs");
    await page.locator(".log li[data-severity=WARN]").last().click();
    await page.getByRole("article", { name: "Log record" }).waitFor();
    await look(page, "logs-record");
    await open("#/logs?severity=CRITICAL&text=nothing");
    await look(page, "logs-none");
  });

  test("the host is gone", async () => {
    await open("#/");
    await scene.host.stop();
    await page.getByText("Disconnected, retrying.").waitFor();
    await look(page, "overview-disconnected");
  });
});
