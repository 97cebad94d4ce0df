import { durationMs } from "../core/duration.ts";
import { RoostError } from "../core/error.ts";
import { asInstanceId } from "../core/id.ts";
import { severities } from "../core/log.ts";
import type { KeptRecord, RecordFilter, RecordQuery, RecordSource } from "../core/record.ts";

const defaultLimit = 1000;
const maxLimit = 10_000;
const textMaxLength = 200;
/** How many records a follower is handed at once. */
const batchCount = 200;

/**
 * The records asked for by `instance` (or `host=1` for the host's own), `severity`, `since` and `until` (a time, or how long ago
 * such as `2h`), `text`, `limit`, `before` and `after` (ids). Throws RoostError `bad-request` with what may be written instead.
 */
export function parseRecordQuery(parameters: URLSearchParams, nowMs: number): RecordQuery {
  const at = (name: string) => parameters.get(name) ?? undefined;
  const text = at("text");
  if (text !== undefined && text.length > textMaxLength)
    throw new RoostError("bad-request", `The text to look for may have at most ${textMaxLength} characters.`);
  return {
    instance: at("host") === "1" ? null : parseInstance(at("instance")),
    severity: parseSeverity(at("severity")),
    sinceMs: parseTime("since", at("since"), nowMs),
    untilMs: parseTime("until", at("until"), nowMs),
    text: text === "" ? undefined : text,
    limit: parseCount("limit", at("limit"), maxLimit) ?? defaultLimit,
    beforeId: parseCount("before", at("before"), Number.MAX_SAFE_INTEGER),
    afterId: parseCount("after", at("after"), Number.MAX_SAFE_INTEGER),
  };
}

/**
 * What is kept, then, with `follow`, what comes, until `signal` aborts: batches of records, oldest first. A reader takes what it
 * can when it can, and may be as slow as the records are kept.
 */
export async function* readRecords(
  source: RecordSource,
  query: RecordQuery,
  follow: boolean,
  signal: AbortSignal,
): AsyncGenerator<readonly KeptRecord[]> {
  let cursor = source.lastId();
  const kept = source.query(query);
  // Resumed after an id, the first answer may not reach to the newest record yet.
  if (kept.length === query.limit && query.afterId !== undefined) cursor = kept.at(-1)?.id ?? cursor;
  yield kept;
  const { afterId, beforeId, limit, ...filter } = query;
  while (follow && !signal.aborted) {
    const newestId = source.lastId();
    const records = source.query({ ...filter, afterId: cursor, limit: batchCount });
    cursor = records.length === batchCount ? (records.at(-1)?.id ?? cursor) : newestId;
    if (records.length > 0) yield records;
    if (source.lastId() === cursor) await nextRecord(source, signal);
  }
}

/** One JSON object a line; empty lines mean nothing. */
export function streamRecords(source: RecordSource, query: RecordQuery, follow: boolean): Response {
  const leaving = new AbortController();
  const batches = readRecords(source, query, follow, leaving.signal);
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await batches.next();
      if (leaving.signal.aborted) return;
      if (done) controller.close();
      // Bun sends the headers with the first bytes: an empty line lets the reader know at once that it is connected.
      else controller.enqueue(encodeLines(value));
    },
    cancel: () => leaving.abort(),
  });
  return new Response(body, { headers: { "content-type": "application/x-ndjson" } });
}

function encodeLines(records: readonly KeptRecord[]): Uint8Array {
  const lines = records.map((record) => `${JSON.stringify(record)}\n`);
  return new TextEncoder().encode(lines.join("") || "\n");
}

async function nextRecord(source: RecordSource, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const wake = () => resolve();
  const leave = source.onRecord(wake);
  signal.addEventListener("abort", wake);
  await promise;
  signal.removeEventListener("abort", wake);
  leave();
}

function parseInstance(name: string | undefined): RecordFilter["instance"] {
  const id = name === undefined ? undefined : asInstanceId(name);
  if (name !== undefined && id === undefined)
    throw new RoostError("bad-request", `${JSON.stringify(name)} is not an instance's name.`);
  return id;
}

function parseSeverity(name: string | undefined): RecordFilter["severity"] {
  const known = severities.find((candidate) => candidate === name?.toUpperCase());
  if (name !== undefined && known === undefined)
    throw new RoostError("bad-request", `There is no severity ${name}; there are ${severities.join(", ")}.`);
  return known;
}

function parseTime(name: string, text: string | undefined, nowMs: number): number | undefined {
  if (text === undefined) return undefined;
  const agoMs = durationMs(text);
  if (agoMs !== undefined) return nowMs - agoMs;
  const timeMs = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(timeMs)) return timeMs;
  throw new RoostError(
    "bad-request",
    `${name} must be how long ago, such as 30m, 2h or 7d, or a time such as 2026-01-31T12:00:00Z.`,
  );
}

function parseCount(name: string, text: string | undefined, max: number): number | undefined {
  if (text === undefined) return undefined;
  const count = /^\d{1,16}$/.test(text) ? Number(text) : 0;
  if (count >= 1 && count <= max) return count;
  throw new RoostError("bad-request", `${name} must be a whole number from 1 to ${max}.`);
}
