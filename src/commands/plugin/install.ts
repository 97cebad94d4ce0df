import { statSync } from "node:fs";
import type { PluginInfo } from "../../core/plugin-info.ts";
import { KnownPlugins } from "../../host/known-plugins.ts";
import { LogRouter } from "../../log/router.ts";
import { askHost, isHostThere } from "../../web/control-client.ts";
import { dataDirOf } from "../data-dir.ts";
import { configFileOf, exitCode, type Terminal } from "../terminal.ts";
import type { PluginOptions } from "./plugin.ts";

interface Installed {
  readonly plugin: PluginInfo;
  readonly warnings: readonly string[];
}

/** `roost plugin install FILE`: into the running host, whose instances then run it, or into the plugins folder of one that does not run. */
export async function install(
  file: string | undefined,
  options: PluginOptions,
  terminal: Terminal,
): Promise<number> {
  if (file === undefined || statSync(file, { throwIfNoEntry: false })?.isFile() !== true) {
    terminal.err("Name an archive, such as hello-v0.1.0.mbp; make one with: roost plugin build");
    return exitCode.usage;
  }
  const dataDir = dataDirOf(options, terminal);
  const isRunning = await isHostThere(dataDir);
  const { plugin, warnings } = isRunning
    ? await sendToHost(dataDir, file, options.agree === true)
    : await putInFolder(file, options, terminal);
  if (options.json) {
    terminal.out(JSON.stringify({ id: plugin.id, version: plugin.version, isRunning, warnings }));
    return exitCode.fine;
  }
  const then = isRunning
    ? "Instances that use it run it now."
    : "Roost finds it in its plugins folder when it starts.";
  terminal.out(`${plugin.id} ${plugin.version} is installed. ${then}`);
  for (const sentence of warnings) terminal.err(sentence);
  return exitCode.fine;
}

/** Puts it in the place of one of the same id, which comes back if an instance does not start with the new one. */
export async function sendToHost(dataDir: string, file: string, agree: boolean): Promise<Installed> {
  const path = `/plugins?agree=${agree ? "1" : "0"}`;
  const answer = await askHost(dataDir, "POST", path, undefined, Bun.file(file));
  return (await answer.json()) as Installed;
}

async function putInFolder(file: string, options: PluginOptions, terminal: Terminal): Promise<Installed> {
  const { env, version } = terminal;
  const configFile = configFileOf(options.config, terminal);
  const plugins = new KnownPlugins({ configFile, env, version, log: new LogRouter().logger() });
  await plugins.open();
  const how = { replace: true, allowMissing: true };
  const { entry } = await plugins.catalog().add(Bun.file(file).stream(), how);
  if (options.agree) plugins.agree(entry.info.id);
  const sentences = [entry.info.obstacle, plugins.disagreementOf(entry)];
  return {
    plugin: entry.info,
    warnings: [...entry.warnings, ...sentences.filter((sentence) => sentence !== undefined)],
  };
}
