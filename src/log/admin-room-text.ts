import type { JsonObject } from "../core/json.ts";
import type { AdminMessage, AdminReport } from "./admin-room-message.ts";
import { escapeUnsafe } from "./escape.ts";

/**
 * What every line begins with. In the conduwuit family a message that begins with `!admin`, or with the server user's name, is a
 * command there (whatever its msgtype), so nothing from outside ever stands at the start of a line.
 */
const prefix = "Roost | ";
const lineMaxLength = 1200;

/**
 * The event's content: a plain notice without HTML that mentions nobody. `edited` is the event whose text it replaces, `repliedTo`
 * the one it answers.
 */
export function contentOf(
  message: AdminMessage,
  {
    edited,
    repliedTo,
  }: { readonly edited?: string | undefined; readonly repliedTo?: string | undefined } = {},
): JsonObject {
  const text = { msgtype: "m.notice", body: bodyOf(message), "m.mentions": {} };
  if (edited !== undefined) {
    return { ...text, "m.new_content": text, "m.relates_to": { rel_type: "m.replace", event_id: edited } };
  }
  if (repliedTo === undefined) return text;
  return { ...text, "m.relates_to": { "m.in_reply_to": { event_id: repliedTo } } };
}

function bodyOf({ reports, more }: AdminMessage): string {
  const isDigest = reports.length > 1;
  const lines = reports.flatMap((report, index) => [
    ...(index === 0 ? [] : [""]),
    ...linesOf(report, isDigest),
  ]);
  if (more > 0) lines.push(`and ${more} more: roost logs --severity ERROR`);
  return lines.map((line) => (prefix + harmless(line)).trimEnd()).join("\n");
}

function linesOf(report: AdminReport, isShort: boolean): string[] {
  const { severity, instance, sentence, cause, tried, nextAttemptMs, command, seen, endedMs } = report;
  const isOver = endedMs !== undefined || severity === "INFO";
  const line = (label: string, text: string | undefined) => (text === undefined ? [] : [`${label}: ${text}`]);
  const details = isShort
    ? []
    : [
        ...line("Cause", sentence.includes(cause?.replace(/^\w*Error: /, "") ?? "") ? undefined : cause),
        ...line("Tried", tried),
        ...line("Next attempt", nextAttemptMs === undefined || isOver ? undefined : timeOf(nextAttemptMs)),
      ];
  return [
    `${severity === "INFO" ? "Over" : severity}, ${instance}, ${timeOf(report.timeMs)}`,
    sentence,
    ...details,
    ...line("Run", isOver ? undefined : command),
    ...(seen > 1 ? [`Seen ${seen} times, last at ${timeOf(report.lastMs)}`] : []),
    ...(endedMs === undefined ? [] : [`Over since ${timeOf(endedMs)}`]),
  ];
}

/** One line, which old clients and servers find nothing in either: no ping of the whole room, no pill. */
function harmless(text: string): string {
  return escapeUnsafe(text, lineMaxLength).replace(
    /@room|matrix\.to|matrix:/gi,
    (word) => `${word.slice(0, 1)}\u2060${word.slice(1)}`,
  );
}

function timeOf(timeMs: number): string {
  return new Date(timeMs).toISOString().replace(/\.\d+Z$/, "Z");
}
