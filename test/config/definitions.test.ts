import { describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { Definitions } from "../../src/config/definitions.ts";
import { ConfigReader } from "../../src/config/reader.ts";
import type { RoostError } from "../../src/core/error.ts";
import { asInstanceId, asRoomAlias, asRoomId, asUserId, type InstanceId } from "../../src/core/id.ts";
import type { InstanceChange } from "../../src/core/management.ts";
import { refusalOf } from "../doubles/delivery.ts";
import { Folder, head, plugins } from "./room.ts";

const file = "data/instances.d/insta.yaml";
const text = `# The bots of this house.
instances:
  # Pictures.
  insta: # shown
    plugin: 'instagram'
    account: "@a:example.org"   # ours
    rooms:
      - "!a:example.org" # first
      - "#b:example.org" # second

    # Its settings.
    config:
        # How.
        carousel: "thread"   # or single
        key: hunter2
        names: [x, y] # two
        # Above keys.
        keys:
          one: { file: ../one }
          two: hunter3 # literal
    # Last of insta.
  # Another.
  other: { plugin: echo, account: "@a:example.org", rooms: [] } # flow
# The end.
`;

function id(name: string): InstanceId {
  const found = asInstanceId(name);
  if (found === undefined) throw new Error(`${name} is no instance id.`);
  return found;
}
const account = asUserId("@a:example.org");
const room = asRoomId("!new:example.org");
const alias = asRoomAlias("#b:example.org");
if (room === undefined || alias === undefined) throw new Error("The test made up ids of the wrong shape.");

class House extends Folder {
  readonly definitions: Definitions;

  constructor(main = head) {
    super();
    this.write("config.yaml", main);
    this.write("data/one", "hunter1\n");
    this.write(file, text);
    this.definitions = new Definitions(
      new ConfigReader(join(this.path, "config.yaml"), { env: {}, plugins }),
    );
  }
  text(name = file): string {
    return readFileSync(join(this.path, name), "utf8");
  }
  save(name: string, change: InstanceChange) {
    return this.definitions.save(id(name), change);
  }
}

/** What was refused, and that nothing on disk is other than before. */
async function refused(house: House, name: string, change: InstanceChange): Promise<RoostError> {
  const before = listing(house.path);
  const error = await refusalOf(house.save(name, change));
  expect(listing(house.path)).toEqual(before);
  return error as RoostError;
}

function listing(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .sort()
    .map((name) => {
      const path = join(folder, name);
      return statSync(path).isDirectory() ? name : `${name} ${readFileSync(path, "utf8")}`;
    });
}

describe("a definition", () => {
  test("is shown as data and as YAML with its comments, without secrets", () => {
    using house = new House();
    const shown = house.definitions.read(id("insta"));
    expect(shown).toMatchObject({
      plugin: "instagram",
      account: "@a:example.org",
      rooms: ["!a:example.org", "#b:example.org"],
      enabled: true,
      prefix: "!",
      config: {
        carousel: "thread",
        key: "[redacted]",
        names: ["x", "y"],
        keys: { one: { file: "../one" }, two: "[redacted]" },
      },
      readOnly: undefined,
    });
    expect(shown.configYaml).toBe(`# How.
carousel: "thread"   # or single
key: "[redacted]"
names: [x, y] # two
# Above keys.
keys:
  one: { file: ../one }
  two: "[redacted]" # literal
`);
    expect(shown.yaml).toStartWith("insta: # shown\n  plugin: 'instagram'\n");
    expect(JSON.stringify(shown)).not.toMatch(/hunter/);
  });

  test("of the main file is read-only, and so is one in a file that nobody may write", async () => {
    using house = new House(`${head}instances:\n  main: { plugin: echo, account: "@a:example.org" }\n`);
    const main = house.definitions.read(id("main")).readOnly;
    expect(main).toContain(`main file, ${house.path}/config.yaml, which Roost never writes`);
    expect(await refused(house, "main", { enabled: false })).toMatchObject({ code: "bad-request" });
    chmodSync(join(house.path, file), 0o440);
    expect(house.definitions.read(id("insta")).readOnly).toContain("marked as read-only");
    expect((await refused(house, "insta", { enabled: false })).message).toContain(house.path);
  });

  test("that nobody wrote is not found", () => {
    using house = new House();
    expect(() => house.definitions.read(id("nobody"))).toThrow("There is no instance nobody.");
  });
});

describe("an edit", () => {
  test("changes only what it names: comments, order and quotes stay", async () => {
    using house = new House();
    const { definition, isNew } = await house.save("insta", {
      rooms: [alias, room],
      enabled: false,
      config: { carousel: "single", names: ["x"], keys: { one: { file: "../one" } }, limit: 3 },
    });
    expect(isNew).toBe(false);
    expect(definition.enabled).toBe(false);
    expect(house.text()).toBe(
      text
        .replace('      - "!a:example.org" # first\n', "")
        .replace("# second\n", '# second\n      - "!new:example.org"\n')
        .replace('"thread"', '"single"')
        .replace("[x, y]", "[x]")
        .replace("# literal\n", "# literal\n        limit: 3\n    enabled: false\n"),
    );
    expect(house.text("data/instances.d/.insta.yaml.previous")).toBe(text);
  });

  test("puts a new secret into a file of its own, and leaves those that are not given", async () => {
    using house = new House();
    await house.save("insta", { config: { key: "swordfish", keys: { one: "[redacted]", two: "marlin9" } } });
    expect(house.text()).toContain("        key: { file: ../secrets/insta/key }\n");
    expect(house.text()).toContain("          one: { file: ../one }\n");
    expect(house.text()).toContain("          two: { file: ../secrets/insta/keys.two } # literal\n");
    expect(house.text("data/secrets/insta/key")).toBe("swordfish\n");
    const folder = join(house.path, "data/secrets/insta");
    expect([statSync(folder).mode & 0o777, statSync(join(folder, "key")).mode & 0o777]).toEqual([
      0o700, 0o600,
    ]);
    await house.save("insta", { config: { key: "pike" } });
    expect(house.text("data/secrets/insta/key")).toBe("pike\n");
    expect(house.text("data/one")).toBe("hunter1\n");
    await house.save("insta", { config: { key: null } });
    expect(house.text()).not.toContain("key:");
  });

  test("writes the plugin's own default as it stands, for it is no secret", async () => {
    using house = new House();
    await house.save("insta", { config: { token: "CHANGEME" } });
    expect(house.text()).toContain("      token: CHANGEME\n");
    await house.save("insta", { config: { token: "swordfish" } });
    expect(house.text()).toContain("      token: { file: ../secrets/insta/token }\n");
  });

  test("takes settings whose names are numbers", async () => {
    using house = new House();
    const yaml = "projects:\n  12345678: { name: a }\n  0x10: { name: b }\n";
    expect((await house.save("insta", { config: { yaml } })).definition.configYaml).toBe(yaml);
    const projects = { 12345678: { name: "c" } };
    await house.save("insta", { config: { projects } });
    expect(house.text()).toContain("        12345678: { name: c }\n");
  });

  test("takes settings as YAML text, with its comments", async () => {
    using house = new House();
    const yaml = '# New.\ncarousel: single # now\nkey: "[redacted]"\nkeys: { two: swordfish }\n';
    const { definition } = await house.save("insta", { config: { yaml } });
    expect(definition.configYaml).toBe(yaml.replace("swordfish", "{ file: ../secrets/insta/keys.two }"));
    expect(house.text()).toContain('      key: "hunter2"\n');
    expect(house.text()).toContain("# Another.\n  other: { plugin: echo");
  });

  test("gives an instance on one line lines of its own for settings as YAML text", async () => {
    using house = new House();
    const other = '  other: { plugin: echo, account: "@a:example.org" }\n';
    const line =
      '  insta: { plugin: instagram, account: "@a:example.org", rooms: [], config: { limit: 1 } } # mine\n';
    for (const text of [`${line}${other}`, `${other}${line}`]) {
      house.write(file, `instances:\n${text}`);
      const yaml = "# Few.\nlimit: 2 # or 3\n";
      const { definition } = await house.save("insta", { config: { yaml } });
      expect(definition.configYaml).toBe(yaml);
      expect(house.text()).toContain(other);
      expect(house.text()).toContain("# mine");
    }
  });

  test("refuses text with problems at its own lines, and writes nothing", async () => {
    using house = new House();
    const problemsOf = async (yaml: string) =>
      (await refused(house, "insta", { config: { yaml } })).problems.map(
        ({ line, column, path, message }) => `${line}:${column} ${path}: ${message}`,
      );
    expect(await problemsOf("# x\nlimit: 99\nnames: [1]\n")).toEqual([
      "2:8 limit: must be at most 10",
      "3:9 names[0]: must be text, but YAML reads this as a number",
    ]);
    expect(await problemsOf("limit: 1\n\tx: 2\n")).toEqual([
      "2:1 limit: this line is indented with a tab: YAML allows only spaces there",
    ]);
    expect(await problemsOf("names: &a [x]\n")).toEqual([
      '1:11 ["?"]: anchors (&name) and aliases (*name) cannot be used here: write the value out',
    ]);
    expect((await problemsOf("- x\n"))[0]).toContain("must be a mapping");
    expect((await problemsOf("limit: 1\n---\nlimit: 2\n")).length).toBeGreaterThan(0);
  });

  test("refuses what would not run, and what is not there", async () => {
    using house = new House();
    const stranger = asUserId("@nobody:example.org");
    expect((await refused(house, "insta", { account: stranger })).message).toContain(
      "not listed under accounts",
    );
    expect((await refused(house, "insta", { config: { proxi: "x" } })).message).toContain(
      'unknown key "proxi"',
    );
    expect((await refused(house, "new", { plugin: "echo" })).code).toBe("bad-request");
    expect((await refused(house, "insta", { config: { key: "two\nlines" } })).message).toContain("one line");
    const odd = JSON.parse('{ "__proto__": 1 }');
    expect((await refused(house, "insta", { config: odd })).code).toBe("config-invalid");
    expect((await refused(house, "insta", { config: { key: "x".repeat(70_000) } })).message).toContain(
      "larger than",
    );
    expect((await refused(house, "insta", { config: { names: ["x".repeat(1_100_000)] } })).message).toContain(
      "larger than",
    );
  });

  test("is refused with the difference when somebody else was faster", async () => {
    using house = new House();
    const { revision } = house.definitions.read(id("insta"));
    await house.save("insta", { prefix: "?", revision });
    const error = await refused(house, "insta", { prefix: "%", revision });
    expect(error).toMatchObject({ code: "conflict" });
    expect(error.difference).toContain('+  prefix: "?"\n');
    expect(error.difference).not.toContain("hunter");
  });

  test("waits for the one before it", async () => {
    using house = new House();
    const { revision } = house.definitions.read(id("insta"));
    const edits = ["?", "%", "&"].map((prefix) => house.save("insta", { prefix, revision }));
    const ends = await Promise.allSettled(edits);
    expect(ends.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "rejected"]);
    await Promise.all(["a", "b", "c"].map((name) => house.save(name, { plugin: "echo", account })));
    expect(["a", "b", "c"].map((name) => house.definitions.read(id(name)).plugin)).toEqual([
      "echo",
      "echo",
      "echo",
    ]);
  });

  test("is shown before it is written", () => {
    using house = new House();
    const before = listing(house.path);
    const { yaml, diff } = house.definitions.preview(id("insta"), {
      prefix: "?",
      config: { key: "swordfish" },
    });
    expect(listing(house.path)).toEqual(before);
    expect(diff).toContain("+      key: { file: ../secrets/insta/key }\n");
    expect(yaml).toContain("# ours");
    expect(yaml + diff).not.toMatch(/hunter|swordfish/);
  });

  test("keeps the line breaks of a file", async () => {
    using house = new House();
    house.write(file, text.replaceAll("\n", "\r\n"));
    await house.save("insta", { config: { key: "[redacted]", names: ["z"] } });
    expect(house.text().replaceAll("\r\n", "")).not.toContain("\n");
    expect(house.text()).toContain("names: [z] # two\r\n");
  });

  test("of what anchors and aliases tie together is refused, and of their neighbours is not", async () => {
    using house = new House();
    const tied = `  tied: { plugin: echo, account: "@a:example.org", rooms: *r }\n`;
    house.write(
      file,
      `${text.replace("rooms: []", 'rooms: &r ["!a:example.org"]').replace("# The end.\n", tied)}`,
    );
    expect(house.definitions.read(id("tied")).readOnly).toContain("anchors");
    expect((await refused(house, "tied", { prefix: "?" })).message).toContain("edit it there by hand");
    await house.save("insta", { prefix: "?" });
    expect(house.text()).toContain("rooms: *r");
  });
});

