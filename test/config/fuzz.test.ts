import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { LoadedConfig } from "../../src/core/config.ts";
import { seededIntegers } from "../doubles/seeded-random.ts";
import { Folder } from "./room.ts";

const secret = "Zx9QwertyZx9";
const example = readFileSync(join(import.meta.dir, "../../config.example.yaml"), "utf8")
  .replace("registration_token: { file: secrets/registration_token }", `registration_token: ${secret}`)
  .replace("password: { file: secrets/echo_password }", `{ password: "${secret}", displayname: Echo }`)
  .replace('  "@echo:example.org":\n', '  "@echo:example.org":')
  .replace("access_token: { env: OLD_BOT_TOKEN }", `access_token: '${secret}'`);

const pieces = [
  "\n",
  " ",
  "  ",
  "\t",
  ":",
  ": ",
  "- ",
  "#",
  " #",
  "!",
  "@",
  "&a ",
  "*a",
  "[",
  "]",
  "{",
  "}",
  ",",
  '"',
  "'",
];
const tokens = [
  ...pieces,
  "|\n",
  ">\n",
  "---\n",
  "%",
  "?",
  "\r",
  "\u0007",
  "\u202e",
  "0x1f",
  ".nan",
  "null",
  "true",
  "<<: *a",
  "é",
];

function mutate(text: string, random: (below: number) => number): string {
  const at = random(text.length + 1);
  const length = random(random(4) === 0 ? 60 : 4);
  const token = tokens[random(tokens.length)] ?? "";
  switch (random(5)) {
    case 0:
      return text.slice(0, at) + token + text.slice(at);
    case 1:
      return text.slice(0, at) + text.slice(at + length);
    case 2:
      return text.slice(0, at) + token + text.slice(at + length);
    case 3: {
      const from = random(text.length);
      return text.slice(0, at) + text.slice(from, from + random(80)) + text.slice(at);
    }
    default:
      return text.slice(0, at) + text.slice(at, at + length).toUpperCase() + text.slice(at + length);
  }
}

function expectSound(text: string, { config, problems }: LoadedConfig): void {
  const lines = text.replace(/^\uFEFF/, "").split("\n");
  for (const { line, column, message } of problems) {
    const length = lines[line - 1]?.length;
    if (length === undefined || column < 1 || column > length + 1) {
      throw new Error(`${line}:${column} is outside of the file: ${message}`);
    }
  }
  if (config === undefined) expect(problems.some(({ severity }) => severity === "error")).toBe(true);
}

test("survives thousands of damaged examples, always with places inside the file", () => {
  using folder = new Folder();
  for (let seed = 1; seed <= 2500; seed++) {
    const random = seededIntegers(seed);
    let text = example;
    for (let times = 1 + random(4); times > 0; times--) text = mutate(text, random);
    try {
      expectSound(text, folder.load(text));
    } catch (error) {
      throw new Error(`seed ${seed}:\n${text}`, { cause: error });
    }
  }
}, 60_000);

test("shows no secret when one thing anywhere in the file is damaged", () => {
  using folder = new Folder();
  for (let seed = 1; seed <= 1500; seed++) {
    const text = mutate(example, seededIntegers(seed));
    const shown = JSON.stringify(folder.load(text).problems);
    if (shown.includes("Qwerty")) throw new Error(`seed ${seed}: ${shown}`);
  }
}, 60_000);

test("survives random bytes", () => {
  using folder = new Folder();
  for (let seed = 1; seed <= 1000; seed++) {
    const random = seededIntegers(seed);
    const printable = random(2) === 0;
    const bytes = Uint8Array.from({ length: random(300) }, () => (printable ? 32 + random(95) : random(256)));
    const text = new TextDecoder().decode(bytes);
    const loaded = folder.load(bytes);
    expectSound(text, loaded);
    expect(loaded.problems.length).toBeGreaterThan(0);
  }
}, 60_000);
