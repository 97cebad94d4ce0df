import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { builtInPlugins } from "../src/bots/all.ts";
import { temporaryFolder } from "./doubles/folder.ts";
import { findFreePort } from "./doubles/free-port.ts";
import { roost } from "./doubles/host.ts";

test("the demo runs from an empty folder, and every reply that it promises comes", async () => {
  using folder = temporaryFolder();
  const { out, code } = await roost(["demo", "--once", "--port", String(await findFreePort())], {
    cwd: folder.path,
  });
  expect(out).toContain("Every expected reply came.");
  expect(out).toContain("1,204 likes");
  expect(code).toBe(0);
}, 60_000);

test("instagram parse says what a link is, one JSON object a line", async () => {
  const { out, code } = await roost([
    "instagram",
    "parse",
    "--json",
    "https://www.instagram.com/p/CTU-Mz7oxfR/?img_index=2",
    "https://www.instagram.com/natgeo/",
    "https://example.org/",
  ]);
  expect(
    out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line)),
  ).toEqual([
    {
      input: "https://www.instagram.com/p/CTU-Mz7oxfR/?img_index=2",
      kind: "post",
      shortcode: "CTU-Mz7oxfR",
      imgIndex: 2,
    },
    { input: "https://www.instagram.com/natgeo/", kind: "profile", username: "natgeo" },
    { input: "https://example.org/", kind: "none" },
  ]);
  expect(code).toBe(0);
});

test("instagram show reports a saved answer, and says so when a file is not there", async () => {
  using folder = temporaryFolder();
  const file = join(folder.path, "answer.json");
  await Bun.write(
    file,
    JSON.stringify({ message: "Please wait a few minutes before you try again.", status: "fail" }),
  );
  const { out } = await roost(["instagram", "show", "--json", "--status", "401", file]);
  expect(JSON.parse(out)).toMatchObject({
    input: file,
    outcome: "refused",
    refusal: { class: "rate-limited" },
  });
  const missing = await roost(["instagram", "show", "/nowhere.json"]);
  expect(missing.code).toBe(1);
  expect(missing.err).toContain("/nowhere.json");
});

test("hash-password prints a hash that fits the password, and refuses a short one", async () => {
  const { out } = await roost(["hash-password"], { stdin: "correct horse battery\n" });
  expect(out).toStartWith("$argon2id$v=19$m=19456,t=2");
  expect(await Bun.password.verify("correct horse battery", out.trim())).toBe(true);
  const short = await roost(["hash-password"], { stdin: "short\n" });
  expect([short.code, short.out]).toEqual([1, ""]);
});

test("the example config names every setting of the Instagram bot with its default", () => {
  const example = parse(readFileSync(join(import.meta.dir, "../config.example.yaml"), "utf8"));
  const defaults = builtInPlugins.get("instagram")?.config.parse({});
  expect(example.instances.instagram.config).toEqual(defaults);
});

test("--version prints the name, the version and, when built from a checkout, the commit, and no more", async () => {
  const { out, code } = await roost(["--version"]);
  expect(out).toMatch(/^roost \d+\.\d+\.\d+(-dev)?( \([0-9a-f]+\))?\n$/);
  expect(code).toBe(0);
});

test("a misspelt command or option is wrong usage, and the nearest one is named", async () => {
  for (const [args, says] of [
    [["serv"], "did you mean serve?"],
    [["check", "--jsn"], "did you mean --json?"],
    [["--verson"], "did you mean --version?"],
    [["xyzzy"], 'There is no command "xyzzy".'],
    [["check", "--config", "a", "--config", "b"], "--config is given more than once"],
    [["backup", "lits"], "did you mean list?"],
    [["instagram", "xyzzy"], '"xyzzy" is not one of show, parse.'],
    [["completions", "tcsh"], '"tcsh" is not one of bash, zsh, fish: did you mean bash?'],
    [["check", "--no-secret"], "did you mean --no-secrets?"],
    [["restart"], "restart <instance>"],
    [["demo", "--port", "none"], "--port must be a number"],
  ] as const) {
    const { out, err, code } = await roost([...args]);
    expect([out, code]).toEqual(["", 2]);
    expect(err).toContain(says);
  }
}, 30_000);

test("a config whose name is a number is a file like any other", async () => {
  expect((await roost(["check", "--config", "5"])).err).toContain("5:1:1: ");
});
