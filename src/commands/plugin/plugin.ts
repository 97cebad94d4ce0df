import type { CAC } from "cac";
import type { Run } from "../command-line.ts";
import { exitCode, type Terminal } from "../terminal.ts";
import { build, check } from "./build.ts";
import { test } from "./test.ts";

export interface PluginOptions {
  readonly json?: boolean | undefined;
}

type Action = (what: string | undefined, options: PluginOptions, terminal: Terminal) => Promise<number>;

const actions: Readonly<Record<string, Action>> = {
  // Loaded when it is asked for: run from the sources, its macro compiles the types first.
  new: async (...given) => (await import("./new.ts")).create(...given),
  check,
  test,
  build,
};

/** The author's loop: from nothing to an archive. */
export function definePluginCommands(cli: CAC, terminal: Terminal, run: Run): void {
  cli
    .command(
      "plugin <new|check|test|build> [what]",
      "`new NAME` begins a plugin in a folder of that name; `check`, `test` and `build` take its folder (default: this one), `check` an archive too",
    )
    .option("--json", "Print one JSON object")
    .example("roost plugin new hello")
    .example("roost plugin check hello")
    .example("roost plugin test hello")
    .example("roost plugin build hello")
    .action((name: string, what: string | undefined, options: PluginOptions) =>
      run(async () => (await actions[name]?.(what, options, terminal)) ?? exitCode.usage),
    );
}
