import { expect, test } from "bun:test";
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { InstanceId } from "../../src/core/id.ts";
import type { JsonObject } from "../../src/core/json.ts";
import { discardSavedSettings, readSavedSettings } from "../../src/host/management/saved-settings.ts";
import { temporaryFolder } from "../doubles/folder.ts";

const id = "notes" as InstanceId;

function stage(path: string) {
  const folder = join(path, "instances", id);
  mkdirSync(folder, { recursive: true });
  const file = join(folder, "overlay.json");
  const read = (config: JsonObject = {}) => readSavedSettings(path, { id, config }, undefined);
  return { file, read };
}

test("what a plugin saved is told without secrets, and no more where its admin has written another value since", () => {
  using folder = temporaryFolder();
  const { file, read } = stage(folder.path);
  const set = [
    [["limits", "daily"], 5],
    [["api_token"], "swordfish"],
    [["proxy"], "http://me:swordfish@example.org/"],
  ];
  writeFileSync(file, JSON.stringify({ written: { limits: { daily: 3 } }, set }));
  const others = [
    { path: "api_token", value: "[redacted]" },
    { path: "proxy", value: "[redacted]" },
  ];
  expect(read({ limits: { daily: 3 } })).toEqual([{ path: "limits.daily", value: 5 }, ...others]);
  expect(read({ limits: { daily: 4 } })).toEqual(others);
  discardSavedSettings(folder.path, id);
  expect(read({ limits: { daily: 3 } })).toEqual([]);
});

test("a file of the plugin that is none of these is passed over, and no link of it is followed", () => {
  using folder = temporaryFolder();
  const { file, read } = stage(folder.path);
  const elsewhere = join(folder.path, "elsewhere.json");
  const sound = JSON.stringify({ written: {}, set: [[["a"], 1]] });
  writeFileSync(elsewhere, sound);
  symlinkSync(elsewhere, file);
  expect(read()).toEqual([]);
  rmSync(file);
  for (const text of ["", "[]", '{"written":{},"set":[[[],1]]}', sound.padEnd(300_000)]) {
    writeFileSync(file, text);
    expect(read()).toEqual([]);
  }
  writeFileSync(file, sound);
  expect(read()).toEqual([{ path: "a", value: 1 }]);
});
