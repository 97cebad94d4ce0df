import type { LogRecord } from "../core/log.ts";
import { consoleSink } from "../log/console.ts";
import { askHost, linesOf } from "../web/control-client.ts";
import { dataDirOf } from "./data-dir.ts";
import { exitCode, type Terminal } from "./terminal.ts";

export interface RemoteOptions {
  readonly config?: string | undefined;
  readonly json?: boolean | undefined;
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
  const style = terminal.isTerminal && !terminal.env.NO_COLOR ? "colour" : "text";
  const print = consoleSink((line) => terminal.out(line.trimEnd()), style);
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
