import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { dialectNames } from "../src/sandbox/dialect.ts";
import { until } from "./doubles/delivery.ts";
import { SandboxScene } from "./doubles/sandbox-scene.ts";

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
    let scene: SandboxScene;

    beforeAll(async () => {
      scene = await SandboxScene.open({ dialect });
    });
    afterAll(() => scene[Symbol.asyncDispose]());

    let enabled: string;
    let other: string;

    test("registers its account by token, joins the room it lists, answers there and is silent elsewhere", async () => {
      enabled = scene.ada.createRoom({ name: "enabled", public: true, alias: "enabled" });
      other = scene.ada.createRoom({ name: "other", public: true });
      scene.ada.say(enabled, "!echo from before the bot joined");
      scene.configure(echoYaml([enabled]));
      scene.host.start();
      await scene.host.untilInstance("echo", "running");
      await scene.joined(enabled);
      scene.ada.say(other, "!echo elsewhere");
      scene.ada.say(enabled, "!echo hello");
      await scene.answered(enabled, "hello");
      expect(scene.replies(enabled)).toEqual(["hello"]);
      expect(scene.replies(other)).toEqual([]);
      expect(scene.homeserver.memberships(other).get("@bot:sandbox")).toBeUndefined();
    });

    test("keeps its credentials to itself and uses them again: one registration, one device, however often it starts", async () => {
      expect(await scene.host.stop()).toBe(0);
      const [file = ""] = readdirSync(join(scene.host.dataDir, "credentials"));
      expect(statSync(join(scene.host.dataDir, "credentials", file)).mode & 0o777).toBe(0o600);
      const devices = scene.homeserver.devices("@bot:sandbox");
      scene.host.start();
      await scene.host.untilInstance("echo", "running");
      scene.ada.say(enabled, "!echo again");
      await scene.answered(enabled, "again");
      expect(scene.homeserver.devices("@bot:sandbox")).toEqual(devices);
      expect(devices.length).toBe(1);
    });

    test("answers what was posted while it was down, once", async () => {
      await scene.host.stop();
      scene.ada.say(enabled, "!echo while you were away");
      scene.host.start();
      await scene.answered(enabled, "while you were away");
      await scene.host.stop();
      scene.host.start();
      await scene.host.untilInstance("echo", "running");
      scene.ada.say(enabled, "!echo last");
      await scene.answered(enabled, "last");
      expect(scene.replies(enabled).filter((body) => body === "while you were away").length).toBe(1);
    });

    test("edits, notices and redactions cause nothing", async () => {
      const said = scene.ada.say(enabled, "hm");
      scene.ada.say(enabled, "* !echo edited", {
        "m.new_content": { msgtype: "m.text", body: "!echo edited" },
        "m.relates_to": { rel_type: "m.replace", event_id: said },
      });
      scene.ada.say(enabled, "!echo notice", { msgtype: "m.notice" });
      scene.ada.redact(enabled, scene.ada.say(enabled, "nothing"));
      scene.ada.say(enabled, "!echo done");
      await scene.answered(enabled, "done");
      expect(scene.replies(enabled)).not.toContain("edited");
      expect(scene.replies(enabled)).not.toContain("notice");
    });

    test("an edit of the YAML is reported as pending and applies when the instance is restarted", async () => {
      scene.configure(echoYaml([other]));
      await until("it is pending", async () =>
        (await scene.host.health()).body.includes("instance echo changed"),
      );
      scene.ada.say(enabled, "!echo still the old rooms");
      await scene.answered(enabled, "still the old rooms");
      const restarted = await scene.host.command("restart", "echo");
      expect(restarted).toMatchObject({ code: 0, out: "echo is running.\n" });
      await scene.joined(other);
      scene.ada.say(enabled, "!echo removed room");
      scene.ada.say(other, "!echo added room");
      await scene.answered(other, "added room");
      expect(scene.replies(enabled)).not.toContain("removed room");
    });

    test("a room may be listed by its alias", async () => {
      scene.configure(echoYaml(["#enabled:sandbox"]));
      expect((await scene.host.command("restart", "echo")).code).toBe(0);
      scene.ada.say(enabled, "!echo by alias");
      await scene.answered(enabled, "by alias");
    });

    test("a stop by an operator survives a restart of the host, and what is posted meanwhile stays unanswered", async () => {
      expect((await scene.host.command("stop", "echo")).code).toBe(0);
      await scene.host.stop();
      scene.host.start();
      await scene.host.untilInstance("echo", "stopped");
      scene.ada.say(enabled, "!echo into the void");
      await until("it was synced", async () => (await scene.host.health("/readyz")).status === 200);
      expect((await scene.host.command("start", "echo")).out).toBe("echo is running.\n");
      scene.ada.say(enabled, "!echo back");
      await scene.answered(enabled, "back");
      expect(scene.replies(enabled)).not.toContain("into the void");
    });

    test("one bad instance is quarantined with its sentence, and the rest run", async () => {
      scene.configure(
        echoYaml([enabled], '  broken: { plugin: ecko, account: "@bot:sandbox", rooms: [] }\n'),
      );
      await scene.host.stop();
      scene.host.start();
      await scene.host.untilInstance("echo", "running");
      const { status, body } = await scene.host.health("/healthz/broken");
      expect(status).toBe(503);
      expect(body).toContain("ecko");
      scene.ada.say(enabled, "!echo not harmed");
      await scene.answered(enabled, "not harmed");
    });

    test("an encrypted room that is listed is reported in health and by a WARN that names it", async () => {
      const secret = scene.ada.createRoom({ name: "secret", encrypted: true, public: true });
      scene.configure(echoYaml([enabled, secret]));
      expect(await scene.host.command("restart", "echo")).toMatchObject({ code: 0 });
      await until("health says so", async () => (await scene.host.health()).body.includes("encrypted"));
      expect(scene.host.output).toContain(secret);
      expect((await scene.host.health()).body).not.toContain(secret.slice(1, 12));
    });

    test("a homeserver that is away is waited for, and answers go on by themselves when it is back", async () => {
      const port = Number(new URL(scene.homeserver.url).port);
      await scene.homeserver.close();
      await scene.host.untilInstance("echo", "waiting");
      await scene.homeserver.open(port);
      scene.ada.say(enabled, "!echo after the outage");
      await scene.answered(enabled, "after the outage");
      await scene.host.untilInstance("echo", "running");
    });

    test("two instances on one account each answer a message once", async () => {
      scene.configure(
        echoYaml(
          [enabled],
          `  twin: { plugin: echo, account: "@bot:sandbox", rooms: ["${other}", "${enabled}"], prefix: "?" }\n`,
        ),
      );
      await scene.host.command("restart", "echo");
      expect((await scene.host.command("restart", "twin")).out).toBe("twin is running.\n");
      scene.ada.say(enabled, "!echo one");
      scene.ada.say(enabled, "?echo two");
      await scene.answered(enabled, "one");
      await scene.answered(enabled, "two");
      expect(scene.replies(enabled).filter((body) => body === "one" || body === "two").length).toBe(2);
    });

    test("a second host on the same data folder is told who holds it, and ends with 75", async () => {
      const second = await scene.host.command("serve");
      expect(second.code).toBe(75);
      expect(second.err).toContain(`process ${scene.host.pid}`);
    });

    test("nothing that it printed holds the registration token, and each instance has its own database", () => {
      expect(scene.host.output).not.toContain("letmein");
      expect(existsSync(join(scene.host.dataDir, "instances/echo/data.db"))).toBe(true);
    });
  });
}

test("a port that is taken keeps no bot from running, and the page comes when it is free", async () => {
  await using scene = await SandboxScene.open();
  const mine = () => new Response("mine");
  const squatter = Bun.serve({ port: scene.host.port, hostname: "127.0.0.1", fetch: mine });
  const room = scene.ada.createRoom({ public: true });
  scene.configure(echoYaml([room]));
  scene.host.start();
  await scene.joined(room);
  scene.ada.say(room, "!echo without a page");
  await scene.answered(room, "without a page");
  expect(scene.host.output).toContain("ss -ltnp");
  await squatter.stop(true);
  await scene.host.untilInstance("echo", "running");
});

test("a config that cannot be read ends serve with 78 and a sentence", async () => {
  await using scene = await SandboxScene.open();
  const missing = await scene.host.command("serve");
  expect(missing.code).toBe(78);
  expect(missing.err).toContain("config.yaml");
  scene.host.configure("http://127.0.0.1:1", "instances: [unclosed\n");
  const broken = await scene.host.command("serve");
  expect(broken.code).toBe(78);
  expect(broken.err).toMatch(/config\.yaml:\d+:\d+/);
});
