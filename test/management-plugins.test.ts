import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { loadConfig } from "../src/config/load.ts";
import type { InstanceId } from "../src/core/id.ts";
import type { Observed } from "../src/core/status.ts";
import { KnownPlugins } from "../src/host/known-plugins.ts";
import { ManagedPlugins } from "../src/host/management/managed-plugins.ts";
import { Turns } from "../src/host/management/turns.ts";
import { LogRouter } from "../src/log/router.ts";
import { landlockVersion } from "../src/plugins/confinement/landlock.ts";
import { Homeserver } from "../src/sandbox/homeserver.ts";
import { refusalOf, until } from "./doubles/delivery.ts";
import {
  admin,
  instanceId,
  type ManagedHost,
  openManagedHost,
  roomId,
  userId,
} from "./doubles/managed-host.ts";
import { archiveOf, clock } from "./doubles/plugin-archive.ts";

const homeserver = new Homeserver({
  serverName: "sandbox",
  dialect: "conduwuit",
  registrationToken: "letmein",
});
const bot = userId("@bot:sandbox");
const id = "org.example.clock";
const timer = instanceId("timer");
let host: ManagedHost;

beforeAll(async () => {
  await homeserver.open();
  host = await openManagedHost(homeserver.url, `accounts: { "${bot}": {} }\n`);
});
afterAll(async () => {
  await host[Symbol.asyncDispose]();
  await homeserver.close();
});

function upload(name: string, changes: Readonly<Record<string, string>> = {}): string {
  const file = join(host.folder, name);
  writeFileSync(file, archiveOf(clock, changes));
  return file;
}
const version = (number: string) => ({
  "maubot.yaml": (clock["maubot.yaml"] ?? "").replace("0.1.0", number),
});
const find = (plugin: string) => host.management.plugins().find((info) => info.id === plugin);

describe("plugins", () => {
  test("that are built in are listed with their settings and who uses them", () => {
    expect(find("instagram")).toMatchObject({ origin: "built-in", version: "1.2.3", obstacle: undefined });
    expect(Object.keys(find("instagram")?.settingsSchema ?? {})).toContain("properties");
  });

  test("are taken in, with a word about what they ask for, and run once that was agreed to", async () => {
    const added = await host.management.addPlugin(upload("a.mbp"), { replace: false }, admin);
    const asked = `The plugin ${id} asks to reach api.example.org, and nobody has agreed to that. Agree on the page (Plugins), or write network: true or false at the instance.`;
    expect(added).toMatchObject({
      isNew: true,
      plugin: { id, version: "0.1.0", permissions: { network: ["api.example.org"], agreed: false } },
      warnings: [asked],
    });
    const change = { plugin: id, account: bot, rooms: [roomId("!a:sandbox")], config: { zone: "CET" } };
    const saved = await host.management.saveInstance(timer, change, admin);
    expect(saved.warnings.join()).toContain(asked);
    const { observed } = host.control.snapshot().instances[0] ?? {};
    expect(observed).toMatchObject({ state: "failed", cause: asked });
    expect(find(id)?.instances).toEqual([timer]);
    await host.management.agreeToPlugin(id, admin);
    expect(find(id)?.permissions).toEqual({ network: ["api.example.org"], agreed: true });
    await until("it runs", () => host.control.snapshot().instances[0]?.observed.state === "running");
    expect(host.control.snapshot().instances[0]?.isolation).toBe(
      landlockVersion() > 0 ? "confined" : "unconfined",
    );
    const wrong = host.management.saveInstance(timer, { config: { zone: 3 } }, admin);
    expect(await refusalOf(wrong)).toMatchObject({ code: "config-invalid" });
  });

  test("are known to a command that only reads, which leaves an upload under way alone", async () => {
    const under = join(host.dataDir, "plugins/.upload-x");
    writeFileSync(under, "half");
    const configFile = join(host.folder, "config.yaml");
    const plugins = new KnownPlugins({ configFile, env: {}, version: "", log: new LogRouter().logger() });
    await plugins.open();
    expect(plugins.names()).toContain(id);
    const severe = loadConfig(configFile, { env: {}, plugins }).problems.filter(
      ({ severity }) => severity === "error",
    );
    expect(severe).toEqual([]);
    expect(existsSync(under)).toBe(true);
  });

  test("are replaced only if that is said, and removed only when nothing uses them", async () => {
    const { management } = host;
    const next = upload("b.mbp", version("0.2.0"));
    const adding = management.addPlugin(next, { replace: false }, admin);
    expect(await refusalOf(adding)).toMatchObject({ code: "conflict" });
    const other = management.addPlugin(next, { replace: true, expectedId: "org.example.other" }, admin);
    expect(await refusalOf(other)).toMatchObject({ code: "bad-request" });
    expect(await management.addPlugin(next, { replace: true }, admin)).toMatchObject({ isNew: false });
    expect(find(id)?.version).toBe("0.2.0");
    const isRunning = () => host.control.snapshot().instances[0]?.observed.state === "running";
    await until("it runs with the new one", isRunning);
    const broken = upload("c.mbp", {
      ...version("0.3.0"),
      "clock.ts": 'export default { setup() { throw new Error("the third is broken"); } };',
    });
    const sentence = `${id} 0.3.0 was not taken: timer did not start with it: the third is broken. Version 0.2.0 runs again.`;
    expect(await refusalOf(management.addPlugin(broken, { replace: true }, admin))).toMatchObject({
      code: "plugin-refused",
      message: sentence,
    });
    expect(find(id)?.version).toBe("0.2.0");
    await until("it runs with the one before", isRunning);
    const used = await refusalOf(management.removePlugin(id, admin));
    expect(used).toMatchObject({ code: "conflict", message: `${id} is used by timer: delete it first.` });
    await management.deleteInstance(timer, admin);
    await management.reloadPlugin(id, admin);
    await management.removePlugin(id, admin);
    expect(find(id)).toBeUndefined();
    expect(await refusalOf(management.removePlugin("echo", admin))).toMatchObject({ code: "bad-request" });
    expect(host.logged.join("\n")).toContain(`The plugin ${id} was removed.`);
  });

  test("that are no archive are refused with a sentence and leave nothing behind", async () => {
    const file = join(host.folder, "no.mbp");
    writeFileSync(file, "this is no zip");
    const adding = host.management.addPlugin(file, { replace: false }, admin);
    expect(await refusalOf(adding)).toMatchObject({ code: "plugin-refused" });
    expect(readdirSync(join(host.dataDir, "plugins")).filter((name) => name.includes("no"))).toEqual([]);
  });
});

