import { afterAll, beforeAll, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { RoostError } from "../../src/core/error.ts";
import { openArchive } from "../../src/plugins/archive/archive.ts";
import { inspectPlugin } from "../../src/plugins/catalog/entry.ts";
import { refusalOf } from "../doubles/delivery.ts";
import { temporaryFolder } from "../doubles/folder.ts";
import { findProgram, needs } from "../doubles/needs.ts";
import { archiveOf, clock, greeter } from "../doubles/plugin-archive.ts";
import { catalogOf, streamOf } from "../doubles/plugin-catalog.ts";

const python3 = findProgram("python3");
const manifest = greeter["maubot.yaml"] ?? "";
const bot = greeter["greeter/bot.py"] ?? "";

type Changes = Readonly<Record<string, string | undefined>>;
const inspect = (changes: Changes, python: string | undefined) =>
  inspectPlugin(openArchive(archiveOf(greeter, changes)), "greeter.mbp", python);
const sentenceOf = async (changes: Changes, python: string) => {
  const refusal = await refusalOf(inspect(changes, python));
  return refusal instanceof RoostError ? refusal.message : refusal;
};

test("takes a Python plugin without Python, and says that it was not checked and cannot run", async () => {
  using folder = temporaryFolder();
  for (const python of [undefined, "/nowhere/python3"]) {
    const { info, warnings } = await inspect({ "greeter/bot.py": "def (" }, python);
    expect(info.obstacle).toMatch(
      /Python is not here: .* Install Python 3\.11 or newer, then run: roost plugin python$/,
    );
    expect(warnings).toEqual([expect.stringMatching(/were not checked/)]);
    const { catalog } = catalogOf(folder.path, python);
    await catalog.open();
    await catalog.add(streamOf(archiveOf(greeter)), { replace: true });
    expect(catalog.list().length).toBe(1);
  }
});

test("takes an interpreter that is too old for none", async () => {
  using folder = temporaryFolder();
  const old = join(folder.path, "python3");
  writeFileSync(old, '#!/bin/sh\ncat >/dev/null\necho \'{"version": "3.9.2"}\'\n', { mode: 0o755 });
  expect((await inspect({}, old)).info.obstacle).toMatch(/is Python 3\.9\.2, and 3\.11 or newer is needed/);
});

needs(
  "a Python to check plugins with",
  python3 === undefined
    ? { of: "package", why: "python3 is not installed; on Debian: apt install python3 python3-venv" }
    : undefined,
)("with Python", () => {
  const folder = temporaryFolder();
  const python = join(folder.path, "venv/bin/python3");
  const bare = join(folder.path, "bare/bin/python3");
  afterAll(() => folder[Symbol.dispose]());
  beforeAll(() => {
    // Versions are compared by packaging, or by the copy of it in pip: the base has one of them, or the environment gets pip.
    const hasParser =
      spawnSync(python3 ?? "", ["-I", "-c", "import pip._vendor.packaging.requirements"]).status === 0;
    makeEnvironment(python, hasParser ? ["--without-pip", "--system-site-packages"] : []);
    makeEnvironment(bare, ["--without-pip"]);
  });

  test("accepts a plugin that is in order", async () => {
    const { info, warnings } = await inspect({}, python);
    const { dependencies, answersTo, obstacle } = info;
    expect({ dependencies, answersTo, obstacle, warnings }).toEqual({
      dependencies: [],
      answersTo: ["!greet"],
      obstacle: undefined,
      warnings: [],
    });
  });

  test("names file and line of what does not compile, and the main class that is not there", async () => {
    expect(
      await sentenceOf({ "greeter/bot.py": "class Greeter:\n  def x(self)\n    pass\n" }, python),
    ).toMatch(/^greeter\/bot\.py line 2: .*Correct it/);
    expect(await sentenceOf({ "greeter/bot.py": "return 1\n" }, python)).toMatch(
      /^greeter\/bot\.py line 1: .*outside function/,
    );
    expect(await sentenceOf({ "greeter/bot.py": "x = 1\0\n" }, python)).toMatch(/^greeter\/bot\.py line 1: /);
    expect(await sentenceOf({ "greeter/__init__.py": "class Other: ...\n" }, python)).toMatch(
      /^greeter\/__init__\.py neither defines nor imports "Greeter"/,
    );
    for (const main of [
      "from .bot import *",
      "if True:\n    class Greeter: ...",
      "import x as Greeter\n",
      "Greeter = object",
    ]) {
      const changes = { "greeter/__init__.py": main, "x.py": "" };
      expect((await inspect(changes, python)).info.id).toBe("org.example.greeter");
    }
  });

  test("survives sources that break compilers", async () => {
    const noise = () => Array.from({ length: 200 }, () => crypto.randomUUID()).join("");
    for (const source of [
      "(".repeat(100_000),
      "-".repeat(200_000),
      `x = ${"a.".repeat(100_000)}b`,
      "[".repeat(90) + "]".repeat(90),
    ]) {
      const result = await inspect({ "greeter/bot.py": `${source} # ${noise()}\n`.repeat(2) }, python).catch(
        (error: unknown) => error,
      );
      expect(result instanceof RoostError ? result.code : "accepted").toMatch(/plugin-refused|accepted/);
    }
  });

  test("never runs a line of it", async () => {
    const trap = join(folder.path, "ran");
    const line = `open(${JSON.stringify(trap)}, "w")\n`;
    await inspect(
      {
        "greeter/bot.py": line + bot,
        "greeter/__init__.py": `${line}from .bot import Greeter\n`,
        "sitecustomize.py": line,
      },
      python,
    );
    expect(await Bun.file(trap).exists()).toBe(false);
  });

  test("compares what is declared with what is installed, by name and version", async () => {
    const declared =
      'dependencies: ["weather.client>=1.2,<2", "weather-client>=2", "absent[extra]~=3.0", "elsewhere; sys_platform == \'win32\'"]\nsoft_dependencies: [wanted]\n';
    const { info, warnings } = await inspect({ "maubot.yaml": manifest + declared }, python);
    expect(info.dependencies).toEqual([
      { name: "weather.client", wanted: "<2,>=1.2", found: "1.5", isRequired: true, remedy: undefined },
      {
        name: "weather-client",
        wanted: ">=2",
        found: "1.5",
        isRequired: true,
        remedy: `${python} -m pip install 'weather-client>=2'`,
      },
      {
        name: "absent",
        wanted: "~=3.0",
        found: undefined,
        isRequired: true,
        remedy: `${python} -m pip install 'absent~=3.0'`,
      },
      {
        name: "wanted",
        wanted: "",
        found: undefined,
        isRequired: false,
        remedy: `${python} -m pip install wanted`,
      },
    ]);
    expect(info.obstacle).toMatch(
      /^It needs the Python package weather-client>=2 \(but 1\.5 is installed\) and .*absent~=3\.0 \(which is not installed\)\. Install with: /,
    );
    expect(warnings).toEqual([expect.stringMatching(/^It can do more with the Python package wanted/)]);
    expect(await sentenceOf({ "maubot.yaml": `${manifest}dependencies: ["x >> 1"]\n` }, python)).toMatch(
      /^dependencies in maubot\.yaml holds "x >> 1"/,
    );
  });

  test("compares names alone where nothing can compare versions, and says so", async () => {
    const declared = 'dependencies: ["weather.client>=2", "absent ~= 3.0 ; python_version > \'3\'"]\n';
    const { info, warnings } = await inspect({ "maubot.yaml": manifest + declared }, bare);
    expect(info.dependencies.map(({ name, wanted, found }) => [name, wanted, found])).toEqual([
      ["weather.client", ">=2", "1.5"],
      ["absent", "~= 3.0", undefined],
    ]);
    expect(warnings).toEqual([expect.stringMatching(/^Its dependencies were checked by name only/)]);
  });

  test("finds what is imported but not declared, and tells what can be done without", async () => {
    const imports = [
      "import weatherlib.api",
      "import PIL.Image, sqlalchemy as sa",
      "import json, mautrix.types, aiohttp, attr",
      "from . import helper",
      "from typing import TYPE_CHECKING",
      "try:\n    import fast_one\nexcept ImportError:\n    fast_one = None",
      "if TYPE_CHECKING:\n    import only_types",
      "def later():\n    import lazy_one",
    ].join("\n");
    const { info } = await inspect(
      {
        "greeter/bot.py": `${imports}\n${bot}`,
        "greeter/helper.py": "import deep_one",
        "greeter/unused.py": "import seldom",
        "tests/test_bot.py": "import pytest_of_author",
      },
      python,
    );
    expect(info.dependencies.map(({ name, isRequired, found }) => [name, isRequired, found])).toEqual([
      ["pillow", true, undefined],
      ["deep_one", true, undefined],
      ["fast_one", false, undefined],
      ["lazy_one", false, undefined],
      ["only_types", false, undefined],
      ["seldom", false, undefined],
      ["sqlalchemy", true, undefined],
      ["Weather_Client", true, "1.5"],
    ]);
    const remedies = info.dependencies.map(({ remedy }) => remedy?.replace(`${python} -m pip install `, ""));
    expect(remedies.slice(0, 1)).toEqual(["pillow"]);
    expect(remedies).toContain("'sqlalchemy<1.4'");
  });

  test("lists an import once when what brings it is declared", async () => {
    const changes = {
      "maubot.yaml": `${manifest}dependencies: [weather-client, Pillow]\n`,
      "greeter/bot.py": `import weatherlib, PIL\n${bot}`,
    };
    const { info } = await inspect(changes, python);
    expect(info.dependencies.map(({ name }) => name)).toEqual(["weather-client", "Pillow"]);
  });

  test("takes a soft dependency that is imported in any case for what it is", async () => {
    const soft = { "maubot.yaml": `${manifest}soft_dependencies: [python-gitlab]\n` };
    const hard = await inspect({ ...soft, "greeter/bot.py": `from gitlab import Gitlab\n${bot}` }, python);
    expect(hard.info.dependencies).toMatchObject([{ name: "python-gitlab", isRequired: true }]);
    const lazy = await inspect(
      { ...soft, "greeter/bot.py": `${bot}\n    def x(self):\n        import gitlab\n` },
      python,
    );
    expect(lazy.info.dependencies).toMatchObject([{ name: "python-gitlab", isRequired: false }]);
  });

  test("refuses an upload that lacks what it needs, unless told to take it", async () => {
    using plugins = temporaryFolder();
    const { catalog } = catalogOf(plugins.path, python);
    await catalog.open();
    const bytes = archiveOf(greeter, { "maubot.yaml": `${manifest}dependencies: ["absent>=1"]\n` });
    const refusal = await refusalOf(catalog.add(streamOf(bytes)));
    expect(refusal).toMatchObject({
      code: "plugin-refused",
      message: expect.stringContaining("pip install 'absent>=1'"),
    });
    const { entry } = await catalog.add(streamOf(bytes), { allowMissing: true });
    expect(entry.info.obstacle).toContain("absent>=1");
  });
});

test("asks no Python about a TypeScript plugin", async () => {
  const { info, mainFile } = await inspectPlugin(openArchive(archiveOf(clock)), "clock.mbp", undefined);
  expect({ language: info.language, obstacle: info.obstacle, mainFile }).toEqual({
    language: "typescript",
    obstacle: undefined,
    mainFile: "clock.ts",
  });
});

/** A virtual environment with one distribution, as pip leaves it. */
function makeEnvironment(python: string, options: readonly string[]): void {
  const made = spawnSync(python3 ?? "", ["-m", "venv", ...options, dirname(dirname(python))]);
  expect(made.status).toBe(0);
  const code = "import sysconfig; print(sysconfig.get_path('purelib'))";
  const site = spawnSync(python, ["-I", "-c", code], { encoding: "utf8" });
  install(site.stdout.trim(), "Weather_Client", "1.5", "weatherlib");
}

function install(site: string, name: string, version: string, module: string): void {
  const info = join(site, `${name}-${version}.dist-info`);
  mkdirSync(info, { recursive: true });
  writeFileSync(join(info, "METADATA"), `Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}\n`);
  writeFileSync(join(info, "top_level.txt"), `${module}\n`);
  writeFileSync(join(site, `${module}.py`), "");
}
