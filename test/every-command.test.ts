/** What holds for every command there is, found by walking the definitions themselves. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { commandLine } from "../src/commands/command-line.ts";
import { optionText } from "../src/commands/misspelling.ts";
import { roost } from "./doubles/host.ts";

const cli = commandLine(
  {
    env: {},
    isTerminal: false,
    version: "0.0.0",
    self: ["roost"],
    out: () => {},
    err: () => {},
    draw: undefined,
    stopRequested: () => new Promise(() => {}),
  },
  () => {},
);

setDefaultTimeout(30_000);

/** Commands whose answer is no data for a script: they run until stopped, print one text as it is, or set this machine up. */
const withoutJson = ["serve", "demo", "schema", "hash-password", "completions", "install", "uninstall"];

for (const command of cli.commands) {
  const { name, args, options } = command;

  test(`${name} has help with an example of itself`, async () => {
    const { out, code } = await roost([name, "--help"]);
    expect(code).toBe(0);
    const [, examples = ""] = out.split("Examples:\n");
    expect(examples).toContain(`roost ${name}`);
    for (const option of options) expect(out).toContain(optionText(option));
    expect(out).not.toContain("\x1b");
  });

  test(`${name} answers wrong usage with 2 and where to look`, async () => {
    const needed = args.filter(({ required }) => required).length;
    const wrong = [
      [name, "--nonsense"],
      ...(needed > 0 ? [[name]] : []),
      ...(args.some(({ variadic }) => variadic) ? [] : [[name, ...args.map(() => "x"), "x"]]),
    ];
    for (const words of wrong) {
      const { out, err, code } = await roost(words);
      expect({ words, code, out }).toEqual({ words, code: 2, out: "" });
      expect(err).toContain("--help");
    }
  });

  test(`${name} has --json exactly where a script would read the answer`, () => {
    expect(options.some((option) => option.name === "json")).toBe(!withoutJson.includes(name));
  });
}
