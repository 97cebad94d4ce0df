import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { findFreePort } from "./doubles/free-port.ts";
import { HostProcess, roost } from "./doubles/host.ts";
import { needs } from "./doubles/needs.ts";
import { SandboxScene } from "./doubles/sandbox-scene.ts";
import { findSynapse, Synapse } from "./doubles/synapse.ts";

setDefaultTimeout(60_000);

let scene: SandboxScene;
let tokenFile = "";
let room = "";

beforeAll(async () => {
  scene = await SandboxScene.open({ dialect: "conduwuit" });
  room = scene.ada.createRoom({ public: true, alias: "pictures" });
  tokenFile = join(scene.folder, "token");
  writeFileSync(tokenFile, "letmein\n", { mode: 0o600 });
});
afterAll(() => scene[Symbol.asyncDispose]());

/** The same config with the page on a port of its own. */
async function hostOn(name: string): Promise<HostProcess> {
  const host = new HostProcess(join(scene.folder, name), await findFreePort());
  const config = parse(readFileSync(host.configFile, "utf8"));
  writeFileSync(host.configFile, stringify({ ...config, server: { port: host.port } }));
  return host;
}

test("asks five questions, asks again where an answer does not hold, and what it writes answers in the room", async () => {
  const config = join(scene.folder, "asked/config.yaml");
  const answers = [
    "http://127.0.0.1:1",
    scene.homeserver.url.replace("http://", ""),
    "/nowhere",
    tokenFile,
    "roost",
    "@ada:sandbox",
    "@roost:sandbox",
    "#typo:sandbox",
    "#pictures:sandbox",
    "maybe",
    "no",
  ];
  const { err, out, code } = await roost(["init", "--config", config], { stdin: `${answers.join("\n")}\n` });
  expect({ code, err }).toMatchObject({ code: 0 });
  expect([...new Set(err.match(/^\d\/5/gm))]).toEqual(["1/5", "2/5", "3/5", "4/5", "5/5"]);
  for (const why of [
    "does not answer",
    "There is no such file. Write the homeserver's registration token into a file",
    "no user id",
    "@ada:sandbox is there already",
    "does not know #typo:sandbox",
    "yes or no",
  ])
    expect(err).toContain(why);
  expect(out).toContain(`Next: roost serve --config ${config}`);
  expect(await roost(["check", "--config", config])).toMatchObject({ code: 0, err: "" });
  await using host = await hostOn("asked");
  host.start();
  await host.untilInstance("echo", "running");
  await scene.joined(room, "@echo:sandbox");
  scene.ada.say(room, "!echo hello");
  await scene.answered(room, "hello", "@echo:sandbox");
  await host.stop();
});

test("takes every answer as an option, and names those that are not there", async () => {
  const config = join(scene.folder, "given/config.yaml");
  const given = ["init", "--config", config, "--non-interactive", "--homeserver", scene.homeserver.url];
  const missing = await roost(given);
  expect(missing).toMatchObject({ code: 2, out: "" });
  expect(missing.err).toContain("--token-file, --admin, --rooms, --instagram");
  const rest = [
    "--token-file",
    tokenFile,
    "--admin",
    "@reports:sandbox",
    "--rooms",
    `#pictures:sandbox,${room}`,
  ];
  const bad = await roost([...given, ...rest, "--instagram", "maybe"]);
  expect(bad).toMatchObject({ code: 1, out: "" });
  expect(existsSync(config)).toBe(false);
  const good = await roost([...given, ...rest, "--instagram", "yes", "--json"]);
  expect(JSON.parse(good.out)).toMatchObject({ config, bot: "@instagram:sandbox", wantsInstagram: true });
  expect(parse(readFileSync(config, "utf8")).instances.instagram.rooms).toEqual(["#pictures:sandbox", room]);
  expect(readFileSync(config, "utf8")).not.toContain("letmein");
  expect(await roost(["check", "--config", config])).toMatchObject({ code: 0, err: "" });
  const again = await roost([...given, ...rest, "--instagram", "yes"]);
  expect(again).toMatchObject({ code: 1, out: "" });
  expect(again.err).toContain("is there already");
});

test("a token that the homeserver does not take is refused, and printed nowhere", async () => {
  const wrong = join(scene.folder, "wrong");
  writeFileSync(wrong, "a-wrong-one\n");
  const args = ["init", "--config", join(scene.folder, "never.yaml"), "--homeserver", scene.homeserver.url];
  const { out, err, code } = await roost([...args, "--token-file", wrong]);
  expect({ out, code }).toEqual({ out: "", code: 1 });
  expect(err).toContain("does not accept the registration token");
  expect(err).not.toContain("a-wrong-one");
});

test("offers an account of a homeserver that tells its name, takes Enter for it, and refuses one of another", async () => {
  const body = { server_name: "sandbox" };
  const answer = { kind: "error", status: 200, body } as const;
  const fault = scene.homeserver.faults.inject({ path: /\/key\/v2\/server$/, answer });
  const config = join(scene.folder, "named/config.yaml");
  const bot = "@second:sandbox";
  const answers = [
    scene.homeserver.url,
    tokenFile,
    "@roost:elsewhere.org",
    "",
    "#pictures:sandbox",
    "no",
    bot,
  ];
  const { err, code } = await roost(["init", "--config", config], { stdin: `${answers.join("\n")}\n` });
  fault.remove();
  expect({ code, err }).toMatchObject({ code: 0 });
  expect(err).toContain("A new one, or Enter for @roost:sandbox");
  expect(err).toContain("The homeserver's users end in :sandbox, not in :elsewhere.org.");
  expect(parse(readFileSync(config, "utf8")).admin.account).toBe("@roost:sandbox");
});

const synapseFound = await findSynapse();
needs("a real Synapse", "lack" in synapseFound ? synapseFound.lack : undefined)(
  "init on a real Synapse",
  () => {
    test("writes what a host can serve", async () => {
      await using synapse = new Synapse("python" in synapseFound ? synapseFound.python : "");
      await synapse.start();
      const admin = await synapse.admin();
      const roomId = await admin.createRoom({ preset: "public_chat", room_alias_name: "pictures" });
      const token = join(scene.folder, "synapse-token");
      writeFileSync(token, `${await synapse.makeRegistrationToken()}\n`, { mode: 0o600 });
      const config = join(scene.folder, "synapse/config.yaml");
      const given = [
        "init",
        "--config",
        config,
        "--non-interactive",
        "--homeserver",
        synapse.url,
        "--token-file",
        token,
      ];
      const rest = ["--rooms", "#pictures:roost.test", "--instagram", "no"];
      expect(await roost([...given, "--admin", "@roost:roost.test", ...rest])).toMatchObject({ code: 0 });
      await using host = await hostOn("synapse");
      host.start();
      await host.untilInstance("echo", "running");
      await admin.waitFor(({ type, sender }) => type === "m.room.member" && sender === "@echo:roost.test");
      await admin.say(roomId, "!echo hello");
      await admin.waitFor((event) => event.content.body === "hello" && event.sender === "@echo:roost.test");
    });
  },
);
