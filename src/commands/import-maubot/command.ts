import { loadConfig } from "../../config/load.ts";
import { RoostError } from "../../core/error.ts";
import { KnownPlugins } from "../../host/known-plugins.ts";
import { pluginSettings } from "../../host/plugin-settings.ts";
import { LogRouter } from "../../log/router.ts";
import { requireOwnFolder } from "../register.ts";
import { configFileOf, exitCode, type Terminal } from "../terminal.ts";
import { type ImportReport, MaubotImport } from "./import.ts";
import { MaubotFolder } from "./maubot-folder.ts";

export interface ImportOptions {
  readonly config?: string | undefined;
  readonly json?: boolean | undefined;
}

/** `roost import-maubot DIR`: exit code 1 if nothing could be taken over. */
export async function importMaubot(
  folder: string,
  options: ImportOptions,
  terminal: Terminal,
): Promise<number> {
  const { env, version } = terminal;
  const configFile = configFileOf(options.config, terminal);
  const { config } = loadConfig(configFile, { env, plugins: pluginSettings });
  if (config === undefined)
    throw new RoostError(
      "config-invalid",
      `${configFile} cannot be used. Write one that says at least homeserver.url, or see what is wrong: roost check --config ${configFile}`,
    );
  using maubot = new MaubotFolder(folder);
  requireOwnFolder(config.dataDir);
  const plugins = new KnownPlugins({ configFile, env, version, log: new LogRouter().logger() });
  await plugins.open();
  const report = await new MaubotImport(maubot, { config, env, plugins }).run();
  if (options.json) terminal.out(JSON.stringify(report));
  else print(report, terminal);
  return report.accounts.length + report.instances.length + report.plugins.length > 0
    ? exitCode.fine
    : exitCode.problem;
}

function print({ left, ...taken }: ImportReport, terminal: Terminal): void {
  for (const [what, names] of Object.entries(taken))
    terminal.out(`${what}: ${names.length === 0 ? "none" : names.join(", ")}`);
  terminal.out("\nLeft to do, or left behind:");
  for (const sentence of left) terminal.out(`- ${sentence}`);
}
