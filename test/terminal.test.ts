/** What people see who run Roost in a terminal: a real one, of the kernel's. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { until } from "./doubles/delivery.ts";
import { roost } from "./doubles/host.ts";
import { needs } from "./doubles/needs.ts";
import { SandboxScene } from "./doubles/sandbox-scene.ts";
import { findSynapse, Synapse } from "./doubles/synapse.ts";
import { Typist } from "./doubles/typist.ts";

setDefaultTimeout(60_000);

const colour = "\x1b[3";
const movingLine = /[|/\\-] \w+[\w ]* \.\.\. \d+ s/;
let scene: SandboxScene;

beforeAll(async () => {
  scene = await SandboxScene.open();
  const room = scene.ada.createRoom({ public: true });
  scene.configure(
    `accounts: { "@bot:sandbox": {} }\ninstances: { echo: { plugin: echo, account: "@bot:sandbox", rooms: ["${room}"] } }\n`,
  );
});
afterAll(() => scene[Symbol.asyncDispose]());

describe("the log of serve", () => {
  async function logInTerminal(env: Readonly<Record<string, string>>): Promise<string> {
    using typist = new Typist(["serve", "--config", scene.host.configFile], env);
    await typist.sees("is up.");
    typist.interrupt();
    expect(await typist.exitCode()).toBe(0);
    return typist.seen;
  }

  test("has colours in a terminal, and none where NO_COLOR says so", async () => {
    expect(await logInTerminal({})).toContain(colour);
    expect(await logInTerminal({ NO_COLOR: "1" })).not.toContain(colour);
  });

  test("has none in a pipe", async () => {
    scene.host.start();
    await until("it is up", () => scene.host.output.includes("is up."));
    expect(scene.host.output).not.toContain(colour);
  });
});

describe("long work", () => {
  test("shows in a terminal that it goes on, and leaves nothing of that behind", async () => {
    const far = Bun.serve({
      port: 0,
      fetch: () => Bun.sleep(900).then(() => Response.json({}, { status: 502 })),
    });
    const config = join(scene.folder, "slow.yaml");
    writeFileSync(
      config,
      `homeserver: { url: "http://127.0.0.1:${far.port}", registration_token: x }\ndata_dir: ${join(scene.folder, "slow")}\naccounts: { "@bot:sandbox": {} }\n`,
    );
    for (const args of [["doctor"], ["register", "@new:sandbox"]]) {
      using typist = new Typist([...args, "--config", config]);
      expect(await typist.exitCode()).toBe(1);
      expect(typist.seen).toMatch(movingLine);
      const left = typist.seen.split("\n").map((line) => line.split("\r\x1b[K").at(-1));
      expect(left.join("\n")).not.toMatch(movingLine);
      const { out, err } = await roost([...args, "--config", config]);
      expect(out + err).not.toMatch(movingLine);
      using dumb = new Typist([...args, "--config", config], { TERM: "dumb" });
      await dumb.exitCode();
      expect(dumb.seen).not.toContain("\x1b");
    }
    await far.stop(true);
  });
});

const synapseFound = await findSynapse();
needs("a real Synapse", "lack" in synapseFound ? synapseFound.lack : undefined)(
  "init, typed in a terminal, on a real Synapse",
  () => {
    test("asks again until each answer holds there, and what it writes is a bot that answers", async () => {
      await using synapse = new Synapse("python" in synapseFound ? synapseFound.python : "");
      await synapse.start();
      const admin = await synapse.admin();
      const room = await admin.createRoom({ preset: "public_chat", room_alias_name: "pictures" });
      const tokenFile = join(scene.folder, "token");
      const wrongFile = join(scene.folder, "wrong");
      writeFileSync(tokenFile, `${await synapse.makeRegistrationToken()}\n`, { mode: 0o600 });
      writeFileSync(wrongFile, "wrong\n", { mode: 0o600 });
      const config = join(scene.folder, "typed/config.yaml");
      using typist = new Typist(["init", "--config", config]);
      await typist.answer("1/5 Where is the homeserver?", "nowhere.invalid");
      await typist.answer("1/5 Where is the homeserver?", synapse.url);
      await typist.answer("2/5 Which file holds", join(scene.folder, "missing"));
      await typist.answer("There is no such file", wrongFile);
      await typist.answer("does not accept the registration token", tokenFile);
      await typist.answer("3/5 Which account", "@admin:roost.test");
      await typist.answer("is there already", "roost");
      await typist.answer('"roost" is no user id', "@roost:roost.test");
      await typist.answer("4/5 In which rooms", "#nothing:roost.test");
      await typist.answer("does not know #nothing:roost.test", "#pictures:roost.test");
      await typist.answer("5/5 Shall it show Instagram", "perhaps");
      await typist.answer('Answer yes or no, not "perhaps"', "no");
      expect(await typist.exitCode()).toBe(0);
      expect(typist.seen).toContain(`Written: ${config}`);
      expect(parse(readFileSync(config, "utf8")).instances.echo.rooms).toEqual(["#pictures:roost.test"]);
      using serving = new Typist(["serve", "--config", config]);
      await serving.sees("is up.");
      await admin.waitFor(({ type, sender }) => type === "m.room.member" && sender === "@echo:roost.test");
      await admin.say(room, "!echo hello");
      await admin.waitFor(({ content, sender }) => content.body === "hello" && sender === "@echo:roost.test");
      serving.interrupt();
      expect(await serving.exitCode()).toBe(0);
    });
  },
);
