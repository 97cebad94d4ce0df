import type { Severity } from "../../core/log.ts";

/** Figures as people read them. A no-break space keeps a number and its unit together. */
const nbsp = "\u00a0";

export function formatDuration(durationMs: number): string {
  const seconds = Math.max(0, Math.round(durationMs / 1000));
  if (seconds < 60) return `${seconds}${nbsp}s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes}${nbsp}min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours}${nbsp}h${minutes % 60 === 0 ? "" : `${nbsp}${minutes % 60}${nbsp}min`}`;
  return `${Math.floor(hours / 24)}${nbsp}d`;
}

export function formatMilliseconds(durationMs: number): string {
  return durationMs < 1000
    ? `${Math.round(durationMs)}${nbsp}ms`
    : `${(durationMs / 1000).toFixed(1)}${nbsp}s`;
}

export function formatBytes(sizeBytes: number): string {
  if (sizeBytes < 1000) return `${sizeBytes}${nbsp}B`;
  if (sizeBytes < 1_000_000) return `${(sizeBytes / 1000).toFixed(0)}${nbsp}kB`;
  const megabytes = sizeBytes / 1_000_000;
  if (megabytes < 1000) return `${megabytes.toFixed(megabytes < 10 ? 1 : 0)}${nbsp}MB`;
  return `${(sizeBytes / 1_000_000_000).toFixed(1)}${nbsp}GB`;
}

/** Without the browser's own formatter, which takes 20 ms to be there: the first paint would wait for it. */
export function formatCount(count: number): string {
  return String(count).replace(/\B(?=(?:\d{3})+$)/g, ",");
}

const severityWords: Readonly<Record<Severity, string>> = {
  DEBUG: "Detail",
  INFO: "Information",
  WARN: "Warning",
  ERROR: "Error",
  CRITICAL: "Critical",
};

export function formatSeverity(severity: Severity): string {
  return severityWords[severity];
}

export function formatTime(timeMs: number): string {
  return new Date(timeMs).toLocaleTimeString([], { hour12: false });
}

export function formatDate(timeMs: number): string {
  return new Date(timeMs).toLocaleString([], { dateStyle: "medium", timeStyle: "medium", hour12: false });
}
