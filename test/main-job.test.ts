import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { dialectNames } from "../src/sandbox/dialect.ts";
import { Homeserver } from "../src/sandbox/homeserver.ts";
import type { SandboxUser } from "../src/sandbox/sandbox-user.ts";
import { until } from "./doubles/delivery.ts";
import { temporaryFolder } from "./doubles/folder.ts";
import { freePort, HostProcess } from "./doubles/host.ts";

const echoYaml = (rooms: string[], more = "") => `
accounts:
  "@bot:sandbox": {}
instances:
  echo:
    plugin: echo
    account: "@bot:sandbox"
    rooms: ${JSON.stringify(rooms)}
${more}`;

for (const dialect of dialectNames) {
  describe(`a host on a homeserver that speaks ${dialect}`, () => {
    const folder = temporaryFolder();
    const homeserver = new Homeserver({ serverName: "sandbox", dialect, registrationToken: "letmein" });
    let ada: SandboxUser;
    let host: HostProcess;

    const _open = (name: string) => ada.createRoom({ name, invite: ["@bot:sandbox"] });
    const replies = (room: string) =>
      homeserver
        .timeline(room)
        .filter((event) => event.sender === "@bot:sandbox" && event.type === "m.room.message")
        .map((event) => event.content.body);
    const answered = (room: string, body: string) =>
      until(`"${body}" is answered`, () => replies(room).includes(body));

    beforeAll(async () => {
      await homeserver.open();
      ada = homeserver.createUser("ada");
      host = new HostProcess(join(folder.path, "host"), await freePort());
    });
    afterAll(async () => {
      await host.kill();
      await homeserver.close();
      folder[Symbol.dispose]();
    });

    let enabled: string;
    let other: string;

    test("registers its account by token, joins the room it lists, answers there and is silent elsewhere", async () => {
      enabled = ada.createRoom({ name: "enabled", public: true, alias: "enabled" });
      other = ada.createRoom({ name: "other", public: true });
      ada.say(enabled, "!echo from before the bot joined");
      host.configure(homeserver.url, echoYaml([enabled]));
      host.start();
      await host.untilInstance("echo", "running");
      await until("it has joined", () => homeserver.memberships(enabled).get("@bot:sandbox") === "join");
      ada.say(other, "!echo elsewhere");
      ada.say(enabled, "!echo hello");
      await answered(enabled, "hello");
      expect(replies(enabled)).toEqual(["hello"]);
      expect(replies(other)).toEqual([]);
      expect(homeserver.memberships(other).get("@bot:sandbox")).toBeUndefined();
    });

    test("keeps its credentials to itself and uses them again: one registration, one device, however often it starts", async () => {
      expect(await host.stop()).toBe(0);
      const [file = ""] = readdirSync(join(host.dataDir, "credentials"));
      expect(statSync(join(host.dataDir, "credentials", file)).mode & 0o777).toBe(0o600);
      const devices = homeserver.devices("@bot:sandbox");
      host.start();
      await host.untilInstance("echo", "running");
      ada.say(enabled, "!echo again");
      await answered(enabled, "again");
      expect(homeserver.devices("@bot:sandbox")).toEqual(devices);
      expect(devices.length).toBe(1);
    });

    test("answers what was posted while it was down, once", async () => {
      await host.stop();
      ada.say(enabled, "!echo while you were away");
      host.start();
      await answered(enabled, "while you were away");
      await host.stop();
      host.start();
      await host.untilInstance("echo", "running");
      ada.say(enabled, "!echo last");
      await answered(enabled, "last");
      expect(replies(enabled).filter((body) => body === "while you were away").length).toBe(1);
    });

    test("edits, notices and redactions cause nothing", async () => {
      const said = ada.say(enabled, "hm");
      ada.say(enabled, "* !echo edited", {
        "m.new_content": { msgtype: "m.text", body: "!echo edited" },
        "m.relates_to": { rel_type: "m.replace", event_id: said },
      });
      ada.say(enabled, "!echo notice", { msgtype: "m.notice" });
      ada.redact(enabled, ada.say(enabled, "nothing"));
      ada.say(enabled, "!echo done");
      await answered(enabled, "done");
      expect(replies(enabled)).not.toContain("edited");
      expect(replies(enabled)).not.toContain("notice");
    });

    test("an edit of the YAML is reported as pending and applies when the instance is restarted", async () => {
      host.configure(homeserver.url, echoYaml([other]));
      await until("it is pending", async () => (await host.health()).body.includes("instance echo changed"));
      ada.say(enabled, "!echo still the old rooms");
      await answered(enabled, "still the old rooms");
      const restarted = await host.command("restart", "echo");
      expect(restarted).toMatchObject({ code: 0, out: "echo is running.\n" });
      await until("it has joined", () => homeserver.memberships(other).get("@bot:sandbox") === "join");
      ada.say(enabled, "!echo removed room");
      ada.say(other, "!echo added room");
      await answered(other, "added room");
      expect(replies(enabled)).not.toContain("removed room");
    });

    test("a room may be listed by its alias", async () => {
      host.configure(homeserver.url, echoYaml(["#enabled:sandbox"]));
      expect((await host.command("restart", "echo")).code).toBe(0);
      ada.say(enabled, "!echo by alias");
      await answered(enabled, "by alias");
    });

    test("a stop by an operator survives a restart of the host, and what is posted meanwhile stays unanswered", async () => {
      expect((await host.command("stop", "echo")).code).toBe(0);
      await host.stop();
      host.start();
      await host.untilInstance("echo", "stopped");
      ada.say(enabled, "!echo into the void");
      await until("it was synced", async () => (await host.health("/readyz")).status === 200);
      expect((await host.command("start", "echo")).out).toBe("echo is running.\n");
      ada.say(enabled, "!echo back");
      await answered(enabled, "back");
      expect(replies(enabled)).not.toContain("into the void");
    });

    test("one bad instance is quarantined with its sentence, and the rest run", async () => {
      host.configure(
        homeserver.url,
        echoYaml([enabled], '  broken: { plugin: ecko, account: "@bot:sandbox", rooms: [] }\n'),
      );
      await host.stop();
      host.start();
      await host.untilInstance("echo", "running");
      const { status, body } = await host.health("/healthz/broken");
      expect(status).toBe(503);
      expect(body).toContain("ecko");
      ada.say(enabled, "!echo not harmed");
      await answered(enabled, "not harmed");
    });

    test("an encrypted room that is listed is reported in health and by a WARN that names it", async () => {
      const secret = ada.createRoom({ name: "secret", encrypted: true, public: true });
      host.configure(homeserver.url, echoYaml([enabled, secret]));
      expect(await host.command("restart", "echo")).toMatchObject({ code: 0 });
      await until("health says so", async () => (await host.health()).body.includes("encrypted"));
      expect(host.output).toContain(secret);
      expect((await host.health()).body).not.toContain(secret.slice(1, 12));
    });

    test("a homeserver that is away is waited for, and answers go on by themselves when it is back", async () => {
      const port = Number(new URL(homeserver.url).port);
      await homeserver.close();
      await host.untilInstance("echo", "waiting");
      await homeserver.open(port);
      ada.say(enabled, "!echo after the outage");
      await answered(enabled, "after the outage");
      await host.untilInstance("echo", "running");
    });

    test("two instances on one account each answer a message once", async () => {
      host.configure(
        homeserver.url,
        echoYaml(
          [enabled],
          `  twin: { plugin: echo, account: "@bot:sandbox", rooms: ["${other}", "${enabled}"], prefix: "?" }\n`,
        ),
      );
      await host.command("restart", "echo");
      expect((await host.command("restart", "twin")).out).toBe("twin is running.\n");
      ada.say(enabled, "!echo one");
      ada.say(enabled, "?echo two");
      await answered(enabled, "one");
      await answered(enabled, "two");
      expect(replies(enabled).filter((body) => body === "one" || body === "two").length).toBe(2);
    });

    test("a second host on the same data folder is told who holds it, and ends with 75", async () => {
      const second = await host.command("serve");
      expect(second.code).toBe(75);
      expect(second.err).toContain(`process ${host.pid}`);
    });

    test("nothing that it printed holds the registration token, and each instance has its own database", () => {
      expect(host.output).not.toContain("letmein");
      expect(existsSync(join(host.dataDir, "instances/echo/data.db"))).toBe(true);
    });
  });
}

