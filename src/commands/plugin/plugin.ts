import type { CAC } from "cac";
import type { Run } from "../command-line.ts";
import { withProgress } from "../progress.ts";
import { exitCode, type Terminal } from "../terminal.ts";
import { build, check } from "./build.ts";
import { dev } from "./dev.ts";
import { install } from "./install.ts";
import { makePython } from "./python.ts";
import { test } from "./test.ts";

export interface PluginOptions {
  readonly json?: boolean | undefined;
  readonly config?: string | undefined;
  readonly agree?: boolean | undefined;
}

type Action = (what: readonly string[], options: PluginOptions, terminal: Terminal) => Promise<number>;

const actions: Readonly<Record<string, Action>> = {
  // Loaded when it is asked for: run from the sources, its macro compiles the types first.
  new: async ([name], ...given) => (await import("./new.ts")).create(name, ...given),
  check: ([what], ...given) => check(what, ...given),
  test: ([folder], ...given) => test(folder, ...given),
  dev: ([folder], ...given) => dev(folder, ...given),
  build: ([folder], options, terminal) =>
    withProgress("Building", terminal, () => build(folder, options, terminal)),
  install: ([file], options, terminal) =>
    withProgress("Installing", terminal, () => install(file, options, terminal)),
  python: (packages, options, terminal) =>
    withProgress("Installing", terminal, () => makePython(packages, options, terminal)),
};

/** The author's loop: from nothing to an archive. */
export function definePluginCommands(cli: CAC, terminal: Terminal, run: Run): void {
  cli
    .command(
      "plugin <new|check|test|dev|build|install|python> [...what]",
      "`new NAME` begins a plugin in a folder of that name; `check`, `test`, `dev` (try it in a room, reloaded on save) and `build` take its folder (default: this one), `check` an archive too; `install FILE` gives an archive to the host; `python [PACKAGE...]` makes the environment that Python plugins run in",
    )
    .option(
      "--config <file>",
      "The host's YAML file, for `install` and Python (default: $ROOST_CONFIG, else /etc/roost/config.yaml)",
    )
    .option("--agree", "install: agree to the permissions that it asks for")
    .option("--json", "Print one JSON object")
    .example("roost plugin new hello")
    .example("roost plugin check hello")
    .example("roost plugin test hello")
    .example("roost plugin dev hello")
    .example("roost plugin build hello")
    .example("roost plugin install hello-v0.1.0.mbp")
    .example("roost plugin python")
    .action((name: string, what: readonly string[], options: PluginOptions) =>
      run(async () => (await actions[name]?.(what, options, terminal)) ?? exitCode.usage),
    );
}
