import { afterEach, beforeEach, expect, test } from "bun:test";
import { chmodSync, renameSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { PluginSettings } from "../../src/config/plugins.ts";
import { ConfigReader } from "../../src/config/reader.ts";
import { Folder, head, plugins } from "./room.ts";

const settledAfterMs = 30;
const bot = (name: string, key = "{ file: key }") =>
  `instances:\n  ${name}: { plugin: instagram, account: "@a:example.org", rooms: [], config: { key: ${key} } }\n`;

let folder: Folder;
let known: PluginSettings;
let hasLoggedIn: boolean;
let reader: ConfigReader;

beforeEach(async () => {
  folder = new Folder();
  hasLoggedIn = false;
  const found = new Map(plugins.names().map((name) => [name, plugins.find(name)]));
  known = { names: plugins.names, find: (name) => found.get(name) };
  const file = folder.write("config.yaml", head);
  folder.write("generations/one/a.yaml", bot("fourth"));
  folder.write("generations/two/a.yaml", bot("fifth"));
  folder.write("data/instances.d/one.yaml", bot("first"));
  folder.write("data/instances.d/key", "hunter1\n");
  symlinkSync("../../generations/one/a.yaml", join(folder.path, "data/instances.d/link.yaml"));
  const options = {
    env: {},
    plugins: { names: () => known.names(), find: (name: string) => known.find(name) },
    hasLoggedIn: () => hasLoggedIn,
  };
  reader = new ConfigReader(file, options, settledAfterMs);
  reader.read();
  await Bun.sleep(4 * settledAfterMs);
  reader.read();
});
afterEach(() => folder[Symbol.dispose]());

const path = (name: string) => join(folder.path, "data/instances.d", name);
const ids = () => [...(reader.read().loaded.config?.instances.keys() ?? [])].join();

test("a config is not read again while nothing has changed", () => {
  expect(reader.read()).toBe(reader.read());
  expect(ids()).toBe("fourth,first");
});

test("an edit that leaves size and time as they were is seen", () => {
  const { atime, mtime } = statSync(path("one.yaml"));
  writeFileSync(path("one.yaml"), bot("third"));
  utimesSync(path("one.yaml"), atime, mtime);
  expect(ids()).toBe("fourth,third");
});

test("two edits within the same tick of the clock are both seen", () => {
  for (const name of ["third", "sixth", "ninth", "tenth"]) {
    writeFileSync(path("one.yaml"), bot(name));
    expect(ids()).toBe(`fourth,${name}`);
  }
});

test("a file that is replaced, added or taken away is seen", () => {
  writeFileSync(path(".new"), bot("third"));
  renameSync(path(".new"), path("one.yaml"));
  expect(ids()).toBe("fourth,third");
  writeFileSync(path("zero.yaml"), bot("last"));
  expect(ids()).toBe("fourth,third,last");
  rmSync(path("one.yaml"));
  expect(ids()).toBe("fourth,last");
});

test("a link that is turned to an older file is seen", () => {
  symlinkSync("../../generations/two/a.yaml", path(".new"));
  renameSync(path(".new"), path("link.yaml"));
  expect(ids()).toBe("fifth,first");
});

test("a secret that changed, and one that everybody may read now, are seen", () => {
  const keyOf = () => reader.read().loaded.config?.instances.values().toArray().at(-1)?.config.key;
  expect(keyOf()).toBe("hunter1");
  writeFileSync(path("key"), "hunter2\n");
  expect(keyOf()).toBe("hunter2");
  chmodSync(path("key"), 0o644);
  expect(
    reader
      .read()
      .loaded.problems.map(({ message }) => message)
      .join(),
  ).toContain("every user");
});

test("a plugin that is another now, and an account that has logged in, are seen", () => {
  const problems = () =>
    reader
      .read()
      .loaded.problems.map(({ message }) => message)
      .join();
  expect(problems()).toContain("cannot log in");
  hasLoggedIn = true;
  expect(problems()).not.toContain("cannot log in");
  known = { names: () => ["echo"], find: (name) => (name === "echo" ? plugins.find("echo") : undefined) };
  expect(problems()).toContain("there is no plugin");
});
