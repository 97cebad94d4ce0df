import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { loadConfig } from "../../src/config/load.ts";
import { configSchema } from "../../src/config/schema.ts";
import { isObject } from "../../src/core/json.ts";
import { pluginSettings } from "../../src/host/plugin-settings.ts";
import { Folder } from "./room.ts";

const root = join(import.meta.dir, "../..");
const example = readFileSync(join(root, "config.example.yaml"), "utf8");

function keysOf(schema: unknown): string[] {
  if (!isObject(schema)) return [];
  const own = isObject(schema.properties) ? Object.entries(schema.properties) : [];
  const parts = [schema.additionalProperties, schema.items, ...[schema.anyOf].flat()];
  return [...own.flatMap(([key, inner]) => [key, ...keysOf(inner)]), ...parts.flatMap(keysOf)];
}

test("loads the example without a problem once its secrets are there", () => {
  using folder = new Folder();
  folder.write("secrets/registration_token", "token\n");
  folder.write("secrets/password_hash", "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2g\n");
  folder.write("secrets/echo_password", "password\n");
  const file = folder.write("config.yaml", example);
  const loaded = loadConfig(file, { env: { OLD_BOT_TOKEN: "token" }, plugins: pluginSettings });
  expect(folder.sentences(loaded)).toEqual([]);
  expect([...(loaded.config?.instances.keys() ?? [])].map(String)).toEqual(["instagram", "echo"]);
});

test("mentions every key of the schema in the example, with a comment before each section", () => {
  const keys = [...new Set(keysOf(configSchema()))];
  expect(keys.length).toBeGreaterThan(25);
  for (const key of keys) expect(example).toMatch(new RegExp(`^[^#]*\\b${key}:`, "m"));
});

test("names the schema in the example's first line, for editors", () => {
  expect(example.split("\n")[0]).toBe("# yaml-language-server: $schema=./roost.schema.json");
});

test("describes every setting in the schema", () => {
  const describe = (schema: unknown, path: string): string[] => {
    if (!isObject(schema)) return [];
    const own = isObject(schema.properties) ? Object.entries(schema.properties) : [];
    const missing = own.filter(([, inner]) => !isObject(inner) || typeof inner.description !== "string");
    const parts = [schema.additionalProperties, schema.items, ...[schema.anyOf].flat()];
    return [
      ...missing.map(([key]) => `${path}.${key}`),
      ...own.flatMap(([key, inner]) => describe(inner, `${path}.${key}`)),
      ...parts.flatMap((part) => describe(part, path)),
    ];
  };
  expect(describe(configSchema(), "")).toEqual([]);
});

test("keeps roost.schema.json as `roost schema` prints it", () => {
  expect(JSON.parse(readFileSync(join(root, "roost.schema.json"), "utf8"))).toEqual(configSchema());
  expect(configSchema().$schema).toBe("http://json-schema.org/draft-07/schema#");
});

test("shows in the example the values that hold where nothing is written", () => {
  const shown: unknown = parse(example);
  expect(shown).toMatchObject({
    admin: { messages_per_hour: 30, message_interval: "10s" },
    server: { host: "127.0.0.1", port: 29316, allow_remote: false },
    catch_up: "1h",
    reload: "manual",
  });
});
