import type { Logger } from "../../core/log.ts";
import type { ToHost } from "../channel/protocol.ts";

/** Writes down what a plugin logs. */
export function writeTold(
  log: Logger,
  { severity, message, context, causes }: Extract<ToHost, { say: "log" }>,
): void {
  const cause = causes.length > 0 ? new Error(causes.join(" <- ")) : undefined;
  switch (severity) {
    case "DEBUG":
      log.debug(message, context);
      return;
    case "INFO":
      log.info(message, context);
      return;
    case "WARN":
      log.warn(message, context, cause);
      return;
    case "ERROR":
      log.error(message, context, cause);
      return;
    case "CRITICAL":
      log.critical(message, context, cause);
      return;
  }
}
