import { archiveOf, greeter } from "../plugin-archive.ts";
import { type ZipEntry, zip } from "../zip.ts";
import { good, type Hostile, manifest } from "./base.ts";

const manifestOf = (key: string, value: string) =>
  manifest.replace(new RegExp(`^${key}:.*$`, "m"), `${key}: ${value}`);

export function* manifests(): Generator<Hostile> {
  const ids = [
    "../../etc/cron.d/x",
    "a/b",
    "..",
    ".hidden",
    "-x",
    "a..b",
    "a b",
    "a\\u0000b",
    "x/",
    "C:x",
    "é",
    "",
    "a".repeat(129),
    "~",
    "[a]",
    "12",
  ];
  for (const id of ids) {
    const value = id.startsWith("[") || id === "12" ? id : JSON.stringify(id).replace("\\\\u", "\\u");
    yield {
      what: `the id ${id.slice(0, 20)}`,
      bytes: archiveOf(greeter, { "maubot.yaml": manifestOf("id", value) }),
      says: /"id"/,
    };
  }
  const versions = [
    '"1/../../x"',
    '"1/2"',
    "1.0",
    '"../1"',
    '""',
    '"x"',
    '"1 2"',
    '"1..2"',
    `"${"1".repeat(65)}"`,
    "[1]",
    '"1.0\\n"',
    '"1.0\\0"',
  ];
  for (const version of versions) {
    yield {
      what: `the version ${version.slice(0, 20)}`,
      bytes: archiveOf(greeter, { "maubot.yaml": manifestOf("version", version) }),
      says: /"version"/,
    };
  }
  const modules = [
    "greeter",
    "[]",
    '["../x"]',
    '["/etc/passwd"]',
    '["a/b"]',
    '["a.py/"]',
    "[1]",
    '[""]',
    "{}",
  ];
  for (const value of modules) {
    yield {
      what: `the modules ${value}`,
      bytes: archiveOf(greeter, { "maubot.yaml": manifestOf("modules", value) }),
      says: /"modules/,
    };
  }
  for (const value of ["1", '"a/b/C"', '"../C"', '"C()"', "[]", '"__import__(0)"']) {
    yield {
      what: `the main class ${value}`,
      bytes: archiveOf(greeter, { "maubot.yaml": manifestOf("main_class", value) }),
      says: /"main_class"/,
    };
  }
  const texts: readonly (readonly [string, string | undefined, RegExp])[] = [
    ["no manifest", undefined, /no maubot.yaml/],
    ["an empty manifest", "", /mapping/],
    ["a list", "- a\n", /mapping/],
    ["10 MB", `${manifest}#${crypto.randomUUID().repeat(280_000)}`, /100 times|65536 is the limit/],
    [
      "66 kB",
      `${manifest}#${Array.from({ length: 1900 }, () => crypto.randomUUID()).join("")}`,
      /65536 is the limit/,
    ],
    ["aliases", `${manifest}a: &a [1]\nb: *a\n`, /alias/],
    ["an anchor alone", `${manifest}a: &a 1\n`, /alias/],
    ["billion laughs", `${manifest}a: &a [x,x]\nb: &b [*a,*a]\nc: &c [*b,*b]\n`, /alias/],
    ["a merge key", `${manifest}a: &a {x: 1}\nb: {<<: *a}\n`, /alias/],
    ["a tab", `${manifest}a:\n\tb: 1\n`, /line 9/],
    ["a key twice", `${manifest}id: other\n`, /"id" twice/],
    ["deep lists", `${manifest}a: ${"[".repeat(60_000)}`, /nested too deeply|100 times/],
    ["deep items", `${manifest}a:\n${"- ".repeat(20_000)}`, /nested too deeply|100 times/],
    ["a newer maubot", manifestOf("maubot", '"99.0"'), /wants maubot 99.0/],
    ["a wrong flag", `${manifest}webapp: sometimes\n`, /"webapp"/],
    ["a wrong database type", `${manifest}database_type: mysql\n`, /"database_type"/],
    ["a wrong requirement", `${manifest}dependencies: ["-r /etc/passwd"]\n`, /"dependencies/],
    [
      "a requirement that is an option",
      `${manifest}dependencies: ["--index-url=http://x"]\n`,
      /"dependencies/,
    ],
    ["a wrong runtime", `${manifest}roost: {runtime: perl}\n`, /"roost.runtime"/],
    ["wrong permissions", `${manifest}roost: {permissions: {files: true}}\n`, /"roost.permissions"/],
    [
      "a wrong host",
      `${manifest}roost: {permissions: {network: ["http://x/"]}}\n`,
      /"roost.permissions.network/,
    ],
    ["a wrong schema", `${manifest}roost: {settings: {type: string}}\n`, /"roost.settings.type"/],
  ];
  for (const [what, text, says] of texts)
    yield { what: `a manifest: ${what}`, bytes: archiveOf(greeter, { "maubot.yaml": text }), says };
  const latin = zip([{ name: "maubot.yaml", data: Buffer.from(`${manifest}# \xff`, "latin1") }]);
  yield { what: "a manifest in Latin-1", bytes: latin, says: /not UTF-8/ };
}

export function* contents(): Generator<Hostile> {
  yield {
    what: "an archive in an archive",
    bytes: zip([{ name: "greeter.mbp", data: archiveOf(greeter) }]),
    says: /wrapper/,
  };
  yield { what: "a manifest two folders down", bytes: nested("a/b/"), says: /too far down/ };
  yield { what: "two plugins", bytes: zip([...within("a/"), ...within("b/")]), says: /several plugins/ };
  yield {
    what: "a source archive with a bad name outside",
    bytes: zip([...within("a/"), { name: "../x", data: "y" }]),
    says: /leads out/,
  };
  yield {
    what: "a missing module",
    bytes: archiveOf(greeter, { "maubot.yaml": manifestOf("modules", "[other, greeter]") }),
    says: /"other"/,
  };
  yield {
    what: "a main module that is no module",
    bytes: archiveOf(greeter, { "maubot.yaml": manifestOf("main_class", "other/Greeter") }),
    says: /names the module "other"/,
  };
  yield {
    what: "the id of a built-in plugin",
    bytes: archiveOf(greeter, { "maubot.yaml": manifestOf("id", "Echo") }),
    says: /built in/,
  };
}

function within(folder: string): ZipEntry[] {
  return good().map((entry) => ({ ...entry, name: folder + entry.name }));
}

function nested(folder: string): Uint8Array {
  return zip(within(folder));
}