test("a port that is taken keeps no bot from running, and the page comes when it is free", async () => {
  using folder = temporaryFolder();
  const squatter = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response("mine") });
  const homeserver = new Homeserver({
    serverName: "sandbox",
    dialect: "synapse",
    registrationToken: "letmein",
  });
  await homeserver.open();
  const ada = homeserver.createUser("ada");
  const room = ada.createRoom({ public: true });
  await using host = new HostProcess(folder.path, squatter.port ?? 0);
  host.configure(homeserver.url, echoYaml([room]));
  host.start();
  await until("it has joined", () => homeserver.memberships(room).get("@bot:sandbox") === "join");
  ada.say(room, "!echo without a page");
  await homeserver.waitForEvent(
    room,
    (event) => event.sender === "@bot:sandbox" && event.type === "m.room.message",
  );
  expect(host.output).toContain("ss -ltnp");
  await squatter.stop(true);
  await host.untilInstance("echo", "running");
  await host.kill();
  await homeserver.close();
});

test("a config that cannot be read ends serve with 78 and a sentence", async () => {
  using folder = temporaryFolder();
  await using host = new HostProcess(folder.path, 1);
  const missing = await host.command("serve");
  expect(missing.code).toBe(78);
  expect(missing.err).toContain("config.yaml");
  host.configure("http://127.0.0.1:1", "instances: [unclosed\n");
  const broken = await host.command("serve");
  expect(broken.code).toBe(78);
  expect(broken.err).toMatch(/config\.yaml:\d+:\d+/);
});
