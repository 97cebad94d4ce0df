import { RoostError } from "../core/error.ts";
import { asInstanceId, type InstanceId } from "../core/id.ts";
import { type LogRecord, type LogSink, type Severity, severities } from "../core/log.ts";

export interface RecordFilter {
  readonly instance?: InstanceId | undefined;
  /** This severity and worse. */
  readonly severity?: Severity | undefined;
}

/** Where the log's records can be read: those kept, oldest first, and those to come until the returned function is called. */
export interface RecordSource {
  query(filter: RecordFilter): readonly LogRecord[];
  follow(filter: RecordFilter, follower: LogSink): () => void;
}

/** Records that wait for a slow reader, beyond which new ones are left out. */
const waitingMaxCount = 2000;

/** Throws RoostError `bad-request` with what may be written instead. */
export function parseFilter(instance: string | undefined, severity: string | undefined): RecordFilter {
  const id = instance === undefined ? undefined : asInstanceId(instance);
  if (instance !== undefined && id === undefined) {
    throw new RoostError("bad-request", `${JSON.stringify(instance)} is not an instance's name.`);
  }
  const known = severities.find((candidate) => candidate === severity?.toUpperCase());
  if (severity !== undefined && known === undefined) {
    throw new RoostError(
      "bad-request",
      `There is no severity ${severity}; there are ${severities.join(", ")}.`,
    );
  }
  return { instance: id, severity: known };
}

/** One JSON object a line; empty lines mean nothing. A reader that is too slow misses records, and is told how many. */
export function streamRecords(source: RecordSource, filter: RecordFilter, follow: boolean): Response {
  const kept = source.query(filter);
  const headers = { "content-type": "application/x-ndjson" };
  if (!follow) return new Response(kept.map(lineOf).join(""), { headers });
  let leave = () => {};
  let missedCount = 0;
  const body = new ReadableStream<string>(
    {
      start(controller) {
        // Bun sends the headers with the first bytes: an empty line lets the reader know at once that it is connected.
        controller.enqueue("\n");
        for (const record of kept) controller.enqueue(lineOf(record));
        leave = source.follow(filter, (record) => {
          if ((controller.desiredSize ?? 0) <= 0) {
            missedCount++;
            return;
          }
          if (missedCount > 0) controller.enqueue(lineOf(missedRecord(record.timeMs, missedCount)));
          missedCount = 0;
          controller.enqueue(lineOf(record));
        });
      },
      cancel: () => leave(),
    },
    new CountQueuingStrategy({ highWaterMark: waitingMaxCount }),
  );
  return new Response(body.pipeThrough(new TextEncoderStream()), { headers });
}

function missedRecord(timeMs: number, count: number): LogRecord {
  const message = `${count} records were left out because they were read too slowly.`;
  return { timeMs, severity: "WARN", message, context: {}, causes: [] };
}

function lineOf(record: LogRecord): string {
  return `${JSON.stringify(record)}\n`;
}
