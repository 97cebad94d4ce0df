/** The admin room's account and queue on a real database and a homeserver that goes away, forgets rooms, and refuses. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { loadConfig } from "../../src/config/load.ts";
import type { InstanceId } from "../../src/core/id.ts";
import { objectAt, stringAt } from "../../src/core/json.ts";
import type { LogRecord } from "../../src/core/log.ts";
import { AdminRoom } from "../../src/host/admin-room.ts";
import { pluginSettings } from "../../src/host/plugin-settings.ts";
import { LogRouter } from "../../src/log/router.ts";
import { Homeserver } from "../../src/sandbox/homeserver.ts";
import type { SandboxUser } from "../../src/sandbox/sandbox-user.ts";
import { HostStore } from "../../src/store/host-store.ts";
import { until } from "../doubles/delivery.ts";
import { temporaryFolder } from "../doubles/folder.ts";

const writer = "@roost:sandbox";
const weather = "weather" as InstanceId;

setDefaultTimeout(30_000);

/** One host's admin room, to be opened, closed and opened again on the same database. */
class Scene {
  readonly router = new LogRouter();
  readonly records: LogRecord[] = [];
  #adminRoom: AdminRoom | undefined;
  #store: HostStore | undefined;

  private constructor(
    readonly folder: ReturnType<typeof temporaryFolder>,
    readonly homeserver: Homeserver,
    readonly ada: SandboxUser,
  ) {
    this.router.addSink((record) => this.records.push(record), "INFO");
    this.router.addSink((record) => this.#adminRoom?.sink(record), "INFO");
  }

  static async open(dialect: "synapse" | "conduwuit" = "conduwuit"): Promise<Scene> {
    const homeserver = new Homeserver({ serverName: "sandbox", dialect, registrationToken: "letmein" });
    await homeserver.open();
    return new Scene(temporaryFolder(), homeserver, homeserver.createUser("ada"));
  }

  /** Starts the account. Without an address it is the homeserver's as it is now. */
  start(room: string, url = this.homeserver.url): void {
    const file = join(this.folder.path, "config.yaml");
    const yaml = `homeserver: { url: "${url}", registration_token: letmein }\nadmin: { account: "${writer}", room: "${room}" }\n`;
    writeFileSync(file, yaml, { mode: 0o600 });
    const { config } = loadConfig(file, { env: {}, plugins: pluginSettings });
    const account = config?.accounts.get(config.admin.account ?? ("" as never));
    if (config?.admin.room === undefined || account === undefined) throw new Error("no admin room");
    this.#store = new HostStore(join(this.folder.path, "roost.db"));
    this.#store.open();
    this.#adminRoom = new AdminRoom({
      config: { ...config, admin: { ...config.admin, messageIntervalMs: 20 } },
      account,
      room: config.admin.room,
      store: this.#store,
      log: this.router.logger(),
      onSecret: (secret) => this.router.addSecrets([secret]),
      recheckMs: 50,
      editIntervalMs: 20,
    });
    this.#adminRoom.open();
  }

  async stop(): Promise<void> {
    await this.#adminRoom?.close();
    this.#store?.close();
    this.#adminRoom = undefined;
  }

  get status() {
    return this.#adminRoom?.status();
  }

  get log() {
    return this.router.logger(weather);
  }

  ready(): Promise<void> {
    return until("the room can be written to", () => this.status?.state === "ready");
  }

  /** What the room shows: every message with its newest text. */
  shown(room: string): string[] {
    const texts = new Map<string, string>();
    for (const { event_id, sender, type, content } of this.homeserver.timeline(room)) {
      if (sender !== writer || type !== "m.room.message") continue;
      const relation = objectAt(content, "m.relates_to");
      const edited =
        stringAt(relation, "rel_type") === "m.replace" ? stringAt(relation, "event_id") : undefined;
      texts.set(edited ?? event_id, stringAt(objectAt(content, "m.new_content") ?? content, "body") ?? "");
    }
    return [...texts.values()];
  }

  shows(room: string, ...sentences: string[]): Promise<void> {
    return until(`the room shows ${sentences}`, () => {
      const shown = this.shown(room);
      return (
        shown.length === sentences.length &&
        sentences.every((sentence, index) => shown[index]?.includes(sentence))
      );
    });
  }

  /** The WARN that is open about the room itself. */
  get fault(): string | undefined {
    return this.router.openFaults().find(({ key }) => key === "admin-room")?.message;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await this.homeserver.close();
    this.folder[Symbol.dispose]();
    const loud = this.records.filter(
      ({ instance, severity }) => instance === undefined && severity === "ERROR",
    );
    expect(loud).toEqual([]);
  }
}

