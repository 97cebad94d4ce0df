import type { LogRecord, LogSink, Severity } from "../core/log.ts";

export type ConsoleStyle = "text" | "colour" | "json";

/** Text for people on a terminal (colour unless `NO_COLOR` has a value), JSON for journals and files. */
export function consoleStyle(isTerminal: boolean, noColor: string | undefined): ConsoleStyle {
  if (!isTerminal) return "json";
  return noColor ? "text" : "colour";
}

/** One line a record, handed to `write` with its newline. */
export function consoleSink(write: (line: string) => void, style: ConsoleStyle): LogSink {
  const format =
    style === "json" ? formatJson : (record: LogRecord) => formatText(record, style === "colour");
  return (record) => write(`${format(record)}\n`);
}

/** Syslog priorities (sd-daemon(3)): journald takes the `<N>` prefix off and files the line under that priority. */
const priorities: Record<Severity, number> = { DEBUG: 7, INFO: 6, WARN: 4, ERROR: 3, CRITICAL: 2 };

function formatJson(record: LogRecord): string {
  const { timeMs, severity, instance, message, context, causes } = record;
  const fields = {
    time: new Date(timeMs).toISOString(),
    severity,
    instance,
    message,
    context: Object.keys(context).length === 0 ? undefined : context,
    causes: causes.length === 0 ? undefined : causes,
  };
  return `<${priorities[severity]}>${JSON.stringify(fields)}`;
}

const colours: Record<Severity, number> = { DEBUG: 90, INFO: 36, WARN: 33, ERROR: 31, CRITICAL: 35 };

function formatText(record: LogRecord, colour: boolean): string {
  const paint = (code: number, text: string) => (colour ? `\x1b[${code}m${text}\x1b[0m` : text);
  const pairs = [
    ...Object.entries(record.context).map(([key, value]) => `${key}=${quote(String(value))}`),
    ...record.causes.map((cause) => `cause=${quote(cause)}`),
  ];
  const parts = [
    paint(90, new Date(record.timeMs).toTimeString().slice(0, 8)),
    paint(colours[record.severity], record.severity.padEnd(8)),
    record.instance === undefined ? undefined : paint(1, record.instance),
    record.message,
    pairs.length === 0 ? undefined : paint(90, pairs.join(" ")),
  ];
  return parts.filter((part) => part !== undefined).join(" ");
}

function quote(value: string): string {
  return /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value);
}
