import { expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { loadConfig } from "../../src/config/load.ts";
import type { LoadedConfig } from "../../src/core/config.ts";
import { asInstanceId, asUserId } from "../../src/core/id.ts";
import { Folder, head, instance, plugins } from "./room.ts";

const rooms = 'rooms: ["!a:example.org"]';

function find({ config }: LoadedConfig, name: string) {
  const id = asInstanceId(name);
  return id === undefined ? undefined : config?.instances.get(id);
}
function running({ config }: LoadedConfig): string[] {
  return [...(config?.instances.keys() ?? [])];
}
function quarantined({ config }: LoadedConfig): string[] {
  return [...(config?.quarantined.keys() ?? [])];
}
function account({ config }: LoadedConfig, name: string) {
  const id = asUserId(name);
  return id === undefined ? undefined : config?.accounts.get(id);
}

test("fills in what a short config leaves out", () => {
  using folder = new Folder();
  const loaded = folder.load(instance(rooms));
  expect(loaded.problems).toEqual([]);
  expect(loaded.config).toMatchObject({
    file: join(folder.path, "config.yaml"),
    homeserver: { url: "https://m.example.org", registrationToken: undefined },
    server: { host: "127.0.0.1", port: 29316, allowRemote: false },
    dataDir: join(folder.path, "data"),
    backup: { enabled: true, at: "03:30", keep: 7 },
    catchUpMs: 3_600_000,
    reload: "manual",
  });
  expect(find(loaded, "insta")).toMatchObject({
    plugin: "instagram",
    account: "@a:example.org",
    rooms: ["!a:example.org"],
    enabled: true,
    prefix: "!",
    config: { carousel: "thread" },
    file: join(folder.path, "config.yaml"),
  });
});

test("takes the data folder from the file, else from systemd, else beside the file", () => {
  using folder = new Folder();
  const env = { STATE_DIRECTORY: "/var/lib/roost:/var/lib/other" };
  expect(folder.load(`${head}data_dir: here\n`, env).config?.dataDir).toBe(join(folder.path, "here"));
  expect(folder.load(head, env).config?.dataDir).toBe("/var/lib/roost");
  expect(folder.load(head).config?.dataDir).toBe(join(folder.path, "data"));
});

test("reads how often the admin room may be written to", () => {
  using folder = new Folder();
  const { config } = folder.load(`${head}admin: { messages_per_hour: 5, message_interval: 1m }\n`);
  expect(config?.admin).toMatchObject({ messagesPerHour: 5, messageIntervalMs: 60_000 });
  const bare = folder.load(head).config;
  expect(bare?.admin).toMatchObject({ messagesPerHour: 30, messageIntervalMs: 10_000 });
});

test("logs in the admin account although no file lists it", () => {
  using folder = new Folder();
  const loaded = folder.load(`${head}admin: { account: "@roost:example.org" }\n`);
  expect(account(loaded, "@roost:example.org")).toMatchObject({
    password: undefined,
    accessToken: undefined,
  });
});

test("accepts another address once it is told to", () => {
  using folder = new Folder();
  const loaded = folder.load(`${head}server: { host: 0.0.0.0, port: 0, allow_remote: true }\n`);
  expect(loaded.problems).toEqual([]);
  expect(loaded.config?.server).toEqual({
    host: "0.0.0.0",
    port: 0,
    allowRemote: true,
    publicUrl: undefined,
  });
});

test("keeps to loopback where the address is refused", () => {
  using folder = new Folder();
  expect(folder.load(`${head}server: { host: 10.0.0.1 }\n`).config?.server.host).toBe("127.0.0.1");
});

test("lets a list of rooms be written once and repeated by an alias", () => {
  using folder = new Folder();
  const other = `  other:\n    plugin: echo\n    account: "@a:example.org"\n    rooms: *rooms\n`;
  const loaded = folder.load(instance('rooms: &rooms ["!a:example.org"]') + other);
  expect(loaded.problems).toEqual([]);
  expect(find(loaded, "other")?.rooms as unknown).toEqual(["!a:example.org"]);
});

// files that cannot be read

test("explains why a file cannot be read", () => {
  using folder = new Folder();
  mkdirSync(join(folder.path, "folder"));
  symlinkSync("gone", join(folder.path, "link"));
  symlinkSync("circle", join(folder.path, "circle"));
  execFileSync("mkfifo", [join(folder.path, "pipe")]);
  folder.write("plain", "");
  folder.write("binary", new Uint8Array([104, 0, 105]));
  folder.write("latin1", new Uint8Array([0x61, 0x3a, 0x20, 0xe4]));
  folder.write("huge", "#".repeat(1024 * 1024 + 1));
  const sentences: Record<string, string> = {
    missing: "the file does not exist",
    folder: "the file is a directory, not a file",
    link: "the file is a symbolic link to gone, which does not exist",
    circle: "the file cannot be read: its symbolic links lead in a circle",
    "plain/x": "the file does not exist: a part of its path is a file, not a folder",
    pipe: "the file is not a regular file",
    binary: "the file is not a text file (it holds NUL bytes): save it as UTF-8 text",
    latin1: "the file is not UTF-8 text: save it with the encoding UTF-8",
    huge: "the file is larger than 1024 KiB: this cannot be the right file",
  };
  for (const [name, sentence] of Object.entries(sentences)) {
    const loaded = loadConfig(join(folder.path, name), { env: {}, plugins });
    expect(loaded.config).toBeUndefined();
    expect(folder.sentences(loaded)).toEqual([`${name}:1:1: ${sentence}`]);
    expect(loaded.watched).toEqual([join(folder.path, name)]);
  }
});

test("explains a file that may not be read", () => {
  using folder = new Folder();
  const file = folder.write("locked", head, 0);
  const loaded = asNobody(() => loadConfig(file, { env: {}, plugins }));
  expect(folder.sentences(loaded)[0]).toContain("permission denied");
});

test("names a relative file as it was given", () => {
  const loaded = loadConfig("no-such-folder/config.yaml", { env: {}, plugins });
  expect(loaded.problems[0]?.file).toBe("no-such-folder/config.yaml");
});

// secrets

test("reads secrets from the file itself, from files beside it and from the environment", () => {
  using folder = new Folder();
  folder.write("token", "from a file\r\nsecond line\n");
  const loaded = folder.load(
    `homeserver: { url: https://m.example.org, registration_token: { file: token } }
accounts:
  "@a:example.org": { password: { env: PASSWORD }, access_token: literally }
`,
    { PASSWORD: "from the environment" },
  );
  expect(loaded.problems).toEqual([]);
  expect(loaded.secrets.map((secret) => secret.reveal()).sort()).toEqual([
    "from a file",
    "from the environment",
    "literally",
  ]);
  expect(loaded.watched).toContain(join(folder.path, "token"));
  expect(Bun.inspect(loaded, { depth: 9 })).not.toContain("literally");
});

test("says what is wrong with a secret and keeps from running only what needs it", () => {
  using folder = new Folder();
  folder.write("empty", "\n");
  mkdirSync(join(folder.path, "folder"));
  const other = `  other:\n    plugin: echo\n    account: "@b:example.org"\n    ${rooms}\n`;
  const loaded = folder.load(
    `${instance(rooms).replace('"@a:example.org":\n', '"@a:example.org": { password: { file: empty } }\n  "@b:example.org":\n').replace("m.example.org }", "m.example.org, registration_token: { env: NOWHERE } }")}${other}admin:\n  password_hash: { file: folder }\n  username: { file: gone }\n`,
  );
  expect(folder.sentences(loaded)).toEqual([
    "config.yaml:1:63 homeserver.registration_token: the environment variable NOWHERE is not set",
    'config.yaml:3:33 accounts["@a:example.org"].password: the secret file empty is empty (its first line counts)',
    "config.yaml:15:18 admin.password_hash: the secret file folder is a directory, not a file",
    "config.yaml:16:13 admin.username: the secret file gone does not exist",
  ]);
  expect(running(loaded)).toEqual(["other"]);
  expect(quarantined(loaded)).toEqual(["insta"]);
  expect(loaded.config?.homeserver.registrationToken).toEqual({
    missing: "the environment variable NOWHERE is not set",
  });
});

test("warns of a secret file that everybody may read", () => {
  using folder = new Folder();
  const file = folder.write("token", "abc\n");
  chmodSync(file, 0o644);
  const loaded = folder.load(
    "homeserver: { url: https://m.example.org, registration_token: { file: token } }\n",
  );
  expect(folder.sentences(loaded)).toEqual([
    "config.yaml:1:63 homeserver.registration_token: warning: every user of this machine may read token (chmod o= token)",
  ]);
  expect(loaded.secrets).toHaveLength(1);
});

test("shows no secret in any problem, whatever is wrong with it", () => {
  using folder = new Folder();
  const texts = [
    "  registration_token: [hunter2]\n",
    "  registration_token: { hunter2 }\n",
    "  registration_token: hunter2: x\n",
    "  registration_token: !hunter2 x\n",
    "  registration_token: @hunter2\n",
    '  registration_token: "hunter2\n',
    '  registration_token: "hunter2" hunter2\n',
    "  registration_token: |\n  hunter2\n",
    "  registration_tokn: hunter2\n",
    "  registration_token:hunter2\n",
    "  registration_token:\n  hunter2\n",
    "  passwort: { is: hunter2 }\n",
    "  registration_token: { file: x, hunter2: y }\n",
    '  registration_token: "\\hunter2"\n',
    'accounts:\n  "@a:example.org": hunter2\n',
    "accounts: { hunter2x: 1, password: hunter2 }\n".replace("hunter2x", "x"),
    `instances:\n  insta:\n    config: { sessionid: hunter2, proxy: http://me:hunter2@proxy.example.org, limit: 99 }\n`,
  ];
  for (const text of texts) {
    const loaded = folder.load(`homeserver:\n  url: https://m.example.org\n${text}`);
    expect(loaded.problems.length).toBeGreaterThan(0);
    expect(JSON.stringify(loaded.problems)).not.toContain("hunter2");
  }
});

// quarantine

test("runs the good instances beside a bad one", () => {
  using folder = new Folder();
  const loaded = folder.load(
    `${instance(rooms)}  bad:\n    plugin: echo\n    account: "@a:example.org"\n    rooms: 7\n`,
  );
  expect(running(loaded)).toEqual(["insta"]);
  expect(quarantined(loaded)).toEqual(["bad"]);
  expect(loaded.config?.quarantined.values().next().value).toEqual(loaded.problems);
});

test("keeps from running what speaks as an account that has a problem, and says the account's", () => {
  using folder = new Folder();
  const text = instance(rooms).replace('"@a:example.org":\n', '"@a:example.org": { passwrd: x }\n');
  const loaded = folder.load(text);
  expect(folder.sentences(loaded)).toEqual([
    'config.yaml:3:23 accounts["@a:example.org"].passwrd: unknown key "passwrd" (did you mean "password"?)',
  ]);
  expect(quarantined(loaded)).toEqual(["insta"]);
  expect(account(loaded, "@a:example.org")).toBeUndefined();
});

// included files

test("reads the files of instances.d in the data folder by name, and none that is hidden", () => {
  using folder = new Folder();
  folder.write(
    "data/instances.d/b.yaml",
    `instances:\n  b: { plugin: echo, account: "@b:example.org", ${rooms} }\n`,
  );
  folder.write("data/instances.d/a.yaml", 'accounts:\n  "@b:example.org": {}\n');
  folder.write("data/instances.d/.c.yaml", "nonsense");
  folder.write("data/instances.d/notes.txt", "nonsense");
  const loaded = folder.load(instance(rooms));
  expect(loaded.problems).toEqual([]);
  expect(running(loaded)).toEqual(["insta", "b"]);
  expect(find(loaded, "b")?.file).toBe(join(folder.path, "data/instances.d/b.yaml"));
  const files = ["config.yaml", "data/instances.d/a.yaml", "data/instances.d/b.yaml", "data/instances.d"];
  expect(loaded.watched).toEqual(files.map((name) => join(folder.path, name)));
});

test("holds to the first of two definitions and names the places of both", () => {
  using folder = new Folder();
  folder.write(
    "more/x.yaml",
    `accounts:\n  "@a:example.org": {}\ninstances:\n  insta: { plugin: echo, account: "@a:example.org", ${rooms} }\n`,
  );
  const loaded = folder.load(`${instance(rooms)}include: ["more/*.yaml"]\n`);
  expect(folder.sentences(loaded)).toEqual([
    'more/x.yaml:2:3 accounts["@a:example.org"]: is already listed at config.yaml:3:3: remove one of the two',
    "more/x.yaml:4:3 instances.insta: is already defined at config.yaml:5:3, which holds: give this one another name",
  ]);
  expect(find(loaded, "insta")?.plugin).toBe("instagram");
  expect(quarantined(loaded)).toEqual([]);
});

test("keeps from running only what is in a bad included file", () => {
  using folder = new Folder();
  folder.write("more/a.yaml", `instances:\n  a: { plugin: echo, account: "@a:example.org" }\n\tb: 1\n`);
  folder.write("more/b.yaml", "server: { port: 1 }\ninstanses: {}\n");
  folder.write("more/c.yaml", "");
  folder.write("more/d.yaml", new Uint8Array([0]));
  const loaded = folder.load(`${instance(rooms)}include: ["more/*.yaml", gone.yaml, "*/deep/*.yaml"]\n`);
  expect(folder.sentences(loaded)).toEqual([
    "config.yaml:9:37 include[2]: only the file name may have wildcards, not its folder: list each folder on a line of its own",
    "more/a.yaml:3:1 instances.a.account: this line is indented with a tab: YAML allows only spaces there",
    "more/b.yaml:1:1 server: belongs in the main file: an included file holds accounts and instances only",
    'more/b.yaml:2:1 instanses: unknown key "instanses" (did you mean "instances"?)',
    "more/c.yaml:1:1: warning: the file is empty",
    "more/d.yaml:1:1: the file is not a text file (it holds NUL bytes): save it as UTF-8 text",
    "gone.yaml:1:1: the file does not exist",
  ]);
  expect(running(loaded)).toEqual(["insta"]);
  expect(quarantined(loaded)).toEqual(["a"]);
});

test("does not read the main file again where a pattern names it too", () => {
  using folder = new Folder();
  const loaded = folder.load(`${instance(rooms)}include: ["*.yaml"]\n`);
  expect(loaded.problems).toEqual([]);
});

// digests

test("changes an instance's digest with everything that needs its restart", () => {
  using folder = new Folder();
  folder.write("password", "one");
  const account = '"@a:example.org": { password: { file: password } }\n';
  const base = instance(rooms).replace('"@a:example.org":\n', account);
  const digest = (text: string) => find(folder.load(text), "insta")?.digest;
  const before = digest(base);
  const edits = [
    base.replace("plugin: instagram", "plugin: echo"),
    base.replace("!a:example.org", "!b:example.org"),
    `${base}    prefix: "?"\n`,
    `${base}    enabled: false\n`,
    `${base}    config: { limit: 3 }\n`,
    base.replace("{ password", "{ displayname: A, password"),
  ];
  const digests = edits.map(digest);
  expect(new Set([before, ...digests]).size).toBe(edits.length + 1);
  folder.write("password", "two");
  expect(digest(base)).not.toBe(before);
});

test("keeps an instance's digest when only comments, quotes or other instances change", () => {
  using folder = new Folder();
  const digest = (text: string) => find(folder.load(text), "insta")?.digest;
  const before = digest(instance(rooms));
  expect(before).toBeString();
  expect(digest(`# hello\n${instance(`${rooms} # here`, "enabled: true")}`)).toBe(before);
  const other = '  other: { plugin: echo, account: "@a:example.org" }\n';
  expect(digest(instance(rooms).replace("plugin: instagram", "plugin: 'instagram'") + other)).toBe(before);
});

test("reads again what was mended in between", () => {
  using folder = new Folder();
  folder.load(instance("rooms: [!a:example.org]"));
  folder.write("config.yaml", instance(rooms));
  expect(running(folder.reload())).toEqual(["insta"]);
  rmSync(join(folder.path, "config.yaml"));
  expect(folder.reload().config).toBeUndefined();
});

test("finds $CREDENTIALS_DIRECTORY/NAME where the service manager puts credentials, and says so where there are none", () => {
  using folder = new Folder();
  const text = `${head.replace(" }", ", registration_token: { file: $CREDENTIALS_DIRECTORY/token } }")}`;
  folder.write("handed-over/token", "letmein\n");
  const env = { CREDENTIALS_DIRECTORY: join(folder.path, "handed-over") };
  const { config, problems } = folder.load(text, env);
  expect(problems).toEqual([]);
  const token = config?.homeserver.registrationToken;
  expect(token !== undefined && "secret" in token ? token.secret.reveal() : token).toBe("letmein");
  expect(folder.sentences(folder.load(text))[0]).toContain(
    "the credential token is there only within the unit, and for root while it runs: give it by LoadCredential=",
  );
});

test("without secrets looks for none, neither the host's nor a plugin's, and still finds what else is wrong", () => {
  using folder = new Folder();
  const text = (carousel: string) =>
    instance(rooms, `config: { key: { file: gone }, carousel: ${carousel} }`).replace(
      " }",
      ", registration_token: { env: GONE } }",
    );
  const check = (yaml: string) =>
    loadConfig(folder.write("config.yaml", yaml), { env: {}, plugins, withoutSecrets: true });
  expect(check(text("thread")).problems).toEqual([]);
  expect(folder.sentences(check(text("treads")))).toHaveLength(1);
});

/** Root may read everything, so it is nobody for a moment. */
function asNobody<Result>(work: () => Result): Result {
  if (process.getuid?.() !== 0) return work();
  process.seteuid?.(65_534);
  try {
    return work();
  } finally {
    process.seteuid?.(0);
  }
}