for (const dialect of ["synapse", "conduwuit"] as const) {
  test(`tells a fault once, counts it, and tells its end as a reply, on ${dialect}`, async () => {
    await using scene = await Scene.open(dialect);
    const room = scene.ada.createRoom({ alias: "admins", invite: [writer] });
    scene.start("#admins:sandbox");
    await scene.ready();
    scene.log.raise("CRITICAL", { key: "token" }, "The token was revoked.");
    await scene.shows(room, "CRITICAL, weather,");
    scene.log.raise("CRITICAL", { key: "token" }, "The token was revoked.");
    await scene.shows(room, "Seen 2 times");
    scene.log.clear("token", "It has a new token.");
    await scene.shows(room, "Seen 2 times", "It has a new token.");
    const [first, , reply] = scene.homeserver
      .timeline(room)
      .filter(({ sender }) => sender === writer)
      .slice(-3);
    expect(reply?.content["m.relates_to"]).toEqual({ "m.in_reply_to": { event_id: first?.event_id } });
    expect(scene.fault).toBeUndefined();
  });
}

test("begins no line with a command of the conduwuit family, whatever a bot's error says", async () => {
  await using scene = await Scene.open("conduwuit");
  const room = scene.ada.createRoom({ invite: [writer] });
  scene.start(room);
  await scene.ready();
  const evil = "oh\n!admin users deactivate @ada:sandbox\r\n@conduit:sandbox: x\u2028!admin server shutdown";
  scene.log.error(evil, { evil }, new Error(evil, { cause: new Error(`\n${evil}`) }));
  scene.log.raise("ERROR", { key: "k", tried: evil, command: evil }, evil);
  scene.log.raise("ERROR", { key: "k", tried: evil, command: evil }, evil);
  await until(
    "both are told",
    () => scene.shown(room).length === 2 && scene.shown(room).join().includes("Seen 2"),
  );
  for (const { sender, type, content } of scene.homeserver.timeline(room)) {
    if (sender !== writer || type !== "m.room.message") continue;
    const texts = [content.body, content.formatted_body, objectAt(content, "m.new_content")?.body];
    const lines = texts.flatMap((text) =>
      typeof text === "string" ? text.split(/[\n\r\u2028\u2029\u0085]/) : [],
    );
    expect(lines.length).toBeGreaterThan(3);
    for (const line of lines) expect(line).toStartWith("Roost |");
    expect(content["m.mentions"]).toEqual({});
  }
});

test("says what to do while it is not invited, and posts what waited once it is", async () => {
  await using scene = await Scene.open();
  const room = scene.ada.createRoom();
  scene.start(room);
  await until("it says so", () => scene.fault !== undefined);
  scene.log.error("It broke.");
  expect(scene.fault).toContain(`Invite ${writer} into ${room}`);
  expect(scene.status).toMatchObject({ state: "failed", cause: scene.fault, queued: 1 });
  scene.ada.invite(room, writer);
  await scene.shows(room, "It broke.");
  expect(scene.fault).toBeUndefined();
  await until("it knows", () => scene.status?.queued === 0);
  expect(scene.status?.state).toBe("ready");
});

test("says that the alias leads nowhere, and finds the room once it does", async () => {
  await using scene = await Scene.open();
  scene.start("#admins:sandbox");
  scene.log.error("It broke.");
  await until("it says so", () => scene.fault?.includes("#admins:sandbox") === true);
  const room = scene.ada.createRoom({ alias: "admins", public: true });
  await scene.shows(room, "It broke.");
  expect(scene.fault).toBeUndefined();
});

