import { causeChain } from "../core/error.ts";
import type { InstanceId } from "../core/id.ts";
import {
  type Fault,
  type HostLogger,
  isAtLeast,
  type LogContext,
  type LogRecord,
  type LogSink,
  type OpenFault,
  type Severity,
} from "../core/log.ts";
import type { Secret } from "../core/secret.ts";
import { escapeUnsafe } from "./escape.ts";
import { FaultBook } from "./fault-book.ts";
import { Redaction } from "./redaction.ts";

const messageMaxLength = 4000;
const valueMaxLength = 1000;

/**
 * The one place every record passes: it cuts secrets by value, escapes what came from outside, and hands the clean record to
 * each sink whose floor it reaches. Logging never throws, whatever a sink does.
 */
export class LogRouter {
  readonly #now: () => number;
  readonly #sinks: { readonly sink: LogSink; readonly floor: Severity }[] = [];
  readonly #redaction = new Redaction();
  readonly #faults = new FaultBook();
  readonly #verbose = new Set<InstanceId>();

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** Records of `floor` and worse go to the sink from now on. */
  addSink(sink: LogSink, floor: Severity = "DEBUG"): void {
    this.#sinks.push({ sink, floor });
  }

  /** Each of these is cut from every later record, also in its percent-encoded and JSON-escaped forms. */
  addSecrets(secrets: Iterable<Secret>): void {
    this.#redaction.add(secrets);
  }

  /** The text as it may be shown outside the log: without secrets. For answers that quote the config. */
  cutSecrets(text: string): string {
    return this.#redaction.cut(text);
  }

  /** The faults that are not over, oldest first. */
  openFaults(): readonly OpenFault[] {
    return this.#faults.open();
  }

  /** At `debug` the instance's DEBUG records reach every sink that its INFO ones reach. */
  setLevel(instance: InstanceId, level: "info" | "debug"): void {
    if (level === "debug") this.#verbose.add(instance);
    else this.#verbose.delete(instance);
  }

  /** Its faults went with it. */
  forget(instance: InstanceId): void {
    this.#verbose.delete(instance);
    this.#faults.forget(instance);
  }

  /** A logger bound to an instance, or to the host when none is given. */
  logger(instance?: InstanceId): HostLogger {
    const write = (severity: Severity) => (message: string, context?: LogContext, error?: unknown) => {
      if (!this.#sinks.some(({ floor }) => this.#reaches(severity, instance, floor))) return;
      this.#pass(this.#record(severity, instance, message, context, error));
    };
    return {
      debug: write("DEBUG"),
      info: write("INFO"),
      warn: write("WARN"),
      error: write("ERROR"),
      critical: write("CRITICAL"),
      raise: (severity, fault, message, context, error) => {
        const record = this.#record(severity, instance, message, context, error);
        this.#pass({ ...record, fault: this.#faults.raise(record, this.#cleanFault(fault)) });
      },
      clear: (key, message, context) => {
        const fault = this.#faults.clear(instance, key);
        if (fault !== undefined)
          this.#pass({ ...this.#record("INFO", instance, message, context, undefined), fault });
        return fault !== undefined;
      },
    };
  }

  #reaches(severity: Severity, instance: InstanceId | undefined, floor: Severity): boolean {
    const isRaised = severity === "DEBUG" && instance !== undefined && this.#verbose.has(instance);
    return isAtLeast(isRaised ? "INFO" : severity, floor);
  }

  #record(
    severity: Severity,
    instance: InstanceId | undefined,
    message: string,
    context: LogContext = {},
    error: unknown,
  ): LogRecord {
    return {
      timeMs: this.#now(),
      severity,
      instance,
      message: this.#clean(message, messageMaxLength),
      context: this.#cleanContext(context),
      causes: chainOf(error).map((cause) => this.#clean(cause, valueMaxLength)),
    };
  }

  #pass(record: LogRecord): void {
    for (const { sink, floor } of this.#sinks) {
      if (!this.#reaches(record.severity, record.instance, floor)) continue;
      try {
        sink(record);
      } catch {
        // A sink that cannot write must not become the caller's failure, and there is nowhere better to report it.
      }
    }
  }

  #cleanContext(context: LogContext): LogContext {
    const clean: Record<string, string | number | boolean> = {};
    for (const [key, value] of Object.entries(context)) {
      if (value === undefined) continue;
      clean[this.#clean(key, 100)] = typeof value === "string" ? this.#clean(value, valueMaxLength) : value;
    }
    return clean;
  }

  #cleanFault(fault: Fault): Fault {
    const clean = (text: string | undefined) => text && this.#clean(text, valueMaxLength);
    return { ...fault, tried: clean(fault.tried), command: clean(fault.command) };
  }

  #clean(text: string, maxLength: number): string {
    return escapeUnsafe(this.#redaction.cut(text), maxLength);
  }
}

/** Something thrown may be anything, also an object that cannot be turned into a string. */
function chainOf(error: unknown): string[] {
  try {
    return causeChain(error);
  } catch {
    return ["something was thrown that cannot be shown"];
  }
}
