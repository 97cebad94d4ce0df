import { commandLine } from "./commands/command-line.ts";
import { misspelling } from "./commands/misspelling.ts";
import { MovingLine } from "./commands/progress.ts";
import { exitCode, type Terminal } from "./commands/terminal.ts";
import { sentenceOf } from "./core/error.ts";

declare const ROOST_VERSION: string;
declare const ROOST_COMMIT: string;

/** A signal so soon after the first is its echo: a process group and a parent that hands signals on each send one. */
const echoMs = 1_000;

const movingLine = new MovingLine(process.stderr);

const terminal: Terminal = {
  env: process.env,
  isTerminal: process.stdout.isTTY === true,
  // The compiled executable is its own program; in development Bun is, with this file as its argument.
  self: Bun.main.startsWith("/$bunfs/") ? [process.execPath] : [process.execPath, Bun.main],
  version: typeof ROOST_VERSION === "string" ? ROOST_VERSION : "0.0.0-dev",
  out: (line) => printLine(process.stdout, line),
  err: (line) => printLine(process.stderr, line),
  draw:
    process.stderr.isTTY === true && process.env.TERM !== "dumb"
      ? (text) => movingLine.draw(text)
      : undefined,
  stopRequested: waitForSignal,
};

function printLine(stream: NodeJS.WriteStream, line: string): void {
  movingLine.clear();
  stream.write(`${line}\n`);
}

function waitForSignal(): Promise<void> {
  return new Promise((resolve) => {
    let firstMs: number | undefined;
    const heed = () => {
      if (firstMs !== undefined && performance.now() - firstMs > echoMs) process.exit(exitCode.problem);
      firstMs ??= performance.now();
      resolve();
    };
    process.on("SIGTERM", heed);
    process.on("SIGINT", heed);
    // A terminal that goes takes its program with it; without one there is nothing to hang up.
    process.on("SIGHUP", () => terminal.isTerminal && heed());
  });
}

/** For trying the watchdog: whoever sets the unit's environment may stop the main loop for ever. */
function standStill(): never {
  for (;;);
}

function versionLine(): string {
  const commit = typeof ROOST_COMMIT === "string" && ROOST_COMMIT !== "unknown" ? ` (${ROOST_COMMIT})` : "";
  return `roost ${terminal.version}${commit}`;
}

/** Parses the command line, runs the one command it names, and answers the exit code. */
export async function runCommandLine(): Promise<number> {
  if (process.env.ROOST_DEBUG_STALL) process.on("SIGUSR2", standStill);
  let work: (() => number | Promise<number>) | undefined;
  const cli = commandLine(terminal, (chosen) => {
    work = chosen;
  });
  try {
    cli.parse(process.argv, { run: false });
    if (cli.options.help) return exitCode.fine;
    const wrong = misspelling(cli);
    if (wrong !== undefined) throw new Error(wrong);
    if (cli.options.version) {
      terminal.out(versionLine());
      return exitCode.fine;
    }
    // Numbers in a command line are names of files and posts as well.
    for (const [name, value] of Object.entries(cli.options))
      if (typeof value === "number") cli.options[name] = String(value);
    await cli.runMatchedCommand();
  } catch (error) {
    terminal.err(`${sentenceOf(error).replace(/[.?]?$/, (end) => end || ".")} See: roost --help`);
    return exitCode.usage;
  }
  if (work === undefined) {
    cli.outputHelp();
    return exitCode.fine;
  }
  try {
    return await work();
  } catch (error) {
    terminal.err(sentenceOf(error));
    return exitCode.problem;
  }
}