test("says that the room is encrypted, and writes nothing there", async () => {
  await using scene = await Scene.open();
  const room = scene.ada.createRoom({ encrypted: true, invite: [writer] });
  scene.start(room);
  scene.log.critical("It broke.");
  await until("it says so", () => scene.fault?.includes("is encrypted") === true);
  expect(scene.shown(room)).toEqual([]);
  expect(scene.status).toMatchObject({ state: "failed", queued: 1 });
});

test("writes to the room that took its place, and says which id to write", async () => {
  await using scene = await Scene.open();
  const room = scene.ada.createRoom({ public: true, version: "11" });
  scene.start(room);
  await scene.ready();
  const successor = scene.ada.upgradeRoom(room, "11");
  await until("it has followed", () => scene.fault?.includes(successor) === true);
  scene.log.critical("It broke.");
  await scene.shows(successor, "It broke.");
  await until("it knows", () => scene.status?.queued === 0);
  expect(scene.status).toMatchObject({ state: "ready", cause: scene.fault });
});

test("says that it may not post, and goes on once it may", async () => {
  await using scene = await Scene.open();
  const room = scene.ada.createRoom({ invite: [writer] });
  scene.start(room);
  await scene.ready();
  const body = { errcode: "M_FORBIDDEN", error: "You may not" };
  scene.homeserver.faults.inject({ path: /\/send\//, answer: { kind: "error", status: 403, body } });
  scene.log.critical("It broke.");
  await until("it says so", () => scene.fault?.includes("may not post") === true);
  scene.homeserver.faults.clear();
  await scene.shows(room, "It broke.");
  await until("it is over", () => scene.fault === undefined);
});

test("keeps what happens while the homeserver is away, over restarts, and tells it in order when it is back", async () => {
  await using scene = await Scene.open();
  const room = scene.ada.createRoom({ invite: [writer] });
  const { url } = scene.homeserver;
  scene.start(room);
  await scene.ready();
  await scene.homeserver.close();
  await until("it has noticed", () => scene.status?.state === "waiting");
  scene.log.error("First thing.");
  scene.log.critical("The worst.");
  await scene.stop();
  scene.start(room, url);
  scene.log.error("Second thing.");
  expect(scene.status).toMatchObject({ state: "waiting", queued: 3 });
  await scene.homeserver.open(Number(new URL(url).port));
  await scene.shows(room, "The worst.", "First thing.");
  expect(scene.shown(room)[1]).toMatch(/First thing\.[\s\S]*Second thing\./);
  expect(scene.fault).toBeUndefined();
});

test("doubles nothing when answers get lost and it starts again", async () => {
  await using scene = await Scene.open("synapse");
  const room = scene.ada.createRoom({ invite: [writer] });
  scene.start(room);
  await scene.ready();
  const lost = { method: "PUT", path: /\/send\//, times: 1, answer: { kind: "lost-answer" } } as const;
  const fault = scene.homeserver.faults.inject(lost);
  scene.log.critical("It broke.");
  await until("the answer is lost", () => fault.hits === 1);
  await scene.stop();
  scene.start(room);
  await scene.shows(room, "It broke.");
  await until("it knows", () => scene.status?.queued === 0 && scene.status.state === "ready");
  scene.log.error("Another thing.");
  await scene.shows(room, "It broke.", "Another thing.");
});

test("never reports its own trouble to the room", async () => {
  await using scene = await Scene.open();
  const room = scene.ada.createRoom({ invite: [writer] });
  scene.start(room);
  await scene.ready();
  scene.router.logger().raise("CRITICAL", { key: "admin-room" }, "The admin room is in trouble.");
  scene.homeserver.revokeTokens(writer);
  scene.log.error("Something else.");
  await scene.shows(room, "Something else.");
  expect(
    scene.records.filter(({ severity, context }) => severity !== "INFO" && context.account === writer),
  ).toEqual([]);
});
