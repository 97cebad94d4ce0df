import { expect, test } from "bun:test";
import { chmodSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { builtInPlugins } from "../../src/bots/all.ts";
import { RoostError } from "../../src/core/error.ts";
import { definePlugin } from "../../src/core/plugin.ts";
import { describeBuiltIn, settingsSchemaOf } from "../../src/plugins/catalog/built-in.ts";
import { refusalOf } from "../doubles/delivery.ts";
import { temporaryFolder } from "../doubles/folder.ts";
import { archiveOf, clock, greeter } from "../doubles/plugin-archive.ts";
import { catalogOf, streamOf } from "../doubles/plugin-catalog.ts";

const upload = (files: Readonly<Record<string, string>>, changes: Readonly<Record<string, string>> = {}) =>
  streamOf(archiveOf(files, changes), 100);
const versioned = (version: string) => ({
  "maubot.yaml": (clock["maubot.yaml"] ?? "").replace("0.1.0", version),
});
const versionOf = (info: { readonly version: string }) => info.version;

test("takes an upload up and finds it again after a restart", async () => {
  using folder = temporaryFolder();
  const path = join(folder.path, "data/plugins");
  const { catalog } = catalogOf(path);
  await catalog.open();
  const { entry, previous } = await catalog.add(upload(clock));
  expect(previous).toBeUndefined();
  expect(entry.info).toMatchObject({
    id: "org.example.clock",
    version: "0.1.0",
    origin: "uploaded",
    language: "typescript",
    file: "org.example.clock-v0.1.0.mbp",
    sizeBytes: archiveOf(clock).length,
    entries: ["clock.ts", "maubot.yaml", "time.ts"],
    settingsSchema: { type: "object", properties: { zone: { type: "string", default: "UTC" } } },
    obstacle: undefined,
  });
  expect(entry.manifest.permissions).toEqual({ network: ["api.example.org"] });

  const again = catalogOf(path).catalog;
  await again.open();
  expect(again.list()).toEqual([entry]);
  expect(new TextDecoder().decode(await again.read("org.example.clock", "time.ts"))).toBe(
    clock["time.ts"] ?? "",
  );
  expect(await refusalOf(again.read("org.example.clock", "../secret"))).toMatchObject({ code: "not-found" });
  expect(await refusalOf(again.read("org.example.other", "time.ts"))).toMatchObject({
    code: "plugin-missing",
  });
});

test("replaces only when told to, keeps the previous file, and brings it back on demand", async () => {
  using folder = temporaryFolder();
  const { catalog } = catalogOf(folder.path);
  await catalog.open();
  await catalog.add(upload(clock));
  expect(await refusalOf(catalog.add(upload(clock)))).toMatchObject({ code: "conflict" });
  expect(
    await refusalOf(catalog.add(upload(clock), { replace: true, id: "org.example.other" })),
  ).toMatchObject({
    code: "bad-request",
  });

  for (const version of ["0.2.0", "0.1.0"]) {
    const before = filesOf(folder.path);
    const addition = await catalog.add(upload(clock, { ...versioned(version), "extra.txt": version }), {
      replace: true,
    });
    expect(versionOf(catalog.get("org.example.clock").info)).toBe(version);
    expect(filesOf(folder.path)).toEqual([`org.example.clock-v${version}.mbp`]);
    expect(addition.previous?.info.version).toBe("0.1.0");
    await addition.rollBack();
    expect(filesOf(folder.path)).toEqual(before);
    expect(catalog.get("org.example.clock").info.entries).not.toContain("extra.txt");
    expect(await refusalOf(catalog.read("org.example.clock", "extra.txt"))).toMatchObject({
      code: "not-found",
    });
    expect(await refusalOf(addition.rollBack())).toMatchObject({ code: "bad-request" });
  }
});

test("undoes a first upload by putting it aside", async () => {
  using folder = temporaryFolder();
  const { catalog } = catalogOf(folder.path);
  await catalog.open();
  const addition = await catalog.add(upload(clock));
  await addition.rollBack();
  expect(catalog.list()).toEqual([]);
  expect(filesOf(folder.path)).toEqual([]);
});

test("puts a removed plugin into the trash under the time, with every file of it", async () => {
  using folder = temporaryFolder();
  writeFileSync(join(folder.path, "old.mbp"), archiveOf(clock));
  writeFileSync(join(folder.path, "new.mbp"), archiveOf(clock, versioned("0.10.0")));
  const { catalog } = catalogOf(folder.path);
  await catalog.open();
  await catalog.remove("org.example.clock");
  expect(filesOf(folder.path)).toEqual([]);
  const kept = readdirSync(join(folder.path, "trash")).sort();
  expect(kept.map((name) => name.replace(/^\d{8}T\d{6}\.\d{3}Z-/, "")).sort()).toEqual([
    "new.mbp",
    "old.mbp",
  ]);
  expect(await refusalOf(catalog.remove("org.example.clock"))).toMatchObject({ code: "plugin-missing" });
});

test("takes up what was dropped: archives, links to read-only ones, and unpacked folders", async () => {
  using folder = temporaryFolder();
  using store = temporaryFolder();
  const fixed = join(store.path, "greeter.mbp");
  writeFileSync(fixed, archiveOf(greeter));
  chmodSync(fixed, 0o444);
  symlinkSync(fixed, join(folder.path, "greeter.mbp"));
  unpack(join(folder.path, "clock"), clock);
  writeFileSync(join(folder.path, "README.md"), "not a plugin");
  const { catalog, log } = catalogOf(folder.path);
  await catalog.open();
  expect(catalog.list().map(({ info, isFolder }) => [info.id, isFolder])).toEqual([
    ["org.example.clock", true],
    ["org.example.greeter", false],
  ]);
  expect(new TextDecoder().decode(await catalog.read("org.example.clock", "time.ts"))).toBe(
    clock["time.ts"] ?? "",
  );
  expect({ problems: catalog.problems(), lines: log.lines }).toEqual({ problems: [], lines: [] });

  await catalog.remove("org.example.greeter");
  expect(readFileSync(fixed)).toEqual(Buffer.from(archiveOf(greeter)));
});

test("lists a bad file as a problem for as long as it is there, and serves the others", async () => {
  using folder = temporaryFolder();
  writeFileSync(join(folder.path, "bad.mbp"), archiveOf(clock).slice(0, 200));
  writeFileSync(
    join(folder.path, "echo.mbp"),
    archiveOf(clock, { "maubot.yaml": (clock["maubot.yaml"] ?? "").replace("org.example.clock", "echo") }),
  );
  mkdirSync(join(folder.path, "notes"));
  unpack(join(folder.path, "linked"), clock);
  symlinkSync("/etc/hostname", join(folder.path, "linked/hostname"));
  symlinkSync("/nowhere", join(folder.path, "lost.mbp"));
  writeFileSync(join(folder.path, "good.mbp"), archiveOf(greeter));
  const { catalog, log } = catalogOf(folder.path);
  await catalog.open();
  expect(catalog.list().map(({ info }) => info.id)).toEqual(["org.example.greeter"]);
  expect(catalog.problems().map(({ file, sentence }) => [file, sentence])).toEqual([
    ["bad.mbp", expect.stringMatching(/cut short/)],
    ["echo.mbp", expect.stringMatching(/built in/)],
    ["linked", expect.stringMatching(/"hostname" is a link that leads out/)],
    ["lost.mbp", expect.stringMatching(/^It cannot be read: ENOENT/)],
    ["notes", expect.stringMatching(/no maubot.yaml/)],
  ]);
  expect([...log.open.keys()].length).toBe(5);

  writeFileSync(join(folder.path, "bad.mbp"), archiveOf(clock));
  await catalog.open();
  expect(log.open.has("plugin-file bad.mbp")).toBe(false);
  expect(catalog.list().map(({ info }) => info.id)).toEqual(["org.example.clock", "org.example.greeter"]);
});

test("uses the newest of several files of one plugin and names the others", async () => {
  using folder = temporaryFolder();
  for (const version of ["0.9.0", "0.10.0", "0.10.0-rc.1"]) {
    writeFileSync(join(folder.path, `clock-${version}.mbp`), archiveOf(clock, versioned(version)));
  }
  const { catalog } = catalogOf(folder.path);
  await catalog.open();
  const [entry, ...more] = catalog.list();
  expect(more).toEqual([]);
  expect(entry?.info.version).toBe("0.10.0");
  expect(entry?.warnings).toEqual([
    expect.stringMatching(/^clock-0\.9\.0\.mbp .* not used: the newest is/),
    expect.stringMatching(/^clock-0\.10\.0-rc\.1\.mbp .* not used: the newest is/),
  ]);
});

test("removes what an upload that broke off had left", async () => {
  using folder = temporaryFolder();
  writeFileSync(join(folder.path, ".upload-1"), "half");
  const { catalog } = catalogOf(folder.path);
  await catalog.open();
  async function* breaking() {
    yield archiveOf(clock).subarray(0, 100);
    throw new Error("The connection broke.");
  }
  expect(String(await refusalOf(catalog.add(breaking())))).toContain("The connection broke.");
  expect(readdirSync(folder.path)).toEqual([]);
});

test("refuses an upload that does not end, without keeping it", async () => {
  using folder = temporaryFolder();
  const { catalog } = catalogOf(folder.path);
  await catalog.open();
  const piece = new Uint8Array(5_000_000);
  async function* endless() {
    for (;;) yield piece;
  }
  expect(await refusalOf(catalog.add(endless()))).toMatchObject({ code: "plugin-refused" });
  expect(readdirSync(folder.path)).toEqual([]);
});

test("starts with a problem instead of failing when its folder is not one", async () => {
  using folder = temporaryFolder();
  const path = join(folder.path, "plugins");
  writeFileSync(path, "");
  const { catalog } = catalogOf(path);
  await catalog.open();
  expect(catalog.problems()).toEqual([
    { file: "", sentence: expect.stringMatching(/^The plugins folder .* cannot be changed/) },
  ]);
  const refusal = await refusalOf(catalog.add(upload(clock)));
  expect(refusal).toBeInstanceOf(RoostError);
});

test("takes two uploads at once one after the other", async () => {
  using folder = temporaryFolder();
  const { catalog } = catalogOf(folder.path);
  await catalog.open();
  const results = await Promise.allSettled([
    catalog.add(upload(clock)),
    catalog.add(upload(clock)),
    catalog.add(upload(greeter)),
  ]);
  expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
});

test("describes a built-in plugin in the same words", () => {
  const plugin = definePlugin({
    config: z.strictObject({
      greeting: z.string().default("Hello").describe("What it says."),
      token: z.string().optional().meta({ writeOnly: true }),
      limits: z
        .strictObject({ pauseMs: z.int().default(1000).describe("Between two greetings.") })
        .prefault({}),
    }),
    answersTo: () => [],
    setup: () => undefined,
  });
  const info = describeBuiltIn("greeter", plugin, "1.0.0");
  expect(info).toMatchObject({
    id: "greeter",
    version: "1.0.0",
    origin: "built-in",
    language: "typescript",
    file: undefined,
  });
  expect(info.settingsSchema).toMatchObject({
    type: "object",
    properties: {
      greeting: { type: "string", default: "Hello", description: "What it says." },
      token: { type: "string", writeOnly: true },
    },
  });
  expect(info.baseConfig).toBe(
    "# What it says.\ngreeting: Hello\nlimits:\n  # Between two greetings.\n  pauseMs: 1000\n",
  );
});

test("describes every built-in plugin by defaults that its own schema accepts", () => {
  for (const [id, plugin] of builtInPlugins) {
    const { baseConfig, settingsSchema } = describeBuiltIn(id, plugin, "1.0.0");
    expect(settingsSchema?.type).toBe("object");
    const defaults: unknown = baseConfig === undefined ? {} : parse(baseConfig);
    expect(plugin.config.safeParse(defaults).error).toBeUndefined();
  }
  const instagram = builtInPlugins.get("instagram");
  const secrets = JSON.stringify(instagram === undefined ? {} : settingsSchemaOf(instagram.config));
  expect(secrets).toContain('"writeOnly":true');
});

function filesOf(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name !== "trash")
    .sort();
}

function unpack(folder: string, files: Readonly<Record<string, string>>): void {
  mkdirSync(folder);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
}
