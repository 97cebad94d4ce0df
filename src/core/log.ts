import type { InstanceId } from "./id.ts";

/** How bad it is, and so how far it travels: WARN reaches the page, ERROR and CRITICAL the admin room too. */
export const severities = ["DEBUG", "INFO", "WARN", "ERROR", "CRITICAL"] as const;
export type Severity = (typeof severities)[number];

export function isAtLeast(severity: Severity, floor: Severity): boolean {
  return severities.indexOf(severity) >= severities.indexOf(floor);
}

export type LogContext = { readonly [key: string]: string | number | boolean | undefined };

export interface LogRecord {
  readonly timeMs: number;
  readonly severity: Severity;
  /** Absent for the host's own records. */
  readonly instance?: InstanceId | undefined;
  /** A sentence without trailing newline; may hold text from outside, so sinks escape control characters. */
  readonly message: string;
  readonly context: LogContext;
  /** Messages of the error and its causes, outermost first. */
  readonly causes: readonly string[];
}

/** Where records go. A sink never throws and never blocks: its own trouble is its own. */
export type LogSink = (record: LogRecord) => void;

/** Writes records bound to one instance (or to the host). `error` in the context is unfolded into its chain of causes. */
export interface Logger {
  debug(message: string, context?: LogContext): void;
  info(message: string, context?: LogContext): void;
  warn(message: string, context?: LogContext, error?: unknown): void;
  error(message: string, context?: LogContext, error?: unknown): void;
  critical(message: string, context?: LogContext, error?: unknown): void;
}
