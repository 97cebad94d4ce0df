/** What the shells offer once they have read what `roost completions` prints: real shells, where they are installed. */
import { beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "./doubles/folder.ts";
import { roost } from "./doubles/host.ts";
import { findProgram, needs } from "./doubles/needs.ts";
import { run } from "./doubles/run.ts";

setDefaultTimeout(30_000);

/** Runs `script` in the shell; `$SCRIPT` in it stands for the file of completions. */
async function inShell(command: readonly string[], completions: string, script: string): Promise<string> {
  using folder = temporaryFolder();
  const file = join(folder.path, "completions");
  writeFileSync(file, completions);
  const { out, err } = await run([...command, script], {
    cwd: folder.path,
    env: { PATH: process.env.PATH ?? "", HOME: folder.path, SCRIPT: file, TERM: "dumb" },
  });
  return out + err;
}

function inShellThatIs(shell: "bash" | "zsh" | "fish") {
  const path = findProgram(shell);
  const why = `apt install ${shell}`;
  return { path: path ?? shell, lack: path === undefined ? ({ of: "package", why } as const) : undefined };
}

const bash = inShellThatIs("bash");
needs("bash", bash.lack)("bash", () => {
  let script = "";
  beforeAll(async () => {
    script = (await roost(["completions", "bash"])).out;
  });
  const offered = (...words: string[]) =>
    inShell(
      [bash.path, "--norc", "-c"],
      script,
      `source "$SCRIPT"; COMP_WORDS=(${words.map((word) => `'${word}'`).join(" ")}); COMP_CWORD=${words.length - 1}; _roost; printf '%s\\n' "\${COMPREPLY[@]}"`,
    );

  test("completes commands, actions and options, and leaves the value of an option to files", async () => {
    expect(await offered("roost", "regi")).toBe("register\n");
    expect(await offered("roost", "instagram", "p")).toBe("parse\n");
    expect(await offered("roost", "logs", "--fo")).toBe("--follow\n");
    expect(await offered("roost", "check", "--config", "c")).toBe("\n");
  });
});

const zsh = inShellThatIs("zsh");
needs("zsh", zsh.lack)("zsh", () => {
  test("completes a command, an action and an option as somebody presses Tab", async () => {
    const { out: script } = await roost(["completions", "zsh"]);
    const type = (line: string) => `zpty -w -n z $'${line}\\t'; sleep 0.4; zpty -w -n z $'\\C-u'`;
    const printed = await inShell(
      [zsh.path, "-f", "-c"],
      script,
      `zmodload zsh/zpty
zpty -b z "$(command -v zsh) -f -i"
zpty -w z "PS1=; autoload -Uz compinit; compinit -u -D; source $SCRIPT; echo re''ady"
while zpty -r z line '*ready*'; do break; done
${[type("roost regi"), type("roost instagram p"), type("roost logs --fo")].join("\n")}
sleep 0.4
while zpty -r -t z line; do print -r -- "$line"; done`,
    );
    for (const complete of ["roost register", "roost instagram parse", "roost logs --follow"])
      expect(printed).toContain(complete);
  });
});

const fish = inShellThatIs("fish");
needs("fish", fish.lack)("fish", () => {
  test("completes commands with what they do, actions and options", async () => {
    const { out: script } = await roost(["completions", "fish"]);
    const offered = (line: string) =>
      inShell([fish.path, "--no-config", "-c"], script, `source $SCRIPT; complete -C '${line}'`);
    expect(await offered("roost regi")).toMatch(/^register\tRegister a Matrix account/);
    expect(await offered("roost instagram pa")).toContain("parse");
    expect(await offered("roost logs --fo")).toMatch(/^--follow\t/);
  });
});
