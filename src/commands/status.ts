import type { Availability } from "../core/availability.ts";
import type { HostSnapshot, InstanceSnapshot } from "../core/status.ts";
import { askHost } from "../web/control-client.ts";
import { dataDirOf } from "./data-dir.ts";
import { describeDuration } from "./duration.ts";
import { exitCode, type Terminal } from "./terminal.ts";

export interface StatusOptions {
  readonly config?: string | undefined;
  readonly json?: boolean | undefined;
}

/** What the running host says of itself. Throws RoostErrors as `askHost` does. */
export async function fetchSnapshot(dataDir: string, signal?: AbortSignal): Promise<HostSnapshot> {
  // A host of another version may say less or more than this one knows; it is printed as far as it goes.
  return (await (await askHost(dataDir, "GET", "/status", signal)).json()) as HostSnapshot;
}

/** `roost status`: what the running host's instances do, and what of it wants a person. */
export async function status(options: StatusOptions, terminal: Terminal): Promise<number> {
  const snapshot = await fetchSnapshot(dataDirOf(options, terminal));
  if (options.json) {
    terminal.out(JSON.stringify(snapshot));
    return exitCode.fine;
  }
  const { version, nowMs, startedAtMs, resources, instances, pending } = snapshot;
  terminal.out(
    `Roost ${version}, up ${describeDuration(nowMs - startedAtMs)}, ${megabytes(resources.rssBytes)}`,
  );
  const rows = instances.map((instance) => rowOf(instance, nowMs));
  for (const line of alignColumns([heading, ...rows])) terminal.out(line);
  for (const note of [...instances.flatMap(notesOf), ...hostNotesOf(snapshot)]) terminal.out(note);
  for (const { id, week } of instances) {
    const counts = Object.entries(week).map(([what, count]) => `${count} ${what}`);
    if (counts.length > 0) terminal.out(`${id}, last 7 days: ${counts.join(", ")}`);
  }
  for (const change of pending.changes) terminal.out(`pending: ${change}${remedyFor(change)}`);
  return exitCode.fine;
}

const heading = [
  "INSTANCE",
  "STATE",
  "SINCE",
  "AVAILABLE",
  "HANDLED",
  "QUEUED",
  "P50",
  "MEMORY",
  "CPU",
] as const;
type Row = readonly string[];

function rowOf(instance: InstanceSnapshot, nowMs: number): Row {
  const { id, observed, availability, handled, queued, replyMedianMs, resources } = instance;
  const { memoryBytes, cpuSeconds } = resources;
  return [
    id,
    observed.state,
    describeDuration(nowMs - observed.sinceMs),
    describeAvailability(availability),
    String(handled),
    String(queued),
    replyMedianMs === undefined ? "-" : `${(replyMedianMs / 1000).toFixed(2)} s`,
    memoryBytes === undefined ? "-" : megabytes(memoryBytes),
    cpuSeconds === undefined ? "-" : `${cpuSeconds.toFixed(1)} s`,
  ];
}

/** Rounded down, so that what failed for a moment is never told as 100 %; with the time that is known, when that is no week yet. */
export function describeAvailability({ wantedMs, runningMs }: Availability): string {
  if (wantedMs < 1000) return "-";
  const percent = Math.floor((runningMs / wantedMs) * 10_000) / 100;
  const weekMs = 7 * 24 * 3_600_000;
  return `${percent} % of ${wantedMs > 0.99 * weekMs ? "7 days" : describeDuration(wantedMs)}`;
}

function notesOf({ id, observed, warnings, restarts }: InstanceSnapshot): string[] {
  const cause = "cause" in observed && observed.cause !== "" ? [`${id}: ${observed.cause}`] : [];
  const again =
    restarts > 0 && observed.state !== "stopped"
      ? [`${id}: started anew ${restarts === 1 ? "once" : `${restarts} times`}`]
      : [];
  return [...cause, ...warnings.map((warning) => `${id}: ${warning}`), ...again];
}

/** The faults that no instance's cause has told already, each with the command that mends it or tells more. */
function hostNotesOf({ faults, instances, database }: HostSnapshot): string[] {
  const causes = instances.flatMap(({ observed }) => ("cause" in observed ? [observed.cause] : []));
  const open = faults.filter(({ message }) => !causes.some((cause) => cause && message.includes(cause)));
  const told = open.map(({ instance, message, command }) => {
    return `${instance ?? "host"}: ${message}${command === undefined ? "" : ` (${command})`}`;
  });
  return database.cause === undefined ? told : [`host: ${database.cause}`, ...told];
}

/** The sentences are `diffConfigs`'. */
function remedyFor(change: string): string {
  const [, id] = /^instance (\S+) /.exec(change) ?? [];
  if (id === undefined) return " (such as: systemctl restart roost)";
  return change.includes("problems") ? " (see: roost check)" : ` (apply: roost restart ${id})`;
}

function alignColumns(rows: readonly Row[]): string[] {
  const widths = heading.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(bytes < 10e6 ? 1 : 0)} MB`;
}
