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
  /** The lasting fault that this record begins, repeats or ends. */
  readonly fault?: (Fault & FaultHistory & { readonly state: "raised" | "cleared" }) | undefined;
}

/** Something that is wrong until it is over, told apart from an incident, which is over when it is logged. */
export interface Fault {
  /** Names it within its instance (or the host), such as `crash-loop`: the same key is the same fault. */
  readonly key: string;
  /** What Roost has tried by itself, as a sentence. */
  readonly tried?: string | undefined;
  readonly nextAttemptMs?: number | undefined;
  /** The command that mends it or tells more, such as `roost restart weather`. */
  readonly command?: string | undefined;
}

export interface FaultHistory {
  /** When it was raised first. */
  readonly sinceMs: number;
  /** How often it was raised since then. */
  readonly count: number;
}

/** A fault that is not over, as page and health show it. */
export interface OpenFault extends Fault, FaultHistory {
  readonly instance: InstanceId | undefined;
  readonly severity: Severity;
  readonly message: string;
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

/** The host's own logger, which also knows faults that last. Plugins have none of them: their host watches over them. */
export interface HostLogger extends Logger {
  /** Begins a fault, or says that it still lasts. Its severity may change from one time to the next. */
  raise(
    severity: "WARN" | "ERROR" | "CRITICAL",
    fault: Fault,
    message: string,
    context?: LogContext,
    error?: unknown,
  ): void;
  /** Ends a fault, with an INFO that says so; nothing happens, and the answer is false, when there is none of that key. */
  clear(key: string, message: string, context?: LogContext): boolean;
}
