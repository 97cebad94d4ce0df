/** The log as the page reads it: the newest records that pass a filter, older ones on demand, and those that come. */

import type { Severity } from "../../core/log.ts";
import type { KeptRecord } from "../../core/record.ts";
import { formatTime } from "./format.ts";

export interface LogFilter {
  readonly instance: string;
  readonly severity: Severity;
  readonly text: string;
  readonly since: string;
}

export const severities: readonly Severity[] = ["DEBUG", "INFO", "WARN", "ERROR", "CRITICAL"];
/** How many are kept in the page; the oldest go first. */
export const keptRecords = 10_000;

export function queryOf(filter: LogFilter, more: Readonly<Record<string, string>> = {}): string {
  const query = new URLSearchParams({ severity: filter.severity, ...more });
  if (filter.instance === "host") query.set("host", "1");
  else if (filter.instance !== "") query.set("instance", filter.instance);
  if (filter.text !== "") query.set("text", filter.text);
  if (filter.since !== "") query.set("since", filter.since);
  return query.toString();
}

/** Whether a record that has just come belongs to what is shown; the host applies the same rules to what it keeps. */
export function passes(record: KeptRecord, filter: LogFilter): boolean {
  if (
    filter.instance === "host"
      ? record.instance !== undefined
      : filter.instance !== "" && record.instance !== filter.instance
  )
    return false;
  if (severities.indexOf(record.severity) < severities.indexOf(filter.severity)) return false;
  return filter.text === "" || searchText(record).includes(filter.text.toLowerCase());
}

/** One line of text, as it is copied. */
export function lineOf({ timeMs, severity, instance, message, context, causes }: KeptRecord): string {
  const pairs = Object.entries(context).map(([key, value]) => `${key}=${value}`);
  const parts = [
    new Date(timeMs).toISOString(),
    severity,
    instance ?? "host",
    message,
    ...pairs,
    ...causes.map((cause) => `cause="${cause}"`),
  ];
  return parts.join(" ");
}

export function timeOf(record: KeptRecord): string {
  return formatTime(record.timeMs);
}

function searchText(record: KeptRecord): string {
  return lineOf(record).toLowerCase();
}
