/** The page on the real process, in a real browser: what a person does there, and how it looks. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";
import { adminYaml, password } from "./doubles/api.ts";
import { archiveOf } from "./doubles/plugin-archive.ts";
import { SandboxScene } from "./doubles/sandbox-scene.ts";
import { findBrowser } from "./web/browser.ts";

setDefaultTimeout(90_000);

const executable = findBrowser();
if (executable === undefined)
  console.warn("The page is not tried in a browser: there is no chromium on PATH.");

/** What is moved by what comes later, and from where to where. */
const watchShifts = `
  globalThis.shifts = [];
  new PerformanceObserver((list) => {
    for (const { value, sources } of list.getEntries())
      shifts.push([value, ...sources.map(({ node, previousRect, currentRect }) => [node?.nodeName + "." + node?.className, previousRect, currentRect])]);
  }).observe({ type: "layout-shift", buffered: true });
`;

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

  test("says how it all stands before its script runs, and moves nothing when it does", async () => {
    const cookies = await page.context().cookies();
    for (const width of [360, 1280]) {
      for (const javaScriptEnabled of [false, true]) {
        const context = await browser.newContext({ javaScriptEnabled, viewport: { width, height: 800 } });
        await context.addCookies(cookies);
        const fresh = await context.newPage();
        await fresh.addInitScript(watchShifts);
        await fresh.goto(`http://127.0.0.1:${scene.host.port}/`);
        expect(await fresh.innerText(".sentence")).toBe("1 of 2 bots is running.");
        if (javaScriptEnabled) {
          await fresh.getByRole("link", { name: "Create a bot" }).waitFor();
          await Bun.sleep(500);
          expect(await fresh.evaluate("shifts")).toEqual([]);
        }
        await context.close();
      }
    }
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
    await page.getByLabel("Name", { exact: true }).fill("parrot");
    await page.locator("label:has-text('Account') select").first().selectOption("registration");
    await page.getByRole("button", { name: "Add Pictures" }).click();
    expect(await page.getByLabel(/^Rooms, one a line/).inputValue()).toBe(room);
    const check = page.getByRole("button", { name: "Add the account and check the rooms" });
    await page.getByLabel("User id").fill("parrot");
    await check.click();
    await page.getByText("Write the whole id, with its server, as in @weather:example.org").waitFor();
    await page.getByLabel("User id").fill("@parrot:sandbox");
    await check.click();
    await page
      .getByText(/open, will be joined|joined/)
      .first()
      .waitFor();
    expect(await page.locator("label:has-text('Which') select").inputValue()).toBe("@parrot:sandbox");
    await page.getByRole("button", { name: "Create", exact: true }).click();
    await page.getByText("This was written").waitFor();
    expect(await main()).toContain("In its rooms it answers to !echo, !ping.");
    scene.ada.say(room, "!echo hello");
    await scene.answered(room, "hello", "@parrot:sandbox");
  });

  test("edits a bot's settings after showing what changes", async () => {
    await open("#/bots/parrot/settings");
    const save = page.getByRole("button", { name: "Save and restart" });
    expect(await save.isDisabled()).toBe(true);
    await page.getByLabel("Commands begin with").fill("?");
    await page.locator(".diff", { hasText: 'prefix: "?"' }).waitFor();
    await save.click();
    await page.getByText("parrot is saved.").waitFor();
    expect(await save.isDisabled()).toBe(true);
  });

  test("keeps the form and the YAML beside it together, and says what is wrong at the field and at the line", async () => {
    const file = join(scene.host.dataDir, "instances.d/frames.yaml");
    writeFileSync(
      file,
      `instances:\n  frames:\n    plugin: instagram\n    account: "@pictures:sandbox"\n    rooms: ["${room}"]\n`,
      { mode: 0o600 },
    );
    await scene.host.command("restart", "frames");
    await open("#/bots/frames/settings");
    const yaml = page.getByLabel("Settings as YAML");
    await page.getByLabel("burst").fill("3");
    await page.getByLabel("profile strategies").fill("page\nog");
    await page.locator(".diff", { hasText: "burst: 3" }).waitFor();
    expect(Bun.YAML.parse(await yaml.inputValue())).toEqual({
      budget: { burst: 3 },
      profile_strategies: ["page", "og"],
    });

    await yaml.fill("budget:\n  burst: 4\n# aside\ncarousel: nowhere\n");
    await page.getByText("Line 4: must be thread or room").waitFor();
    expect(await page.getByLabel("burst").inputValue()).toBe("4");
    expect(await page.getByLabel("carousel").getAttribute("aria-invalid")).toBe("true");
    expect(await page.locator("[id='setting-carousel-problem']").innerText()).toBe(
      "It must be thread or room.",
    );
    expect(await page.getByRole("button", { name: "Save and restart" }).isDisabled()).toBe(true);
    await page.getByLabel("carousel").selectOption("room");
    await page.locator(".diff", { hasText: "carousel: room" }).waitFor();
    await yaml.fill('budget: "\n');
    await page.getByText(/^Line \d: /).waitFor();

    await yaml.fill("carousel: room\n");
    await page.locator(".diff", { hasText: "carousel: room" }).waitFor();
    await page.getByRole("button", { name: "Save and restart" }).click();
    await page.getByText("frames is saved.").waitFor();
    expect(readFileSync(file, "utf8")).toContain("carousel: room");
  });

  test("takes a secret once, and never shows it again", async () => {
    await open("#/bots/frames/settings");
    const proxy = page.getByLabel("proxy");
    await proxy.fill("http://user:swordfish@127.0.0.1:1");
    await page.getByText("Save the secret before you edit the YAML.").waitFor();
    await page.getByRole("button", { name: "Save and restart" }).click();
    await page.getByText("frames is saved.").waitFor();
    await page.waitForFunction("document.querySelector('#setting-proxy').placeholder === 'kept as it is'");
    expect(await proxy.inputValue()).toBe("");
    expect(await page.content()).not.toContain("swordfish");
    expect(await page.getByLabel("Settings as YAML").inputValue()).not.toContain("swordfish");
  });

  test("refuses the second of two editors, with what the first has changed, and keeps what was typed", async () => {
    await open("#/bots/frames/settings");
    await page.getByLabel("caption max").fill("100");
    await page.locator(".diff", { hasText: "caption_max: 100" }).waitFor();
    const file = join(scene.host.dataDir, "instances.d/frames.yaml");
    writeFileSync(file, readFileSync(file, "utf8").replace("carousel: room", "carousel: thread"));
    await page.getByRole("button", { name: "Save and restart" }).click();
    await page.getByText("What somebody else changed").waitFor();
    expect(await page.locator(".diff").innerText()).toContain("carousel: thread");
    expect(await page.getByLabel("caption max").inputValue()).toBe("100");
    expect(readFileSync(file, "utf8")).not.toContain("caption_max");
    await page.getByRole("button", { name: "Discard" }).click();
    await page.waitForFunction("document.querySelector('#setting-caption_max').value === ''");
    expect(await page.getByLabel("carousel").inputValue()).toBe("thread");
  });

  test("replaces a plugin, goes back to the one before if bots do not start, and removes none that is in use", async () => {
    const id = "org.example.clock";
    const send = (version: string, code: string) =>
      page.locator("input[type=file]").setInputFiles({
        name: "clock.mbp",
        mimeType: "application/zip",
        buffer: Buffer.from(
          archiveOf({
            "maubot.yaml": `id: ${id}\nversion: ${version}\nmodules: [clock]\nmain_class: Clock\nroost:\n  runtime: typescript\n`,
            "clock.ts": `export default { setup() { ${code} } };\n`,
          }),
        ),
      });
    const plugin = page.getByRole("article", { name: id });
    await open("#/plugins");
    await send("0.1.0", "");
    await plugin.getByText("0.1.0").waitFor();
    const file = join(scene.host.dataDir, "instances.d/clock.yaml");
    writeFileSync(
      file,
      `instances:\n  clock: { plugin: ${id}, account: "@pictures:sandbox", rooms: ["${room}"] }\n`,
      { mode: 0o600 },
    );
    await scene.host.command("restart", "clock");
    await scene.host.untilInstance("clock", "running");
    await page.getByLabel(/^It may replace/).check();
    await send("0.2.0", 'throw new Error("the gears are stuck")');
    await page
      .getByText(/0\.2\.0 was not taken: clock did not start.*Version 0\.1\.0 runs again\./)
      .waitFor();
    await scene.host.untilInstance("clock", "running");
    await send("0.3.0", "");
    await plugin.getByText("0.3.0").waitFor();
    await plugin.getByRole("link", { name: "clock" }).waitFor();
    await plugin.getByRole("button", { name: `Remove ${id}` }).click();
    await plugin
      .getByRole("dialog")
      .getByRole("button", { name: `Remove ${id}` })
      .click();
    const refusal = page.getByText(`${id} is used by clock: delete it first.`);
    await refusal.waitFor();
    await open("#/logs");
    await refusal.waitFor({ state: "detached" });
  });

  test("deletes a bot once its name was typed, and brings it back", async () => {
    await open("#/bots/clock");
    await page.getByRole("button", { name: "Delete clock" }).click();
    const dialog = page.getByRole("dialog");
    const confirm = dialog.getByRole("button", { name: "Delete clock" });
    expect(await confirm.isDisabled()).toBe(true);
    await dialog.getByLabel("Type clock to confirm").fill("clock");
    await confirm.click();
    await page.getByText(/^clock is deleted\./).waitFor();
    await open("#/config");
    await page.getByRole("button", { name: "Bring it back" }).click();
    await page.getByText("clock is back, with its data.").waitFor();
    await scene.host.untilInstance("clock", "running");
  });

  test("leads to one record of the log by its address, and copies it as text", async () => {
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    await open("#/logs");
    await page.getByLabel("Text", { exact: true }).fill("is up");
    await page.keyboard.press("Enter");
    await page.locator(".log li", { hasText: "is up." }).first().click();
    const record = page.getByRole("article", { name: "Log record" });
    const link = await record.getByRole("link", { name: "Link to this record" }).getAttribute("href");
    await record.getByRole("button", { name: "Copy as text" }).click();
    await page.waitForFunction("navigator.clipboard.readText().then((text) => text.includes('is up.'))");
    await page.goto("about:blank");
    await page.goto(`http://127.0.0.1:${scene.host.port}/${link}`);
    await record.getByText("is up.").waitFor();
    await open("#/logs");
    await page.locator(".log li", { hasText: "Running." }).first().waitFor();
    await page.getByRole("button", { name: "Copy all as text" }).click();
    await page.waitForFunction("navigator.clipboard.readText().then((text) => text.split('\\n').length > 5)");
  });

  test("tells what happened since the last visit, until it is marked as seen", async () => {
    await open("#/");
    const lately = page.locator("section", { has: page.getByRole("heading", { name: /^(Lately|Since )/ }) });
    await lately
      .getByText(/there is no plugin named/)
      .first()
      .waitFor();
    await lately.getByRole("button", { name: "Mark as seen" }).click();
    await lately.waitFor({ state: "detached" });
    await page.reload();
    await page.getByRole("link", { name: "Create a bot" }).waitFor();
    await page.waitForLoadState("networkidle").catch(() => {});
    expect(await lately.count()).toBe(0);
  });

  test("refuses an upload that is no plugin with a sentence", async () => {
    await open("#/plugins");
    await page
      .locator("input[type=file]")
      .setInputFiles({ name: "x.mbp", mimeType: "application/zip", buffer: Buffer.from("no zip at all") });
    await page.getByText(/^This is not a zip archive/).waitFor();
    expect(await main()).toContain("instagram");
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
