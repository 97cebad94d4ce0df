import { formatProblem } from "../core/config.ts";
import { startedUp, startingUp } from "../core/eager-compiling.ts";
import { RoostError, sentenceOf } from "../core/error.ts";
import { App, UnreadableConfig } from "../host/app.ts";
import { consoleSink, consoleStyle } from "../log/console.ts";
import { LogRouter } from "../log/router.ts";
import { configFileOf, exitCode, type Terminal } from "./terminal.ts";

/** `roost serve`: runs the bots until somebody asks to stop. Answers the exit code. */
export async function serve(options: { config?: string | undefined }, terminal: Terminal): Promise<number> {
  const router = new LogRouter();
  const style = consoleStyle(terminal.isTerminal, terminal.env.NO_COLOR);
  router.addSink(
    consoleSink((line) => terminal.out(line.trimEnd()), style),
    terminal.env.ROOST_DEBUG ? "DEBUG" : "INFO",
  );
  const configFile = configFileOf(options.config, terminal);
  const stopRequested = terminal.stopRequested();
  const app = new App({
    configFile,
    env: terminal.env,
    version: terminal.version,
    router,
    self: terminal.self,
  });
  try {
    startingUp();
    await app.open();
    startedUp();
    await stopRequested;
    return exitCode.fine;
  } catch (error) {
    if (error instanceof UnreadableConfig) {
      for (const problem of error.loaded.problems) terminal.err(formatProblem(problem));
      terminal.err(`Nothing can run until this is mended. Check it with: roost check --config ${configFile}`);
      return exitCode.config;
    }
    terminal.err(sentenceOf(error));
    return error instanceof RoostError && error.code === "data-dir-in-use"
      ? exitCode.dataDirInUse
      : exitCode.problem;
  } finally {
    await app.close();
  }
}
