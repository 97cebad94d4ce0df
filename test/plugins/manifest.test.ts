import { expect, test } from "bun:test";
import { readManifest } from "../../src/plugins/archive/manifest.ts";
import { inferSettings } from "../../src/plugins/archive/manifest-settings.ts";
import { compareVersions } from "../../src/plugins/archive/manifest-version.ts";

const read = (text: string) => readManifest(new TextEncoder().encode(text));
const least = "id: org.example.bot\nversion: 1.0.0\nmodules: [first, second]\nmain_class: Bot\n";

test("reads the least that maubot asks for, with maubot's defaults", () => {
  expect(read(least)).toEqual({
    id: "org.example.bot",
    version: "1.0.0",
    modules: ["first", "second"],
    mainModule: "second",
    mainClass: "Bot",
    license: undefined,
    extraFiles: [],
    hasConfig: false,
    hasDatabase: false,
    databaseType: "sqlalchemy",
    hasWebapp: false,
    dependencies: [],
    softDependencies: [],
    language: undefined,
    permissions: { network: false },
    answersTo: [],
    settings: undefined,
    warnings: [],
  });
});

test("reads every key there is", () => {
  const text = `${least.replace("main_class: Bot", "main_class: first/Bot")}maubot: 0.4.1
license: AGPL-3.0-or-later
config: true
database: true
database_type: asyncpg
webapp: true
extra_files: [base-config.yaml, "web/*"]
dependencies: ["pillow>=10", "python-gitlab[autocompletion] ~= 4.0", "x @ https://example.org/x.whl"]
soft_dependencies: [pytz]
roost:
  runtime: python
  permissions: { network: ["*.example.org", "localhost:8080"] }
  settings: { type: object, properties: { zone: { type: string } }, required: [zone] }
`;
  expect(read(text)).toMatchObject({
    mainModule: "first",
    license: "AGPL-3.0-or-later",
    hasConfig: true,
    hasDatabase: true,
    databaseType: "asyncpg",
    hasWebapp: true,
    extraFiles: ["base-config.yaml", "web/*"],
    dependencies: ["pillow>=10", "python-gitlab[autocompletion] ~= 4.0", "x @ https://example.org/x.whl"],
    softDependencies: ["pytz"],
    language: "python",
    permissions: { network: ["*.example.org", "localhost:8080"] },
    settings: { type: "object", properties: { zone: { type: "string" } }, required: ["zone"] },
    warnings: [],
  });
});

test("tolerates empty optional keys, and unknown ones with a warning each", () => {
  const text = `${least}license:\nconfig:\ndependencies:\nroost: { colour: red }\nauthor: me\n`;
  expect(read(text).warnings).toEqual([
    'maubot.yaml has an unknown key "author", which is ignored.',
    'maubot.yaml has an unknown key "roost.colour", which is ignored.',
  ]);
});

test("takes what is left empty in a list for nothing", () => {
  const manifest = read(`${least}dependencies:\n-\n- pillow\nextra_files: [~, a.txt]\n`);
  expect(manifest).toMatchObject({ dependencies: ["pillow"], extraFiles: ["a.txt"] });
});

test("names every key that is missing or wrong at once, without repeating values", () => {
  expect(() => read("id: s3cr3t/../x\nversion: 1.0\nmodules: bot\n")).toThrow(
    /"id" must be .*; "version" must be text: write it in quotes.*; "modules" must be a list of module names; "main_class" is missing\. Correct it/,
  );
  expect(() => read("id: s3cr3t/../x\n")).not.toThrow(/s3cr3t/);
});

test("accepts ids and versions as they are written in the wild", () => {
  for (const id of ["xyz.maubot.echo", "com.Example.MyBot", "bot", "a-b_c.d9"]) {
    expect(read(least.replace("org.example.bot", id)).id).toBe(id);
  }
  for (const version of [
    "0.1.0",
    "1.0.0-beta.2+build.5",
    "2.0a1",
    "v1.2.3",
    "1.0.post1",
    "2024.05.01",
    "1.0rc1.dev3",
  ]) {
    expect(read(least.replace("1.0.0", version)).version).toBe(version);
  }
});

test("orders versions as PEP 440 and semver do", () => {
  const order = [
    ...["0.9", "0.10.dev1", "0.10.0-alpha.1", "0.10.0-alpha.2", "0.10b1", "0.10.0-rc.1", "0.10"],
    ...["0.10.0.post1", "0.10.1", "v1.0.0-beta", "1.0", "1.1", "1.10", "2024.5.1"],
  ];
  const shuffled = [...order].sort(() => -1).sort();
  expect(shuffled.sort(compareVersions)).toEqual(order);
  for (const [left, right] of [
    ["1.0", "1.0.0"],
    ["v1.0", "1.0+local.5"],
    ["1.0rc1", "1.0-rc.1"],
  ] as const) {
    expect(compareVersions(left, right)).toBe(0);
  }
});

test("infers a form from a base config: types, defaults, comments, lists and nested mappings", () => {
  const schema = inferSettings(`# About the file.

# Who may command it.
admins:
- "@ada:example.org"
# How many, at most.
# Zero for all.
count: 5
ratio: 0.5 # of one
on: true
empty:
mixed: [1, two]
none: []
servers:
  # Where it is.
  first: { url: https://example.org, api_key: "" }
`);
  expect(schema).toEqual({
    type: "object",
    properties: {
      admins: {
        type: "array",
        items: { type: "string" },
        default: ["@ada:example.org"],
        description: "About the file. Who may command it.",
      },
      count: { type: "integer", default: 5, description: "How many, at most. Zero for all." },
      ratio: { type: "number", default: 0.5, description: "of one" },
      on: { type: "boolean", default: true },
      empty: { default: null },
      mixed: { type: "array", default: [1, "two"] },
      none: { type: "array", default: [] },
      servers: {
        type: "object",
        properties: {
          first: {
            type: "object",
            description: "Where it is.",
            properties: {
              url: { type: "string", default: "https://example.org" },
              api_key: { type: "string", default: "", writeOnly: true },
            },
          },
        },
      },
    },
  });
});

test("makes no form of a base config that is none, follows aliases, or is nested without end", () => {
  for (const text of [
    "",
    "- a",
    "a: [",
    "a: &x 1\nb: *x",
    `a: ${"[".repeat(5000)}`,
    `a: ${"x".repeat(70_000)}`,
  ]) {
    expect(inferSettings(text)).toBeUndefined();
  }
});
