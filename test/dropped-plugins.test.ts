import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { appendFileSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BotRooms } from "./doubles/bot-rooms.ts";
import { until } from "./doubles/delivery.ts";
import type { HostProcess } from "./doubles/host.ts";
import { archiveOf, greeter } from "./doubles/plugin-archive.ts";

/** Says its version; does not start if that is `broken`. */
const plugin = (version: string, isBroken = false): Readonly<Record<string, string>> => ({
  "maubot.yaml": `id: org.example.said\nversion: ${version}\nmodules: [said]\nmain_class: Said\nroost: { runtime: typescript }\n`,
  "said.ts": `
import { definePlugin, z } from "roost";
export default definePlugin({
  config: z.object({}),
  answersTo: () => ["!version"],
  setup(bot) {
    if (${isBroken}) throw new Error("a broken version");
    bot.command("version", async (message) => { await message.reply("this is ${version}"); });
  },
});
`,
});

describe("a plugin dropped into the folder of a running host", () => {
  let stage: BotRooms;
  let host: HostProcess;
  const at = (name: string) => stage.pluginFile(name);
  const told = (sentence: string) => stage.told(sentence);
  const answers = async (version: string) => {
    const asked = stage.say("said", "!version");
    const answer = () =>
      stage.sent("said").find(({ content }) => JSON.stringify(content["m.relates_to"]).includes(asked))
        ?.content.body;
    await until(`it is ${version}`, () => answer() !== undefined);
    expect(answer()).toBe(`this is ${version}`);
  };

  beforeAll(async () => {
    stage = await BotRooms.open({ bots: ["said"], instance: () => "plugin: org.example.said" });
    host = stage.host;
    await host.untilInstance("said", "failed");
  });
  afterAll(() => stage[Symbol.asyncDispose]());

  test("runs once it is whole, however slowly it was copied", async () => {
    const bytes = archiveOf(plugin("1.0.0"));
    writeFileSync(at("said.mbp"), bytes.subarray(0, 100));
    for (let from = 100; from < bytes.length; from += 100) {
      await Bun.sleep(200);
      appendFileSync(at("said.mbp"), bytes.subarray(from, from + 100));
    }
    await host.untilInstance("said", "running");
    expect(host.output).not.toContain("is not used");
    await answers("1.0.0");
  }, 30_000);

  test("takes the place of an older version", async () => {
    writeFileSync(at("said-2.mbp"), archiveOf(plugin("2.0.0")));
    await told("The plugin org.example.said 2.0.0 was found");
    await answers("2.0.0");
  }, 30_000);

  test("gives way to the version before when it does not start, also where it was copied over its file", async () => {
    for (const [version, file] of [
      ["3.0.0", "said-3.mbp"],
      ["4.0.0", "said-2.mbp"],
    ] as const) {
      writeFileSync(at(file), archiveOf(plugin(version, true)));
      await told(`org.example.said ${version} was not taken: said did not start with it`);
      await until("the one before is back", async () => (await host.health("/healthz/said")).status === 200);
      await answers("2.0.0");
      expect(readdirSync(at("trash")).some((name) => name.endsWith(file))).toBe(true);
    }
    expect(
      readdirSync(at(""))
        .sort()
        .filter((name) => name.endsWith(".mbp")),
    ).toEqual(["said-2.mbp", "said.mbp"]);
  }, 30_000);

  test("changes nothing but for one warning when it is no plugin", async () => {
    writeFileSync(at("said-2.mbp"), "no archive");
    await told("The plugin file said-2.mbp is not used:");
    await host.command("restart", "said");
    await answers("2.0.0");
    const warnings = host.output.split("\n").filter((line) => line.includes("said-2.mbp is not used"));
    expect(warnings.length).toBe(1);
    expect(warnings[0]).toContain("Until Roost restarts, org.example.said 2.0.0 stays in use.");
  }, 30_000);

  test("leaves one alone that is uploaded beside it", async () => {
    const file = join(host.dataDir, "uploaded.mbp");
    writeFileSync(file, archiveOf(plugin("2.1.0")));
    await host.command("plugin", "install", file);
    await answers("2.1.0");
    writeFileSync(at("other.mbp"), "no archive either");
    await told("The plugin file other.mbp is not used:");
    rmSync(at("other.mbp"));
    await told("The plugin file other.mbp is no longer a problem.");
    expect(host.output).not.toContain("It was removed while bots use it");
    await answers("2.1.0");
  }, 30_000);

  test("stays in use when it is removed", async () => {
    const file = "org.example.said-v2.1.0.mbp";
    rmSync(at(file));
    await told(`The plugin file ${file} is not used: It was removed while bots use it.`);
    await host.command("restart", "said");
    await answers("2.1.0");
  }, 30_000);

  test("or uploaded, in Python, to a host that has none is taken, and it is said what to install", async () => {
    const file = join(host.dataDir, "greeter.mbp");
    writeFileSync(file, archiveOf(greeter));
    const { code, out, err } = await host.command("plugin", "install", file);
    expect(code).toBe(0);
    expect(out).toContain("org.example.greeter 1.2.0 is installed.");
    expect(err).toContain("Python is not here: no python3 was found.");
    expect(err).toContain("roost plugin python");
  }, 30_000);

  test("is forgotten when it is removed and no bot uses it", async () => {
    const { "maubot.yaml": manifest = "", ...files } = plugin("1.0.0");
    const other = { ...files, "maubot.yaml": manifest.replace("example.said", "example.unused") };
    writeFileSync(at("unused.mbp"), archiveOf(other));
    await told("The plugin org.example.unused 1.0.0 was found");
    rmSync(at("unused.mbp"));
    await told("The plugin org.example.unused was removed.");
  }, 30_000);

  test("may be a folder, moved there whole", async () => {
    const elsewhere = join(host.dataDir, "unpacked");
    mkdirSync(elsewhere);
    for (const [name, text] of Object.entries(plugin("5.0.0"))) writeFileSync(join(elsewhere, name), text);
    renameSync(elsewhere, at("unpacked"));
    await told("The plugin org.example.said 5.0.0 was found");
    await answers("5.0.0");
    writeFileSync(join(at("unpacked"), "said.ts"), "export default (");
    await told("The plugin file unpacked is not used:");
    await answers("5.0.0");
  }, 30_000);
});
