/** What breaks around a host, tried on the real process: it says so in log and health, loses and doubles nothing, and recovers. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createConnection } from "node:net";
import { join } from "node:path";
import type { FaultAnswer } from "../src/sandbox/faults.ts";
import { until } from "./doubles/delivery.ts";
import { roostCommand } from "./doubles/host.ts";
import { MatrixUser } from "./doubles/matrix-user.ts";
import { lackOfMounts, needs } from "./doubles/needs.ts";
import { SandboxScene } from "./doubles/sandbox-scene.ts";

const bot = "@bot:sandbox";

// Most wait for each other's turn on the machine.
setDefaultTimeout(60_000);

/** A host with one echo bot in one room of a homeserver, and somebody who talks to it. */
class Scene extends SandboxScene {
  readonly room = this.ada.createRoom({ public: true });

  configureEcho({ account = "{}", more = "" } = {}): void {
    const echo = `{ plugin: echo, account: "${bot}", rooms: ["${this.room}"] }`;
    this.configure(`accounts: { "${bot}": ${account} }\ninstances:\n  echo: ${echo}\n${more}`);
  }

  async start(): Promise<void> {
    this.host.start();
    await this.host.untilInstance("echo", "running");
    await this.joined(this.room);
  }

  /** Posts what the bot is to repeat. */
  ask(...texts: string[]): void {
    for (const text of texts) this.ada.say(this.room, `!echo ${text}`);
  }

  /** Waits until these are the replies, none missing and none twice. */
  async repeats(...texts: string[]): Promise<void> {
    const replies = () => this.replies(this.room);
    await until(`${texts} are answered`, () => texts.every((text) => replies().includes(text)), 15_000);
    expect(replies().filter((reply) => texts.includes(String(reply))).length).toBe(texts.length);
  }

  /** Waits until the log and health both say it. */
  said(sentence: RegExp): Promise<void> {
    const isSaid = async () =>
      sentence.test((await this.host.health()).body) && sentence.test(this.host.output);
    return until(`log and health say ${sentence}`, isSaid, 15_000);
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    await super[Symbol.asyncDispose]();
    // A stack trace names places in the source.
    expect(this.host.output).not.toMatch(/\n\s+at /);
  }
}

async function openScene(dialect: "synapse" | "conduwuit" = "conduwuit"): Promise<Scene> {
  const scene = await Scene.open({ dialect, tokenUses: 1 });
  scene.configureEcho();
  return scene;
}

const refusal = (status: number, errcode: string): FaultAnswer => ({
  kind: "error",
  status,
  body: { errcode, error: "No" },
});

