/** schemathesis asks a real host all that its OpenAPI document describes, rightly and wrongly: nothing may break inside. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { dirname, join } from "node:path";
import { ApiUser, adminYaml, password } from "./doubles/api.ts";
import { needs } from "./doubles/needs.ts";
import { pythonWith } from "./doubles/python.ts";
import { run } from "./doubles/run.ts";
import { SandboxScene } from "./doubles/sandbox-scene.ts";

setDefaultTimeout(120_000);

const fuzzer = await pythonWith("schemathesis", "4.32.5");

needs("schemathesis", "lack" in fuzzer ? fuzzer.lack : undefined)("both APIs, fuzzed", () => {
  let scene: SandboxScene;

  beforeAll(async () => {
    scene = await SandboxScene.open({ serverName: "example.org", dialect: "conduwuit" });
    const room = scene.ada.createRoom({ public: true, alias: "weather" });
    const instances = `instances:\n  weather: { plugin: echo, account: "@weather:example.org", rooms: ["${room}"] }\n`;
    scene.configure(`${adminYaml}accounts: { "@weather:example.org": {} }\n${instances}`);
    scene.host.start();
    await scene.host.untilInstance("weather", "running");
  });
  afterAll(() => scene[Symbol.asyncDispose]());

  test("answer no input with a fault of their own", async () => {
    const user = new ApiUser(scene.host.port);
    const login = await user.fetch("POST", "/_matrix/maubot/v1/auth/login", { username: "admin", password });
    const { token } = (await login.json()) as { token: string };
    const options = {
      checks: "not_a_server_error",
      phases: "examples,coverage,fuzzing",
      "max-examples": "5",
      "request-timeout": "10",
      header: `Authorization: Bearer ${token}`,
      // Wrong passwords are held back for seconds, and the events never end.
      "exclude-path-regex": "/(session|auth/login|events)$",
    };
    const flags = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
    const program = "python" in fuzzer ? join(dirname(fuzzer.python), "schemathesis") : "";
    const { out, err, code } = await run(
      [program, "run", `${user.origin}/_roost/v1/openapi.json`, ...flags, "--generation-deterministic"],
      { cwd: scene.folder, env: { HOME: scene.folder, PYTHONUNBUFFERED: "1", COLUMNS: "120" } },
    );
    if (process.env.ROOST_TRANSCRIPT || code !== 0) console.log(out + err);
    expect(code).toBe(0);
    expect(out).toMatch(/[1-9]\d+ generated/);
    expect((await scene.host.health("/livez")).status).toBe(200);
    expect(scene.host.output).not.toContain("A request to the API failed");
  });
});