describe("another version of a plugin", () => {
  const users = ["one", "two", "three"].map(instanceId);

  /** Instances whose state depends on the version that is there, since no uploaded plugin runs yet. */
  async function open(
    path: string,
    stateWith: (version: string | undefined, instance: InstanceId) => Observed["state"],
  ) {
    mkdirSync(path, { recursive: true });
    const configFile = join(path, "config.yaml");
    writeFileSync(configFile, `homeserver: { url: "${homeserver.url}" }\n`);
    const plugins = new KnownPlugins({ configFile, env: {}, version: "", log: new LogRouter().logger() });
    await plugins.open();
    const restarted: string[] = [];
    const runs = new Map<InstanceId, string | undefined>();
    const versionNow = () => plugins.list().find((info) => info.id === id)?.version;
    const said: string[] = [];
    const managed = new ManagedPlugins({
      plugins,
      users: () => new Map([[id, users]]),
      observed: (instance) => {
        const state = stateWith(runs.get(instance), instance);
        return state === "failed"
          ? { state, sinceMs: 0, cause: "it breaks." }
          : ({ state, sinceMs: 0 } as Observed);
      },
      restart: async (instance) => {
        runs.set(instance, versionNow());
        restarted.push(`${instance} ${versionNow()}`);
      },
      turns: new Turns(),
      log: new LogRouter().logger(),
      audit: (_, sentence) => void said.push(sentence),
    });
    await managed.add(upload("first.mbp"), { replace: false }, admin);
    restarted.length = 0;
    return { managed, restarted, versionNow, said };
  }

  test("gives way to the one before when an instance that ran does not come up", async () => {
    const { managed, restarted, versionNow, said } = await open(
      join(host.folder, "x"),
      (version, instance) => (version === "0.2.0" && instance === users[1] ? "failed" : "running"),
    );
    const adding = managed.add(upload("second.mbp", version("0.2.0")), { replace: true }, admin);
    expect(await refusalOf(adding)).toMatchObject({
      code: "plugin-refused",
      message: `${id} 0.2.0 was not taken: two did not start with it: it breaks. Version 0.1.0 runs again.`,
    });
    expect(versionNow()).toBe("0.1.0");
    expect(restarted).toEqual(["one 0.2.0", "two 0.2.0", "one 0.1.0", "two 0.1.0", "three 0.1.0"]);
    expect(said.at(-1)).toContain("did not start");
  });

  test("stays when what does not run did not run before either", async () => {
    const { managed, versionNow } = await open(join(host.folder, "y"), (_, instance) =>
      instance === users[0] ? "failed" : "running",
    );
    await managed.add(upload("third.mbp", version("0.3.0")), { replace: true }, admin);
    expect(versionNow()).toBe("0.3.0");
  });
});
