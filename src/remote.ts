import { loadConfig } from "./config/load.ts";
import { RoostError } from "./core/error.ts";
import type { HostSnapshot, InstanceSnapshot } from "./core/status.ts";
import { pluginSettings } from "./plugin-settings.ts";
import { configFileOf, exitCode, type Terminal } from "./terminal.ts";
import { askHost } from "./web/control-client.ts";

export interface RemoteOptions {
  readonly config?: string | undefined;
  readonly json?: boolean | undefined;
}

/** `roost status`: what the running host's instances do. */
export async function status(options: RemoteOptions, terminal: Terminal): Promise<number> {
  const snapshot = (await askHost(dataDirOf(options, terminal), "GET", "/status")) as HostSnapshot;
  if (options.json) {
    terminal.out(JSON.stringify(snapshot));
    return exitCode.fine;
  }
  terminal.out(`Roost ${snapshot.version}, up ${describeMs(snapshot.nowMs - snapshot.startedAtMs)}`);
  const width = Math.max(...snapshot.instances.map((instance) => instance.id.length), 8);
  for (const instance of snapshot.instances) terminal.out(describeInstance(instance, width, snapshot.nowMs));
  for (const change of snapshot.pending.changes) terminal.out(`pending: ${change}`);
  return exitCode.fine;
}

/** `roost start|stop|restart INSTANCE`. */
export async function operate(
  verb: "start" | "stop" | "restart",
  instance: string,
  options: RemoteOptions,
  terminal: Terminal,
): Promise<number> {
  const path = `/instances/${encodeURIComponent(instance)}/${verb}`;
  const answer = (await askHost(dataDirOf(options, terminal), "POST", path)) as { message: string };
  terminal.out(options.json ? JSON.stringify(answer) : answer.message);
  return exitCode.fine;
}

function dataDirOf(options: RemoteOptions, terminal: Terminal): string {
  const file = configFileOf(options.config, terminal);
  const { config } = loadConfig(file, { env: terminal.env, plugins: pluginSettings });
  if (config !== undefined) return config.dataDir;
  throw new RoostError(
    "config-invalid",
    `${file} cannot be read, so the data folder of the running host is not known. See: roost check --config ${file}`,
  );
}

function describeInstance(instance: InstanceSnapshot, width: number, nowMs: number): string {
  const { observed } = instance;
  const cause = "cause" in observed && observed.cause !== "" ? `: ${observed.cause}` : "";
  const notes = instance.warnings.map((warning) => `\n${" ".repeat(width + 2)}${warning}`).join("");
  const since = describeMs(nowMs - observed.sinceMs);
  return `${instance.id.padEnd(width)}  ${observed.state} for ${since}, ${instance.handled} handled, ${instance.queued} queued${cause}${notes}`;
}

function describeMs(durationMs: number): string {
  const seconds = Math.round(durationMs / 1000);
  if (seconds < 120) return `${seconds} s`;
  return seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
}