describe("a homeserver in trouble", () => {
  for (const [what, method, path, answer, sentence] of [
    ["a proxy's page for a sync", "GET", /\/sync$/, { kind: "html", status: 502 }, /HTTP 502/],
    ["a proxy's page for a message", "PUT", /\/send\//, { kind: "html", status: 502 }, /waits to be posted/],
    ["a suspension", "PUT", /\/send\//, refusal(403, "M_USER_SUSPENDED"), /has suspended the account/],
    ["a lock", "GET", /\/sync$/, refusal(401, "M_USER_LOCKED"), /has locked the account/],
  ] as const) {
    test.concurrent(`${what} is reported, and what was asked meanwhile is answered once it is over`, async () => {
      await using scene = await openScene();
      await scene.start();
      scene.homeserver.faults.inject({ method, path, user: bot, answer });
      scene.ask("one", "two");
      await scene.said(sentence);
      scene.homeserver.faults.clear();
      await scene.repeats("one", "two");
      await scene.host.untilInstance("echo", "running");
      await until("health is well", async () =>
        (await scene.host.health()).body.startsWith('{"status":"pass"'),
      );
    });
  }

  test.concurrent("answers that get lost, half answers and rate limits double nothing", async () => {
    await using scene = await openScene("synapse");
    await scene.start();
    for (const answer of [
      { kind: "lost-answer" },
      { kind: "half" },
      { kind: "rate-limited", retryAfterMs: 50 },
      refusal(429, "M_LIMIT_EXCEEDED"),
    ] as const) {
      scene.homeserver.faults.inject({ method: "PUT", path: /\/send\//, times: 1, answer });
    }
    scene.homeserver.faults.inject({ path: /\/sync$/, times: 1, answer: { kind: "half" } });
    scene.ask("one", "two", "three");
    await scene.repeats("one", "two", "three");
  });

  test.concurrent("a room that could not be joined at first is joined soon after", async () => {
    await using scene = await openScene("synapse");
    scene.homeserver.faults.inject({ path: /\/join/, answer: { kind: "rate-limited", retryAfterMs: 300 } });
    scene.host.start();
    await until("health says so", async () =>
      (await scene.host.health().catch(() => ({ body: "" }))).body.includes("1 room not joined"),
    );
    await until("the log says so", () =>
      scene.host.output.includes("yet; it is asked again. The homeserver asks for patience"),
    );
    scene.homeserver.faults.clear();
    await scene.joined(scene.room);
  });

  test.concurrent("a revoked access token fails with its sentence, and a new one in the YAML mends it", async () => {
    await using scene = await openScene();
    scene.homeserver.createUser("bot", { password: "the-bots-password" });
    const token = async () => {
      const { accessToken } = await MatrixUser.logIn(scene.homeserver.url, bot, "the-bots-password");
      return `{ access_token: ${accessToken} }`;
    };
    scene.configureEcho({ account: await token() });
    await scene.start();
    scene.homeserver.revokeTokens(bot);
    scene.ask("one");
    await scene.host.untilInstance("echo", "failed");
    await scene.said(/give the account's password or a new access_token/);
    expect(await scene.host.command("restart", "echo")).toMatchObject({ code: 1, out: "" });
    scene.configureEcho({ account: await token() });
    expect(await scene.host.command("restart", "echo")).toMatchObject({ code: 0 });
    await scene.repeats("one");
  });

  test.concurrent("a room that was replaced is reported", async () => {
    await using scene = await openScene("synapse");
    await scene.start();
    scene.ada.setState(scene.room, "m.room.tombstone", { body: "moved", replacement_room: "!new:sandbox" });
    await until("health says so", async () =>
      (await scene.host.health()).body.includes("replaced by another"),
    );
    // The log comes by another pipe than health, and may come after it.
    await until("the log says which", () => scene.host.output.includes("was replaced by !new:sandbox"));
  });
});

describe("kill -9 during the first registration", () => {
  for (const [dialect, method, path, count] of [
    ["synapse", "GET", /\/versions$/, 1],
    ["synapse", "GET", /\/available$/, 1],
    ["synapse", "POST", /\/register$/, 1],
    ["synapse", "POST", /\/register$/, 2],
    ["conduwuit", "POST", /\/register$/, 1],
    ["conduwuit", "POST", /\/register$/, 2],
    ["conduwuit", "GET", /\/sync$/, 1],
  ] as const) {
    const moment = `${method} ${path.source.slice(2, -1)} number ${count}`;
    test.concurrent(`at ${moment} on ${dialect} costs no second use of the token and no second device`, async () => {
      await using scene = await openScene(dialect);
      scene.host.start();
      await until(moment, () => scene.homeserver.requests.count(method, path) >= count);
      await scene.host.kill();
      await scene.start();
      scene.ask("one");
      await scene.repeats("one");
      expect(scene.homeserver.devices(bot).length).toBe(1);
    });
  }
});

describe("signals", () => {
  test.concurrent("SIGTERM finishes what is in hand, and its echoes change nothing", async () => {
    await using scene = await openScene();
    await scene.start();
    const sending = scene.homeserver.faults.inject({
      method: "PUT",
      path: /\/send\//,
      answer: { kind: "delay", delayMs: 700 },
    });
    scene.ask("one");
    await until("it is being sent", () => sending.hits === 1);
    const { pid } = scene.host;
    for (const signal of ["SIGTERM", "SIGINT", "SIGTERM"]) process.kill(pid, signal);
    expect(await scene.host.exited()).toBe(0);
    expect(scene.replies(scene.room)).toEqual(["one"]);
  });

  test.concurrent("SIGTERM ends it with 0 while the homeserver hangs, and nothing is lost or doubled", async () => {
    await using scene = await openScene();
    await scene.start();
    const sending = scene.homeserver.faults.inject({
      method: "PUT",
      path: /\/send\//,
      answer: { kind: "hang" },
    });
    const texts = Array.from({ length: 40 }, (_, index) => `message ${index}`);
    scene.ask(...texts);
    await until("it hangs", () => sending.hits > 0);
    expect(await scene.host.stop()).toBe(0);
    scene.homeserver.faults.clear();
    scene.host.start();
    await scene.repeats(...texts);
  });

  test.concurrent("without a terminal, a hangup and a reader that left are no reason to stop", async () => {
    await using scene = await openScene();
    const [command = "", ...rest] = roostCommand();
    const child = Bun.spawn([command, ...rest, "serve", "--config", scene.host.configFile], {
      env: {},
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
    await child.stdout.cancel();
    await scene.host.untilInstance("echo", "running");
    child.kill("SIGHUP");
    scene.ask("one");
    await scene.repeats("one");
    child.kill("SIGTERM");
    expect(await child.exited).toBe(0);
    expect(await new Response(child.stderr).text()).toBe("");
  });
});

describe("the data folder", () => {
  test.concurrent("a damaged database of an instance stops that instance alone", async () => {
    await using scene = await openScene();
    scene.configureEcho({
      more: `  twin: { plugin: echo, account: "${bot}", rooms: ["${scene.room}"], prefix: "?" }\n`,
    });
    const folder = join(scene.host.dataDir, "instances/echo");
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "data.db"), "garbage".repeat(1000));
    scene.host.start();
    await scene.host.untilInstance("twin", "running");
    await scene.host.untilInstance("echo", "failed");
    await scene.said(/data\.db cannot be opened: .* It is damaged\. .* run: roost restore echo/);
    await scene.joined(scene.room);
    scene.ada.say(scene.room, "?echo not harmed");
    scene.ask("late");
    await scene.repeats("not harmed");
    rmSync(join(folder, "data.db"));
    expect(await scene.host.command("restart", "echo")).toMatchObject({ code: 0 });
    await scene.repeats("late");
  });

  test.concurrent("a damaged database of the host is set aside and begun anew with a CRITICAL, and no second device comes of it", async () => {
    await using scene = await openScene();
    await scene.start();
    await scene.host.stop();
    const folder = join(scene.host.dataDir, "host");
    for (const file of readdirSync(folder).filter((name) => name.startsWith("roost.db")))
      rmSync(join(folder, file));
    writeFileSync(join(folder, "roost.db"), "garbage".repeat(1000));
    await scene.start();
    expect(scene.host.output).toMatch(
      /"CRITICAL".*The host's database is damaged\. There is no backup, so it begins anew/,
    );
    expect(readdirSync(folder).some((name) => name.startsWith("roost.db.corrupt-"))).toBe(true);
    scene.ask("one");
    await scene.repeats("one");
    expect(scene.homeserver.devices(bot).length).toBe(1);
  });
});

test("health answers while five hundred clients hold their connections open", async () => {
  await using scene = await openScene();
  await scene.start();
  const slow = Array.from({ length: 500 }, () => {
    const socket = createConnection(scene.host.port, "127.0.0.1");
    socket.on("error", () => {});
    socket.write("GET /healthz HTTP/1.1\r\nHost: 127.0");
    return socket;
  });
  expect((await scene.host.health("/livez")).status).toBe(200);
  const many = await Promise.all(Array.from({ length: 200 }, () => scene.host.health()));
  expect(new Set(many.map(({ status }) => status))).toEqual(new Set([200]));
  scene.ask("one");
  await scene.repeats("one");
  for (const socket of slow) socket.destroy();
});

test("commands for an instance that is not there or cannot start fail with what to do", async () => {
  await using scene = await openScene();
  scene.configureEcho({ more: `  bad: { plugin: ecko, account: "${bot}", rooms: ["${scene.room}"] }\n` });
  await scene.start();
  for (const [command, says] of [
    [["restart", "nope"], "See which there are with: roost status"],
    [["logs", "nope"], "See which there are with: roost status"],
    [["start", "bad"], "roost restart bad"],
    [["restart", "bad"], 'did you mean "echo"?'],
    [["logs", "--severity", "LOUD"], "there are DEBUG, INFO, WARN"],
  ] as const) {
    const { code, out, err } = await scene.host.command(...command);
    expect([code, out]).toEqual([1, ""]);
    expect(err).toContain(says);
  }
});

needs("a disk of its own", lackOfMounts())("a full disk", () => {
  test("is reported, and when it has room again everything that was asked is answered once", async () => {
    await using scene = await openScene();
    const { dataDir } = scene.host;
    mkdirSync(dataDir, { recursive: true });
    expect(spawnSync("mount", ["-t", "tmpfs", "-o", "size=24m", "tmpfs", dataDir]).status).toBe(0);
    try {
      await scene.start();
      const filler = join(dataDir, "filler");
      spawnSync("dd", ["if=/dev/zero", `of=${filler}`, "bs=4k"]);
      expect(existsSync(filler)).toBe(true);
      const texts = Array.from({ length: 60 }, (_, index) => `${index} ${"x".repeat(3000)}`);
      scene.ask(...texts);
      await scene.said(/refused a write: .* Free some disk space/);
      rmSync(filler);
      await scene.repeats(...texts);
      await until("health is well", async () => (await scene.host.health()).status === 200);
    } finally {
      await scene.host.kill();
      spawnSync("umount", [dataDir]);
    }
  });
});

const isRoot = process.getuid?.() === 0;
needs("two users", isRoot ? undefined : { of: "privilege", why: "only root may become another user" })(
  "a data folder of somebody else's",
  () => {
    test("ends serve with a sentence", async () => {
      await using scene = await openScene();
      const { dataDir, configFile } = scene.host;
      mkdirSync(dataDir, { recursive: true });
      for (const folder of [scene.folder, join(scene.folder, "host"), dataDir]) chmodSync(folder, 0o755);
      chmodSync(configFile, 0o644);
      const nobody = ["--reuid=65534", "--regid=65534", "--clear-groups"];
      const { status, stderr } = spawnSync("setpriv", [
        ...nobody,
        ...roostCommand(),
        "serve",
        "--config",
        configFile,
      ]);
      expect(status).toBe(1);
      expect(stderr.toString()).toMatch(/The data folder .* cannot be written: .* belongs to this user/);
    });
  },
);
