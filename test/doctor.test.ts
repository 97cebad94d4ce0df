import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SandboxScene } from "./doubles/sandbox-scene.ts";

describe("roost doctor", () => {
  let scene: SandboxScene;
  let room: string;

  const yamlFor = (rooms: string[]) => `accounts: { "@bot:sandbox": {} }
instances:
  echo: { plugin: echo, account: "@bot:sandbox", rooms: ${JSON.stringify(rooms)} }
`;
  const credentials = () => {
    const [name = ""] = readdirSync(join(scene.host.dataDir, "credentials"));
    return join(scene.host.dataDir, "credentials", name);
  };
  /** The lines that say what to do, and the exit code. */
  const toDo = async () => {
    const { code, out } = await scene.host.command("doctor");
    return { code, out, lines: out.split("\n").filter((line) => line.startsWith("to do")) };
  };

  beforeAll(async () => {
    scene = await SandboxScene.open();
    room = scene.ada.createRoom({ name: "room", public: true });
    scene.configure(yamlFor([room]));
  });
  afterAll(() => scene[Symbol.asyncDispose]());

  test("finds nothing to do before the first start, and makes nothing", async () => {
    const { code, out, lines } = await toDo();
    expect([code, lines]).toEqual([0, []]);
    expect(out).toContain("account @bot:sandbox: It was not logged in yet");
    expect(readdirSync(join(scene.folder, "host"))).toEqual(["config.yaml"]);
  });

  test("finds a running host, its port, its session and its rooms to be fine", async () => {
    scene.host.start();
    await scene.host.untilInstance("echo", "running");
    await scene.joined(room);
    const { code, out, lines } = await toDo();
    expect([code, lines]).toEqual([0, []]);
    expect(out).toContain(`fine   host: It runs (process ${scene.host.pid}`);
    expect(out).toContain("fine   port: Roost answers on 127.0.0.1");
    expect(out).toContain("fine   account @bot:sandbox: Its session is good.");
    expect(out).toContain(`fine   echo, room ${room}: @bot:sandbox is in it and may post.`);
  });

  test("says what to do about rooms and files, as JSON too", async () => {
    const closed = scene.ada.createRoom({ name: "closed", public: false });
    scene.configure(yamlFor([room, closed, "#nowhere:sandbox"]));
    chmodSync(scene.host.configFile, 0o644);
    const { code, lines } = await toDo();
    expect(code).toBe(1);
    expect(lines).toEqual(
      expect.arrayContaining([
        `to do  secrets: ${scene.host.configFile} holds a secret and others may read it: chmod go= ${scene.host.configFile}`,
        `to do  echo, room ${closed}: @bot:sandbox is not in ${closed}: invite it, and Roost accepts.`,
        "to do  echo, room #nowhere:sandbox: The homeserver does not know #nowhere:sandbox: correct it.",
      ]),
    );
    const { out } = await scene.host.command("doctor", "--json");
    expect(JSON.parse(out)).toContainEqual(expect.objectContaining({ subject: "secrets", isFine: false }));
    chmodSync(scene.host.configFile, 0o600);
    scene.configure(yamlFor([room]));
  });

  test("reads the databases when no host runs, and tells damage and a session that was ended, without a token", async () => {
    await scene.host.stop();
    const whole = await toDo();
    expect([whole.code, whole.lines]).toEqual([0, []]);
    expect(whole.out).toContain("fine   database: host/roost.db is whole.");
    const file = join(scene.host.dataDir, "instances/echo/data.db");
    writeFileSync(file, "this is no database, whatever its name says ".repeat(200));
    const stored = JSON.parse(readFileSync(credentials(), "utf8"));
    writeFileSync(credentials(), JSON.stringify({ ...stored, accessToken: "syt_gone" }));
    const { code, out, lines } = await toDo();
    expect(code).toBe(1);
    expect(lines.join("\n")).toContain("instances/echo/data.db is damaged");
    expect(lines.join("\n")).toContain("Its session was ended on the homeserver.");
    expect(out).not.toContain("syt_gone");
    expect(out).not.toContain(stored.password);
  });

  test("says so when the homeserver is away, and when the config cannot be read", async () => {
    scene.host.configure("http://127.0.0.1:9", yamlFor([room]));
    expect((await toDo()).lines.join("\n")).toContain("http://127.0.0.1:9 does not answer as a homeserver");
    writeFileSync(scene.host.configFile, "homeserver: [", { mode: 0o600 });
    const { code, lines } = await toDo();
    expect([code, lines.join("\n")]).toEqual([1, expect.stringContaining("to do  config:")]);
  });
});
