import { afterEach, expect, test } from "bun:test";
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Watching, watchConfig } from "../../src/config/watch.ts";
import { Folder } from "./room.ts";

/** Counts the calls and lets a test wait for the next one. */
class Calls {
  count = 0;
  #waiting: (() => void)[] = [];
  readonly notice = () => {
    this.count++;
    for (const resolve of this.#waiting.splice(0)) resolve();
  };
  async after(act: () => void): Promise<void> {
    const called = new Promise<void>((resolve) => this.#waiting.push(resolve));
    act();
    await called;
  }
}

const open: { close(): Promise<void> }[] = [];
const folders: Folder[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((watching) => watching.close()));
  for (const folder of folders.splice(0)) folder[Symbol.dispose]();
});

function makeFolder(): Folder {
  const folder = new Folder();
  folders.push(folder);
  return folder;
}
/** Watches files of a folder; changes made at once are seen too, since the first look comes after the start. */
function watching(folder: Folder, ...names: string[]): { calls: Calls; watching: Watching } {
  const calls = new Calls();
  const watching = watchConfig(
    names.map((name) => join(folder.path, name)),
    calls.notice,
  );
  open.push(watching);
  return { calls, watching };
}

test("notices a file written in place, and many writes at once as one", async () => {
  const folder = makeFolder();
  const file = folder.write("config.yaml", "1");
  const { calls } = watching(folder, "config.yaml");
  await calls.after(() => writeFileSync(file, "22"));
  await calls.after(() => {
    for (let i = 0; i < 20; i++) writeFileSync(file, "x".repeat(i));
  });
  expect(calls.count).toBe(2);
});

test("notices a file replaced by a rename, again and again", async () => {
  const folder = makeFolder();
  const file = folder.write("config.yaml", "1");
  const { calls } = watching(folder, "config.yaml");
  for (const text of ["22", "333", "4444"]) {
    await calls.after(() => {
      renameSync(folder.write("config.yaml.new", text), file);
    });
  }
});

test("notices a new generation of secrets behind a symbolic link, and an edit inside of it", async () => {
  const folder = makeFolder();
  folder.write("secrets.d/1/token", "one");
  folder.write("secrets.d/2/token", "two");
  const link = join(folder.path, "secrets");
  symlinkSync("secrets.d/1", link);
  symlinkSync("secrets/token", join(folder.path, "token"));
  const { calls } = watching(folder, "token");
  await calls.after(() => {
    symlinkSync("secrets.d/2", `${link}.new`);
    renameSync(`${link}.new`, link);
    rmSync(join(folder.path, "secrets.d/1"), { recursive: true });
  });
  await calls.after(() => folder.write("secrets.d/2/token", "changed"));
});

test("waits for a file whose folders are missing", async () => {
  const folder = makeFolder();
  const { calls } = watching(folder, "a/b/token");
  await calls.after(() => folder.write("a/b/token", "1"));
  await calls.after(() => folder.write("a/b/token", "22"));
});

test("notices files that come, change and go in a folder", async () => {
  const folder = makeFolder();
  mkdirSync(join(folder.path, "instances.d"));
  const { calls } = watching(folder, "instances.d");
  await calls.after(() => folder.write("instances.d/a.yaml", "1"));
  await calls.after(() => folder.write("instances.d/a.yaml", "22"));
  await calls.after(() => rmSync(join(folder.path, "instances.d/a.yaml")));
});

test("goes on when a folder is made anew under its old name", async () => {
  const folder = makeFolder();
  const file = folder.write("etc/config.yaml", "1");
  const { calls } = watching(folder, "etc/config.yaml");
  await calls.after(() => rmSync(join(folder.path, "etc"), { recursive: true }));
  await calls.after(() => folder.write("etc/config.yaml", "22"));
  await calls.after(() => writeFileSync(file, "333"));
});

test("says nothing of other files beside those it watches, and follows others when told", async () => {
  const folder = makeFolder();
  folder.write("config.yaml", "1");
  const { calls, watching: watcher } = watching(folder, "config.yaml");
  await calls.after(() => {
    folder.write("other.yaml", "1");
    folder.write("config.yaml", "22");
  });
  watcher.follow([join(folder.path, "other.yaml")]);
  await calls.after(() => {
    folder.write("config.yaml", "333");
    folder.write("other.yaml", "22");
  });
  expect(calls.count).toBe(2);
});
