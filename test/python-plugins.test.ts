import { afterAll, beforeAll, expect, test } from "bun:test";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { landlockVersion } from "../src/plugins/confinement/landlock.ts";
import type { Homeserver } from "../src/sandbox/homeserver.ts";
import type { SandboxUser } from "../src/sandbox/sandbox-user.ts";
import { ApiUser, adminYaml } from "./doubles/api.ts";
import { BotRooms } from "./doubles/bot-rooms.ts";
import { until } from "./doubles/delivery.ts";
import type { HostProcess } from "./doubles/host.ts";
import { needs } from "./doubles/needs.ts";
import { notes, pluginPython } from "./doubles/python-plugins.ts";

const environment = await pluginPython();

needs("Python with mautrix", "lack" in environment ? environment.lack : undefined)(
  "instances of a plugin written for maubot",
  () => {
    const bots = ["one", "two", "free", "offline", "bold"];
    let stage: BotRooms;
    let host: HostProcess;
    let homeserver: Homeserver;
    let ada: SandboxUser;
    const roomOf = (bot: string) => stage.roomOf(bot);
    const say = (bot: string, body: string) => stage.say(bot, body);
    const sent = (bot: string, type?: string) => stage.sent(bot, type);
    const replies = (bot: string) => stage.replies(bot);
    const answered = (bot: string, body: string | RegExp) => stage.answered(bot, body);

    beforeAll(async () => {
      const more: Readonly<Record<string, string>> = {
        one: ", config: { greeting: Salut }",
        free: ", rooms: any",
        offline: ", network: false",
        bold: ", trusted: true",
      };
      stage = await BotRooms.open({
        bots,
        plugins: { "notes.mbp": notes },
        instance: (bot) => `plugin: org.example.notes${more[bot] ?? ""}`,
        yaml: `${adminYaml}reload: automatic\npython: ${"python" in environment ? environment.python : ""}\n`,
        env: { SECRET: "of the host" },
      });
      ({ host, homeserver, ada } = stage);
      for (const bot of bots) await host.untilInstance(bot, bot === "bold" ? "failed" : "running", 30_000);
    }, 120_000);
    afterAll(() => stage[Symbol.asyncDispose]());

    test("answer commands as maubot does: a notice with HTML, in reply, by aliases, with usage for a missing part", async () => {
      const asked = say("one", "!hi Ada");
      await answered("one", "_Salut_ Ada");
      expect(sent("one")[0]?.content).toEqual({
        msgtype: "m.notice",
        body: "_Salut_ Ada",
        format: "org.matrix.custom.html",
        formatted_body: "<p><em>Salut</em> Ada</p>\n",
        "m.relates_to": { "m.in_reply_to": { event_id: asked } },
      });
      say("one", "!note");
      await answered("one", /\*\*Usage:\*\* !note <subcommand>/);
      say("two", "!greet Bob");
      await answered("two", "_Hello_ Bob");
    });

    test("answer patterns and reactions", async () => {
      say("one", "a ping! here");
      await answered("one", "pong!");
      const target = say("one", "look");
      ada.send(roomOf("one"), "m.reaction", {
        "m.relates_to": { rel_type: "m.annotation", event_id: target, key: "🎉" },
      });
      await answered("one", "@ada:sandbox reacted 🎉");
    });

    test("keep their database's rows, and list them", async () => {
      say("one", "!note add buy milk & bread");
      await until("it reacted", () => sent("one", "m.reaction").length > 0);
      say("one", "!note list");
      await answered("one", "buy milk & bread");
    });

    test("keep what they save themselves over the written settings, which stay as they are", async () => {
      const before = readFileSync(host.configFile, "utf8");
      say("one", "!count");
      await answered("one", /^1$/);
      await host.stop();
      host.start();
      await host.untilInstance("one", "running", 30_000);
      say("one", "!count");
      await answered("one", /^2$/);
      expect(readFileSync(host.configFile, "utf8")).toBe(before);
    });

    test("show what they saved to who is logged in, who may discard it back to the written settings", async () => {
      const admin = new ApiUser(host.port);
      await admin.logIn();
      expect(await admin.call("GET", "/instances/one")).toMatchObject({
        saved: [{ path: "counter", value: 2 }],
      });
      expect(await admin.call("DELETE", "/instances/one/saved")).toEqual({
        message: "one goes by its YAML again.",
      });
      expect(await admin.call("GET", "/instances/one")).toMatchObject({ saved: [] });
      await host.untilInstance("one", "running", 30_000);
      for (const count of [/^1$/, /^2$/]) {
        say("one", "!count");
        await answered("one", count);
      }
    });

    test("keep what they saved where their admin changes something else, and take what he changes", async () => {
      const change = async (from: string, to: string) => {
        writeFileSync(host.configFile, readFileSync(host.configFile, "utf8").replace(from, to));
        await until("it is taken", async () => {
          say("one", "!greet Eve");
          await Bun.sleep(200);
          return replies("one").includes(`_${/greeting: (\w+)/.exec(to)?.[1]}_ Eve`);
        });
      };
      await change("greeting: Salut", "greeting: Ahoy");
      say("one", "!count");
      await answered("one", /^3$/);
      await change("greeting: Ahoy", "greeting: Moin, counter: 40");
      say("one", "!count");
      await answered("one", /^41$/);
      await change("greeting: Moin, counter: 40", "greeting: Salut");
      say("one", "!count");
      await answered("one", /^1$/);
    });

    test("take changed settings while they run", async () => {
      const starts = () => host.output.match(/"instance":"two","message":"Running\./g)?.length ?? 0;
      const ups = host.output.match(/"message":"Roost [^"]* is up\./g)?.length ?? 0;
      await until("each start is told", () => starts() >= ups);
      const before = starts();
      const yaml = readFileSync(host.configFile, "utf8");
      const rooms = `${roomOf("two")}"]`;
      writeFileSync(host.configFile, yaml.replace(rooms, `${rooms}, config: { greeting: Servus }`));
      await until("it is taken", async () => {
        say("two", "!greet Eve");
        await Bun.sleep(200);
        return replies("two").includes("_Servus_ Eve");
      });
      expect(before).toBeGreaterThan(0);
      expect(starts()).toBe(before);
    });

    test("upload and download files, and see their own rooms only", async () => {
      say("one", "!media");
      await answered("one", "True hello file");
      say("one", "!rooms");
      await answered("one", new RegExp(`^${roomOf("one")}$`));
    });

    test("encrypt and decrypt files without libolm", async () => {
      say("one", "!encrypt");
      await answered("one", "True hello file");
    });

    test("are refused a room that is not theirs, with a sentence in their log", async () => {
      say("one", `!elsewhere ${roomOf("two")}`);
      await answered("one", /refused: .*is none of this instance's rooms/);
      expect(host.output).toContain("A call of the plugin was refused");
      expect(sent("one").length).toBeGreaterThan(0);
      expect(homeserver.timeline(roomOf("two")).some(({ sender }) => sender === "@one:sandbox")).toBe(false);
    });

    test("make, list and leave rooms where the instance says rooms: any, and only there", async () => {
      say("one", "!create");
      await answered("one", /refused: .*say rooms: any/);
      ada.invite(roomOf("free"), "@free:sandbox");
      await until("it joined", () => homeserver.memberships(roomOf("free")).get("@free:sandbox") === "join");
      say("free", "!create");
      await answered("free", /^made !/);
      const made = replies("free").join().replace("made ", "");
      expect(homeserver.timeline(made).map(({ content }) => content.body)).toContain("welcome");
      expect(homeserver.memberships(made).get("@ada:sandbox")).toBe("invite");
      say("free", "!rooms");
      await until("it lists both", () =>
        replies("free").some((reply) => reply.includes(made) && reply.includes(roomOf("free"))),
      );
      say("free", "!leave");
      await until("it left", () => homeserver.memberships(roomOf("free")).get("@free:sandbox") === "leave");
    });

    test("reach the network, and with network: false nothing at all", async () => {
      using server = Bun.serve({ port: 0, fetch: () => new Response() });
      for (const bot of ["one", "offline"]) say(bot, `!connect ${server.port}`);
      await answered("one", /^connected connected$/);
      await answered("offline", /^PermissionError PermissionError$/);
    });

    test("are not taken for trusted: true, which would do nothing, and the config's check says so", async () => {
      const { out, err, code } = await host.command("check");
      expect(code).toBe(1);
      expect(out + err).toContain(
        "instances.bold.trusted: plugins written in Python run in a process of their own",
      );
    });

    test("that are killed in a handler run it again, and what was sent before is there once", async () => {
      say("two", "!die");
      await answered("two", "survived");
      expect(replies("two").filter((reply) => reply === "dying").length).toBe(1);
    });

    test("may block their loop for seconds, print anything, and fail, and go on", async () => {
      say("one", "!block");
      await answered("one", "awake");
      say("one", "!garbage");
      await answered("one", "still here");
      say("one", "!raise");
      await until("it is told", () => host.output.includes("ValueError: a bad day"));
      expect(host.output).toContain("printed words");
      say("one", "ping after");
      await answered("one", /^pong$/);
    });

    test("see no credential, no database of the host, no other instance, no environment of it", async () => {
      const { dataDir } = host;
      const [credential = ""] = readdirSync(join(dataDir, "credentials"));
      const hidden = [
        join(dataDir, "credentials", credential),
        join(dataDir, "host/roost.db"),
        host.configFile,
        join(dataDir, "instances/two"),
        join(dataDir, "plugins"),
        `/proc/${host.pid}/environ`,
        "/etc/shadow",
      ];
      say("one", `!look ${hidden.join(" ")} ${join(dataDir, "instances/one/data.db")}`);
      await answered("one", "HOME");
      const outcome = landlockVersion() > 0 ? "PermissionError" : "seen";
      const told = replies("one").at(-1) ?? "";
      expect(told).toBe(
        `${hidden.map(() => outcome).join(" ")} seen ['HOME', 'LANG', 'PATH', 'PYTHONPATH', 'TMPDIR']`,
      );
    });
  },
);
