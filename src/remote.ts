import { loadConfig } from "./config/load.ts";
import { RoostError } from "./core/error.ts";
import type { LogRecord } from "./core/log.ts";
import type { HostSnapshot, InstanceSnapshot } from "./core/status.ts";
import { consoleSink } from "./log/console.ts";
import { pluginSettings } from "./plugin-settings.ts";
import { configFileOf, exitCode, type Terminal } from "./terminal.ts";
import { askHost, linesOf } from "./web/control-client.ts";

export interface RemoteOptions {
  readonly config?: string | undefined;
  readonly json?: boolean | undefined;
}

/** `roost status`: what the running host's instances do. */
export async function status(options: RemoteOptions, terminal: Terminal): Promise<number> {
  const snapshot = (await (
    await askHost(dataDirOf(options, terminal), "GET", "/status")
  ).json()) as HostSnapshot;
  if (options.json) {
    terminal.out(JSON.stringify(snapshot));
    return exitCode.fine;
  }
  terminal.out(`Roost ${snapshot.version}, up ${describeMs(snapshot.nowMs - snapshot.startedAtMs)}`);
  const width = Math.max(...snapshot.instances.map((instance) => instance.id.length), 8);
  for (const instance of snapshot.instances) terminal.out(describeInstance(instance, width, snapshot.nowMs));
  for (const { id, week } of snapshot.instances) {
    const counts = Object.entries(week).map(([what, count]) => `${count} ${what}`);
    if (counts.length > 0) terminal.out(`${id}, last 7 days: ${counts.join(", ")}`);
  }
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
  const answer = (await (await askHost(dataDirOf(options, terminal), "POST", path)).json()) as {
    message: string;
  };
  terminal.out(options.json ? JSON.stringify(answer) : answer.message);
  return exitCode.fine;
}

export interface LogsOptions extends RemoteOptions {
  readonly follow?: boolean | undefined;
  readonly severity?: string | undefined;
  readonly since?: string | undefined;
  readonly text?: string | undefined;
  readonly limit?: string | undefined;
}

/** `roost logs [INSTANCE]`: the records that the host keeps, and with `follow` those to come until interrupted. */
export async function logs(
  instance: string | undefined,
  options: LogsOptions,
  terminal: Terminal,
): Promise<number> {
  const query = new URLSearchParams();
  if (instance !== undefined) query.set("instance", instance);
  for (const name of ["severity", "since", "text", "limit"] as const) {
    const value = options[name];
    // A number on the command line arrives as one.
    if (value !== undefined) query.set(name, String(value));
  }
  if (options.follow) query.set("follow", "1");
  const stop = new AbortController();
  void terminal.stopRequested().then(() => stop.abort());
  const print = consoleSink((line) => terminal.out(line.trimEnd()), terminal.isTerminal ? "colour" : "text");
  try {
    const response = await askHost(dataDirOf(options, terminal), "GET", `/logs?${query}`, stop.signal);
    for await (const line of linesOf(response)) {
      if (options.json) terminal.out(line);
      else print(JSON.parse(line) as LogRecord);
    }
  } catch (error) {
    if (!stop.signal.aborted) throw error;
  }
  return exitCode.fine;
}

function dataDirOf(options: RemoteOptions, terminal: Terminal): string {
  const file = configFileOf(options.config, terminal);
  const { config } = loadConfig(file, { env: terminal.env, plugins: pluginSettings });
  if (config !== undefined) return config.dataDir;
  throw new RoostError(
    "config-invalid",
    `${file} cannot be read, so the data folder of the running host is not known. Name the file it was started with: --config FILE (or set ROOST_CONFIG)`,
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
