import { describe, expect, test } from "bun:test";
import { loadConfig } from "../../src/config/load.ts";
import { pluginSettings } from "../../src/host/plugin-settings.ts";
import { Folder, head, instance, plugins } from "./room.ts";

const rooms = 'rooms: ["!a:example.org"]';

describe("a secret setting of a plugin", () => {
  test("is text, a file or a variable, at any depth, and plain text for the plugin", () => {
    using folder = new Folder();
    folder.write("token", "from a file\nsecond line\n");
    const loaded = folder.load(
      instance(
        rooms,
        "config:",
        "  key: { env: KEY }",
        "  servers:",
        "    - { url: a, upstream: { file: token } }",
        "    - { url: b, upstream: literally }",
        "  keys: { one: literal one }",
      ),
      { KEY: "from the environment" },
    );
    expect(loaded.problems).toEqual([]);
    expect([...(loaded.config?.instances.values() ?? [])][0]?.config).toEqual({
      carousel: "thread",
      key: "from the environment",
      servers: [
        { url: "a", upstream: "from a file" },
        { url: "b", upstream: "literally" },
      ],
      keys: { one: "literal one" },
    });
    const values = loaded.secrets.map((secret) => secret.reveal()).sort();
    expect(values).toEqual(["from a file", "from the environment", "literal one", "literally"]);
    expect(loaded.watched).toContain(`${folder.path}/token`);
  });

  test("is none while it is what the plugin itself gives it", () => {
    using folder = new Folder();
    const loaded = folder.load(instance(rooms, "config: { token: CHANGEME, key: swordfish }"));
    expect(loaded.secrets.map((secret) => secret.reveal())).toEqual(["swordfish"]);
    expect([...(loaded.config?.instances.values() ?? [])][0]?.config.token).toBe("CHANGEME");
  });

  test("that cannot be read keeps its instance from running, with the place", () => {
    using folder = new Folder();
    const loaded = folder.load(
      instance(
        rooms,
        "config: { key: { file: gone }, keys: { one: { env: NOWHERE }, two: { hunter2: x } } }",
      ),
    );
    expect(folder.sentences(loaded)).toEqual([
      "config.yaml:9:20 instances.insta.config.key: the secret file gone does not exist",
      "config.yaml:9:49 instances.insta.config.keys: the environment variable NOWHERE is not set",
      "config.yaml:9:72 instances.insta.config.keys: must be the secret itself in quotes, { file: PATH } or { env: NAME }",
    ]);
    expect(JSON.stringify(loaded.problems)).not.toContain("hunter2");
  });

  test("is shown in no excerpt, whatever its name, nor in those of a broken file", () => {
    using folder = new Folder();
    const lines = [
      "config: { servers: [{ url: 7, upstream: hunter2 }] }",
      "config: { servers: [{ url: a, upstream: 12345678 }] }",
      "config: { key: hunter2, limit: 99 }",
      "config: { keys: { one: hunter2, two: 7 } }",
      'config: { servers: [{ upstream: "hunter2 }] }',
    ];
    for (const line of lines) {
      const shown = JSON.stringify(folder.load(instance(rooms, line)).problems);
      expect(shown).toContain("config.yaml");
      expect(shown).not.toMatch(/hunter2|12345678/);
    }
  });

  test("changes the instance's digest when what it refers to changes", () => {
    using folder = new Folder();
    const text = instance(rooms, "config: { key: { env: KEY } }");
    const digest = (KEY: string) =>
      [...(folder.load(text, { KEY }).config?.instances.values() ?? [])][0]?.digest;
    expect(digest("one")).not.toEqual(digest("two"));
  });

  test("is Instagram's proxy, of whose login the password is cut alone as well", () => {
    using folder = new Folder();
    folder.write("proxy", "http://user:hunter2@proxy.example.org:3128\n");
    const file = folder.write("config.yaml", instance(rooms, "config: { proxy: { file: proxy } }"));
    const loaded = loadConfig(file, { env: {}, plugins: pluginSettings });
    expect(loaded.problems).toEqual([]);
    expect(loaded.secrets.map((secret) => secret.reveal())).toEqual([
      "http://user:hunter2@proxy.example.org:3128",
      "hunter2",
    ]);
    expect([...(loaded.config?.instances.values() ?? [])][0]?.config.proxy).toBe(
      "http://user:hunter2@proxy.example.org:3128",
    );
  });
});

test("warns of a secret that looks like a path, without repeating it", () => {
  using folder = new Folder();
  const warning =
    "warning: looks like a path, but is taken as the secret itself (write { file: PATH } to read the secret from a file)";
  const loaded = folder.load(
    `${instance(rooms, "config: { key: ./secrets/key }").replace("org }", 'org, registration_token: "/run/secrets/x" }')}`,
  );
  expect(folder.sentences(loaded)).toEqual([
    `config.yaml:1:63 homeserver.registration_token: ${warning}`,
    `config.yaml:9:20 instances.insta.config.key: ${warning}`,
  ]);
  expect(JSON.stringify(loaded.problems)).not.toMatch(/run.secrets.x|secrets.key/);
  for (const text of ["/Rk3+x/9==", "hunter2", "syt_a/b_c", "$argon2id$v=19$m=1/x/y", "a/b"]) {
    expect(folder.load(head.replace("org }", `org, registration_token: "${text}" }`)).problems).toEqual([]);
  }
});

test("warns of accounts that can neither log in nor be registered", () => {
  using folder = new Folder();
  const text = `${head}  "@b:example.org": { password: abc }\n  "@c:example.org":\nadmin: { account: "@r:example.org" }\n`;
  const problemsOf = (main: string) => {
    const file = folder.write("config.yaml", main);
    const hasLoggedIn = (_: string, userId: string) => userId === "@c:example.org";
    return folder.sentences(loadConfig(file, { env: {}, plugins, hasLoggedIn }));
  };
  const sentence =
    "warning: cannot log in: it has neither password nor access token, and without homeserver.registration_token it cannot be registered";
  expect(problemsOf(text)).toEqual([
    `config.yaml:3:3 accounts["@a:example.org"]: ${sentence}`,
    `config.yaml:6:19 admin.account: ${sentence}`,
  ]);
  expect(problemsOf(text.replace("org }", "org, registration_token: abc }"))).toEqual([]);
});
