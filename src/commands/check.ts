import { loadConfig } from "../config/load.ts";
import { formatProblem } from "../core/config.ts";
import { KnownPlugins } from "../host/known-plugins.ts";
import { LogRouter } from "../log/router.ts";
import { hasLoggedIn } from "../matrix/credentials.ts";
import { configFileOf, exitCode, type Terminal } from "./terminal.ts";

export interface CheckOptions {
  readonly config?: string | undefined;
  readonly json?: boolean | undefined;
  /** False with `--no-secrets`. */
  readonly secrets?: boolean | undefined;
}

/** `roost check`: every problem of the config, as sentences on stderr or as a JSON array on stdout. */
export async function check(options: CheckOptions, terminal: Terminal): Promise<number> {
  const file = configFileOf(options.config, terminal);
  const { env, version } = terminal;
  const plugins = new KnownPlugins({ configFile: file, env, version, log: new LogRouter().logger() });
  await plugins.open();
  const { config, problems } = loadConfig(file, {
    ...{ env, plugins, hasLoggedIn },
    withoutSecrets: options.secrets === false,
  });
  const wrong = problems.filter((problem) => problem.severity === "error").length;
  if (options.json) {
    terminal.out(JSON.stringify(problems));
  } else {
    for (const problem of problems) terminal.err(formatProblem(problem));
    if (wrong === 0 && config !== undefined) {
      terminal.out(
        `${file} is fine. Instances: ${config.instances.size}, accounts: ${config.accounts.size}.`,
      );
    }
  }
  return wrong === 0 ? exitCode.fine : exitCode.problem;
}