describe("an instance", () => {
  test("is created in a file of its name, with ids in quotes, and says that it has no rooms", async () => {
    using house = new House();
    const saved = await house.save("weather", { plugin: "echo", account, config: { key: "swordfish" } });
    expect(saved.isNew).toBe(true);
    expect(saved.warnings).toEqual(["this instance answers nowhere: list the rooms it is to work in"]);
    expect(house.text("data/instances.d/weather.yaml")).toBe(`instances:
  weather:
    plugin: echo
    account: "@a:example.org"
    rooms: []
    config:
      key: { file: ../secrets/weather/key }
`);
    expect(statSync(join(house.path, "data/instances.d/weather.yaml")).mode & 0o777).toBe(0o600);
  });

  test("is refused where the include folder is not read", async () => {
    using house = new House(`${head}include: ["elsewhere/*.yaml"]\n`);
    expect((await refused(house, "weather", { plugin: "echo", account })).message).toContain(
      "does not cover",
    );
  });

  test("is taken out with its comment, and comes back", async () => {
    using house = new House();
    const entry = await house.definitions.remove(id("insta"));
    expect(house.text()).toBe(
      `# The bots of this house.\ninstances:\n  # Another.\n  other: { plugin: echo, account: "@a:example.org", rooms: [] } # flow\n# The end.\n`,
    );
    await house.definitions.restore(id("back"), entry);
    expect(house.text("data/instances.d/back.yaml")).toContain("        key: hunter2\n");
    await house.definitions.remove(id("other"));
    expect(existsSync(join(house.path, file))).toBe(false);
    expect(existsSync(join(house.path, "data/instances.d/.insta.yaml.previous"))).toBe(true);
  });

  test("gets another name where it stands", async () => {
    using house = new House();
    await house.definitions.rename(id("insta"), id("pictures"));
    expect(house.text()).toBe(text.replace("  insta:", "  pictures:"));
    expect(await refusalOf(house.definitions.rename(id("pictures"), id("other")))).toMatchObject({
      code: "conflict",
    });
  });

  test("keeps its secret when another one gets the name that it had", async () => {
    using house = new House();
    await house.save("insta", { config: { key: "swordfish" } });
    await house.definitions.rename(id("insta"), id("pictures"));
    await house.save("insta", {
      plugin: "instagram",
      account,
      rooms: [],
      config: { carousel: "thread", key: "pike" },
    });
    expect(house.text("data/secrets/insta/key")).toBe("swordfish\n");
    expect(house.text("data/secrets/insta/key-2")).toBe("pike\n");
  });
});

