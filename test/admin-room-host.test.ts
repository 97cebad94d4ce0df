/** The admin room of a whole host: what goes wrong with a bot is told there, and so is its end. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { objectAt, stringAt } from "../src/core/json.ts";
import { until } from "./doubles/delivery.ts";
import { SandboxScene } from "./doubles/sandbox-scene.ts";

const writer = "@roost:sandbox";

setDefaultTimeout(90_000);

class Scene extends SandboxScene {
  readonly room = this.ada.createRoom({ alias: "admins", invite: [writer] });
  readonly work = this.ada.createRoom({ alias: "work", public: true });

  configureEcho(
    plugin: string,
    { url = this.homeserver.url, account = "@bot:sandbox", admin = writer } = {},
  ): void {
    this.host.configure(
      url,
      `admin: { account: "${admin}", room: "#admins:sandbox", message_interval: 1s }
accounts: { "@bot:sandbox": {}, "@other:sandbox": {}, "${writer}": {} }
instances:
  echo: { plugin: ${JSON.stringify(plugin)}, account: "${account}", rooms: ["#work:sandbox"] }
`,
    );
  }

  /** What the admin room shows, edits applied, oldest first. */
  get shown(): string[] {
    const texts = new Map<string, string>();
    for (const { event_id, sender, type, content } of this.homeserver.timeline(this.room)) {
      if (sender !== writer || type !== "m.room.message") continue;
      const edited = stringAt(objectAt(content, "m.new_content"), "body");
      const target =
        edited === undefined ? event_id : stringAt(objectAt(content, "m.relates_to"), "event_id");
      texts.set(target ?? "", edited ?? stringAt(content, "body") ?? "");
    }
    return [...texts.values()];
  }

  async shows(...sentences: RegExp[]): Promise<void> {
    const isShown = () =>
      this.shown.length === sentences.length &&
      sentences.every((sentence, index) => sentence.test(this.shown[index] ?? ""));
    try {
      await until(`the room shows ${sentences}`, isShown, 30_000);
    } catch (error) {
      throw new Error(`${String(error)} It shows ${JSON.stringify(this.shown)}.\n${this.host.output}`);
    }
  }

  adminRoom(state: string): Promise<void> {
    return this.#health(`"admin-room":\\[\\{[^}]*"observedValue":"${state}"`);
  }

  queued(count: number): Promise<void> {
    return this.#health(`"admin-room":\\[\\{[^}]*"queued":${count}\\b`);
  }

  async #health(pattern: string): Promise<void> {
    const says = () =>
      this.host.health().then(
        ({ body }) => new RegExp(pattern).test(body),
        () => false,
      );
    await until(`health says ${pattern}`, says, 20_000);
  }
}

test.concurrent("a bot that crashes again and again is told of once, and so is that it runs again", async () => {
  await using scene = await Scene.open({ dialect: "conduwuit" });
  scene.configureEcho("echo");
  const folder = join(scene.host.dataDir, "instances", "echo");
  mkdirSync(join(scene.host.dataDir, "instances"), { recursive: true });
  writeFileSync(folder, "in the way");
  scene.host.start();
  await scene.shows(
    /^Roost \| CRITICAL, echo, .*\nRoost \| Crash-looping[\s\S]*\nRoost \| Tried: [\s\S]*\nRoost \| Run: /,
  );
  rmSync(folder);
  expect((await scene.host.command("restart", "echo")).code).toBe(0);
  await scene.shows(/Crash-looping/, /^Roost \| Over, echo, /);
});

test.concurrent("what happens while the homeserver is away is told once, over kill -9, and no words of a config are a command", async () => {
  await using scene = await Scene.open({ dialect: "conduwuit" });
  const { url } = scene.homeserver;
  scene.configureEcho("echo");
  scene.host.start();
  await scene.adminRoom("ready");
  await scene.host.kill();
  await scene.homeserver.close();
  scene.configureEcho("nope\n!admin server shutdown", { url });
  for (let start = 1; start < 3; start++) {
    scene.host.start();
    await scene.queued(1);
    await scene.host.kill();
  }
  scene.host.start();
  await scene.queued(1);
  await scene.homeserver.open(Number(new URL(url).port));
  await scene.shows(/^Roost \| ERROR, echo, [\s\S]*!admin server shutdown[\s\S]*\nRoost \| Seen 3 times/);
  for (const line of scene.shown.join("\n").split("\n")) expect(line).toStartWith("Roost | ");
  expect(scene.homeserver.adminCommands()).toEqual([]);
  scene.configureEcho("echo");
  await scene.host.command("restart", "echo");
  await scene.shows(/ERROR/, /^Roost \| Over, echo, /);
});

test.concurrent("no bot becomes the account that writes there, not even by a restart with another config", async () => {
  await using scene = await Scene.open({ dialect: "conduwuit" });
  scene.configureEcho("echo");
  scene.host.start();
  await scene.host.untilInstance("echo", "running");
  await scene.adminRoom("ready");
  scene.configureEcho("echo", { account: writer });
  const asAdmin = await scene.host.command("restart", "echo");
  expect([asAdmin.code, asAdmin.err]).toEqual([
    1,
    expect.stringContaining("is the admin account, which must run no bot"),
  ]);
  scene.configureEcho("echo", { account: writer, admin: "@other:sandbox" });
  const asFormer = await scene.host.command("restart", "echo");
  expect([asFormer.code, asFormer.err]).toEqual([1, expect.stringContaining("runs no bot")]);
  scene.ada.say(scene.work, "!echo hello");
  await scene.answered(scene.work, "hello");
  expect(scene.shown).toEqual([]);
});
