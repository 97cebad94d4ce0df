import { expect, test } from "bun:test";
import { diffConfigs, listDifferences } from "../../src/config/diff.ts";
import { Folder, instance } from "./room.ts";

const base = instance('rooms: ["!a:example.org"]');

/** What changes between two texts of the same file. */
function diff(
  before: string,
  after: string,
  env: [Record<string, string>, Record<string, string>] = [{}, {}],
): string[] {
  using folder = new Folder();
  const running = folder.load(before, env[0]).config;
  const disk = folder.load(after, env[1]).config;
  if (running === undefined || disk === undefined) throw new Error("both texts must be understood");
  return diffConfigs(running, disk);
}

test("finds nothing where only comments and the order of keys differ", () => {
  expect(diff(base, `reload: manual\n# moved\n${base}`)).toEqual([]);
});

test("names the instances added, removed and changed, and what changed in them", () => {
  const weather = '  weather: { plugin: echo, account: "@a:example.org" }\n';
  expect(diff(base, base + weather)).toEqual(["instance weather added"]);
  expect(diff(base + weather, base)).toEqual(["instance weather removed"]);
  expect(diff(base, `${base.replace("!a:", "!b:")}    prefix: "?"\n`)).toEqual([
    "instance insta changed: rooms, prefix",
  ]);
  expect(diff(base, `${base}    config: { limit: 2 }\n    enabled: false\n`)).toEqual([
    "instance insta changed: enabled, config",
  ]);
});

test("tells an instance that broke or was mended on disk", () => {
  const bad = base.replace('"!a:example.org"', "!a:example.org");
  expect(diff(base, bad)).toEqual(["instance insta changed: it has problems and could not start again"]);
  expect(diff(bad, base)).toEqual(["instance insta mended: it can run now"]);
  expect(diff(bad, bad)).toEqual([]);
  expect(diff(base, `${base}  new: {}\n`)).toEqual(["instance new added, but it has problems"]);
});

test("sees a changed password without showing it, nor the account's name", () => {
  const text = base.replace('"@a:example.org":\n', '"@a:example.org": { password: { env: PASSWORD } }\n');
  expect(diff(text, text, [{ PASSWORD: "one" }, { PASSWORD: "two" }])).toEqual([
    "instance insta changed: the settings of its account",
  ]);
});

test("names each host setting that needs the unit restarted", () => {
  const after = base.replace("m.example.org", "n.example.org, registration_token: abc");
  expect(
    diff(
      base,
      `${after}server: { port: 8080 }\ncatch_up: 2h\nadmin: { account: "@r:example.org", messages_per_hour: 5, message_interval: 1s }\n`,
    ),
  ).toEqual([
    "homeserver.url changed: restart the unit",
    "homeserver.registration_token changed: restart the unit",
    "admin.account changed: restart the unit",
    "admin.messages_per_hour changed: restart the unit",
    "admin.message_interval changed: restart the unit",
    "server.port changed: restart the unit",
    "catch_up changed: restart the unit",
  ]);
});

test("shows the lines of each instance that differ, without secrets", () => {
  using folder = new Folder();
  const running = folder.load(
    `${base}    config: { key: hunter2 }\n  gone: { plugin: echo, account: "@a:example.org" }\n`,
    {},
  ).config;
  const disk = folder.load(`${base.replace("!a:", "!b:")}    config: { key: hunter3 }\n  bad: 7\n`).config;
  if (running === undefined || disk === undefined) throw new Error("both texts must be understood");
  expect(listDifferences(running, disk)).toEqual([
    {
      instance: expect.anything(),
      sentence: "instance insta changed: rooms, config",
      diff: `@@ -1,5 +1,5 @@
 insta:
   plugin: instagram
   account: "@a:example.org"
-  rooms: ["!a:example.org"]
+  rooms: ["!b:example.org"]
   config: { key: "[redacted]" }
`,
    },
    {
      instance: expect.anything(),
      sentence: "instance gone removed",
      diff: '@@ -1,1 +0,0 @@\n-gone: { plugin: echo, account: "@a:example.org" }\n',
    },
    {
      instance: expect.anything(),
      sentence: "instance bad added, but it has problems",
      diff: "@@ -0,0 +1,1 @@\n+bad: 7\n",
    },
  ]);
  const secret = folder.load(`${base}    config: { key: hunter9 }\n`).config;
  const other = folder.load(`${base}    config: { key: hunter8 }\n`).config;
  if (secret === undefined || other === undefined) throw new Error("both texts must be understood");
  expect(listDifferences(secret, other).map(({ diff }) => diff)).toEqual([""]);
});