describe("a failure to write", () => {
  test("leaves everything as it was, whichever file cannot be written", async () => {
    using house = new House();
    house.write("data/secrets", "in the way");
    const error = await refused(house, "insta", { prefix: "?", config: { key: "swordfish" } });
    expect(error.code).toBe("internal");
    expect(error.message).toStartWith("Nothing was changed: ");
    expect(error.message).not.toContain("swordfish");
  });

  test("takes back the secret that was written before the file that refers to it", async () => {
    using house = new House();
    await house.save("insta", { config: { key: "marlin9" } });
    // Where the previous version is to be kept, a folder is in the way.
    house.write("data/instances.d/.insta.yaml.previous.new/x", "in the way");
    expect(
      (await refused(house, "insta", { prefix: "?", config: { key: "swordfish", keys: { a: "pike77" } } }))
        .code,
    ).toBe("internal");
    expect(house.text("data/secrets/insta/key")).toBe("marlin9\n");
  });

  const mount = (folder: string) =>
    spawnSync("mount", ["-t", "tmpfs", "-o", "size=4k", "tmpfs", folder]).status === 0;
  const canMount = () => {
    using folder = new Folder();
    return mount(folder.path) && spawnSync("umount", [folder.path]).status === 0;
  };
  test.skipIf(!canMount())("for want of room says so", async () => {
    using house = new House();
    const disk = join(house.path, "data/secrets");
    mkdirSync(disk);
    expect(mount(disk)).toBe(true);
    try {
      mkdirSync(join(disk, "insta"));
      writeFileSync(join(disk, "filler"), "x".repeat(4096));
      const error = await refused(house, "insta", { config: { key: "x".repeat(9000) } });
      expect(error.message).toMatch(/^Nothing was changed: the disk that holds .* is full\. Make room/);
    } finally {
      spawnSync("umount", [disk]);
    }
  });
});
