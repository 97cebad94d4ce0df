import { expect, test } from "bun:test";
import { SandboxScene } from "./doubles/sandbox-scene.ts";

const echoYaml = (logLevel: string) => `
accounts: { "@bot:sandbox": {} }
instances:
  echo: { plugin: echo, account: "@bot:sandbox", log_level: ${logLevel} }
`;

test("the log is the same to its readers after kill -9, with DEBUG where the YAML says so, and found by what is asked for", async () => {
  await using scene = await SandboxScene.open();
  const { host } = scene;
  const read = async (...args: string[]) => {
    const { out } = await host.command("logs", "--json", ...args);
    return out
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line));
  };
  const messages = async (...args: string[]) => (await read(...args)).map(({ message }) => message);
  scene.configure(echoYaml("info"));
  host.start();
  await host.untilInstance("echo", "running");
  const first = await read();
  expect(await read("--severity", "debug", "echo")).toEqual(await read("--severity", "info", "echo"));
  expect(host.output).not.toContain('"DEBUG"');
  await host.kill();

  scene.configure(echoYaml("debug"));
  host.start();
  await host.untilInstance("echo", "running");
  const second = await read();
  expect(second.slice(0, first.length)).toEqual(first);
  expect(new Set(second.map(({ id }) => id)).size).toBe(second.length);
  expect((await messages("--text", "is UP")).length).toBe(2);
  expect(await messages("--text", "is UP", "--limit", "1", "--since", "1h")).toEqual(["Roost 0.1.0 is up."]);
  expect(await messages("--since", "2099-01-01")).toEqual([]);
  expect(await messages("echo", "--text", "starting.")).toEqual(["Starting."]);
  expect(host.output).toContain('"DEBUG"');
  const refused = await host.command("logs", "--limit", "0");
  expect(refused).toMatchObject({ code: 1, err: expect.stringContaining("limit must be a whole number") });
  await host.stop();
  expect((await host.command("logs")).err).toContain("Start it with: roost serve");
}, 60_000);
