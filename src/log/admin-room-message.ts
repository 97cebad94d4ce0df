import { z } from "zod";
import { isObject, type JsonObject } from "../core/json.ts";
import { type LogRecord, severities } from "../core/log.ts";

const report = z.object({
  fingerprint: z.string(),
  /** A fault is over when it is cleared; an incident is told apart from the next one by time. */
  isFault: z.boolean(),
  /** Whether a repeat joins it. */
  isOpen: z.boolean(),
  severity: z.enum(severities),
  instance: z.string(),
  timeMs: z.number(),
  sentence: z.string(),
  cause: z.string().optional(),
  tried: z.string().optional(),
  nextAttemptMs: z.number().optional(),
  command: z.string().optional(),
  seen: z.number(),
  lastMs: z.number(),
  /** How often it was seen according to what the room was told last. */
  told: z.number(),
  /** When it was over, if that was before the room heard of it. */
  endedMs: z.number().optional(),
});

const message = z.object({
  /** Places it in the queue. */
  id: z.number(),
  /** Made up at random: transaction ids are made of it. */
  key: z.string(),
  reports: z.array(report),
  /** How many further records it stands for, without a word of theirs. */
  more: z.number(),
  /** The message that this one answers. */
  replyTo: z.number().optional(),
  /** When it was first handed to the homeserver, or last edited. */
  sentMs: z.number().optional(),
  toldMs: z.number().optional(),
  roomId: z.string().optional(),
  eventId: z.string().optional(),
  /** A request that was begun and is not known to have arrived: repeated as it is, it happens once. */
  pending: z
    .object({ txnId: z.string(), roomId: z.string(), content: z.custom<JsonObject>(isObject) })
    .optional(),
});

/** What one line of thought in the admin room is about: a fault or an incident, with every time it was seen; or a recovery. */
export type AdminReport = Readonly<z.output<typeof report>>;

/** One message of the admin room, waiting or posted: a single report, or several that came in a burst. */
export type AdminMessage = Readonly<Omit<z.output<typeof message>, "reports">> & {
  readonly reports: readonly AdminReport[];
};

/** Reads what an earlier run wrote down; undefined when it cannot be understood. */
export function readMessage(text: string): AdminMessage | undefined {
  try {
    return message.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

export function reportOf(record: LogRecord): AdminReport {
  const { fault, instance, severity, timeMs, context } = record;
  const next = typeof context.next === "string" ? Date.parse(context.next) : Number.NaN;
  return {
    fingerprint: fingerprintOf(record),
    isFault: fault !== undefined,
    isOpen: true,
    severity,
    instance: instance ?? "host",
    timeMs,
    sentence: record.message.slice(0, 1000),
    cause: record.causes.at(-1)?.slice(0, 500),
    tried: fault?.tried?.slice(0, 300),
    nextAttemptMs: fault?.nextAttemptMs ?? (Number.isNaN(next) ? undefined : next),
    command: (fault?.command ?? logsCommand(instance)).slice(0, 200),
    seen: 1,
    lastMs: timeMs,
    told: 0,
  };
}

/** What is the same for two records that say the same of the same instance: ids and numbers do not count. */
export function fingerprintOf({ instance: id, fault, severity, message: sentence }: LogRecord): string {
  const instance = id ?? "";
  if (fault !== undefined) return `fault ${instance} ${fault.key}`;
  const masked = sentence
    .replace(/[@!#$][^\s"',;]{2,}/g, "ID")
    .replace(/\b(?=[\w-]*\d)[\w-]{6,}/g, "ID")
    .replace(/\d+/g, "N");
  return `${severity} ${instance} ${masked.slice(0, 300)}`;
}

function logsCommand(instance: string | undefined): string {
  return instance === undefined ? "roost logs --severity ERROR" : `roost logs ${instance} --severity ERROR`;
}
