import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Homeserver } from "../src/sandbox/homeserver.ts";
import type { SandboxUser } from "../src/sandbox/sandbox-user.ts";
import { until } from "./doubles/delivery.ts";
import { temporaryFolder } from "./doubles/folder.ts";
import { freePort, HostProcess } from "./doubles/host.ts";

describe("roost doctor", () => {
  const folder = temporaryFolder();
  const homeserver = new Homeserver({
    serverName: "sandbox",
    dialect: "synapse",
    registrationToken: "letmein",
  });
  let ada: SandboxUser;
  let host: HostProcess;
  let room: string;

  const yamlFor = (rooms: string[]) => `accounts: { "@bot:sandbox": {} }
instances:
  echo: { plugin: echo, account: "@bot:sandbox", rooms: ${JSON.stringify(rooms)} }
`;
  const credentials = () => {
    const [name = ""] = readdirSync(join(host.dataDir, "credentials"));
    return join(host.dataDir, "credentials", name);
  };
  /** The lines that say what to do, and the exit code. */
  const toDo = async () => {
    const { code, out } = await host.command("doctor");
    return { code, out, lines: out.split("\n").filter((line) => line.startsWith("to do")) };
  };

  beforeAll(async () => {
    await homeserver.open();
    ada = homeserver.createUser("ada");
    room = ada.createRoom({ name: "room", public: true });
    host = new HostProcess(join(folder.path, "host"), await freePort());
    host.configure(homeserver.url, yamlFor([room]));
  });
  afterAll(async () => {
    await host.kill();
    await homeserver.close();
    folder[Symbol.dispose]();
  });

  test("finds nothing to do before the first start, and makes nothing", async () => {
    const { code, out, lines } = await toDo();
    expect([code, lines]).toEqual([0, []]);
    expect(out).toContain("account @bot:sandbox: It was not logged in yet");
    expect(readdirSync(join(folder.path, "host"))).toEqual(["config.yaml"]);
  });

  test("finds a running host, its port, its session and its rooms to be fine", async () => {
    host.start();
    await host.untilInstance("echo", "running");
    await until("the bot has joined", () => homeserver.memberships(room).get("@bot:sandbox") === "join");
    const { code, out, lines } = await toDo();
    expect([code, lines]).toEqual([0, []]);
    expect(out).toContain(`fine   host: It runs (process ${host.pid}`);
    expect(out).toContain("fine   port: Roost answers on 127.0.0.1");
    expect(out).toContain("fine   account @bot:sandbox: Its session is good.");
    expect(out).toContain(`fine   echo, room ${room}: @bot:sandbox is in it and may post.`);
  });

  test("says what to do about rooms and files, as JSON too", async () => {
    const closed = ada.createRoom({ name: "closed", public: false });
    host.configure(homeserver.url, yamlFor([room, closed, "#nowhere:sandbox"]));
    chmodSync(host.configFile, 0o644);
    const { code, lines } = await toDo();
    expect(code).toBe(1);
    expect(lines).toEqual(
      expect.arrayContaining([
        `to do  secrets: ${host.configFile} holds a secret and others may read it: chmod go= ${host.configFile}`,
        `to do  echo, room ${closed}: @bot:sandbox is not in ${closed}: invite it, and Roost accepts.`,
        "to do  echo, room #nowhere:sandbox: The homeserver does not know #nowhere:sandbox: correct it.",
      ]),
    );
    const { out } = await host.command("doctor", "--json");
    expect(JSON.parse(out)).toContainEqual(expect.objectContaining({ subject: "secrets", isFine: false }));
    chmodSync(host.configFile, 0o600);
    host.configure(homeserver.url, yamlFor([room]));
  });

  test("reads the databases when no host runs, and tells damage and a session that was ended, without a token", async () => {
    await host.stop();
    const whole = await toDo();
    expect([whole.code, whole.lines]).toEqual([0, []]);
    expect(whole.out).toContain("fine   database: host/roost.db is whole.");
    const file = join(host.dataDir, "instances/echo/data.db");
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
    host.configure("http://127.0.0.1:9", yamlFor([room]));
    expect((await toDo()).lines.join("\n")).toContain("http://127.0.0.1:9 does not answer as a homeserver");
    writeFileSync(host.configFile, "homeserver: [", { mode: 0o600 });
    const { code, lines } = await toDo();
    expect([code, lines.join("\n")]).toEqual([1, expect.stringContaining("to do  config:")]);
  });
});
