import { createRoute, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { streamSSE } from "hono/streaming";
import type { KeptRecord } from "../../core/record.ts";
import type { SignedIn } from "../access.ts";
import { type Api, type ApiOptions, defaultSlowestReadMs } from "../api.ts";
import { answers, json } from "../shapes.ts";
import { overviewOf } from "./overview.ts";
import { overview } from "./shapes.ts";

const overviewEveryMs = 1_000;
/** Under a flood of records; putting an overview together costs much more than telling a record. */
const overviewAtMostEveryMs = 250;
const beatEveryMs = 15_000;
/** Records are handed over in batches; one that reads too slowly gets them late, from the log. */
const batchCount = 200;

/** How everything stands, once and as it changes. */
export function addEventRoutes(api: Api, options: ApiOptions): void {
  const { control, cutSecrets } = options;
  api.openapi(
    createRoute({
      method: "get",
      path: "/overview",
      summary: "How everything stands",
      responses: answers("The overview.", overview),
    }),
    () => json(overviewOf(control), cutSecrets),
  );

  api.openapi(
    createRoute({
      method: "get",
      path: "/events",
      summary: "The overview and the log's records, as they come",
      request: {
        headers: z.object({
          "last-event-id": z.string().max(32).optional().describe("A record's id: those after it are sent."),
        }),
      },
      responses: answers("Server-sent events.", z.string(), "text/event-stream"),
    }),
    (context) => streamEvents(context, options),
  );
}

/**
 * `overview` when anything in it has changed, at most four times a second, and `record` for every record the log keeps, by its id, from
 * which `Last-Event-ID` goes on. Ends with its session, and with a reader that takes nothing for a while.
 */
function streamEvents(context: Context<SignedIn>, options: ApiOptions): Response {
  const { control, records, sessions, cutSecrets, slowestReadMs = defaultSlowestReadMs } = options;
  const session = context.get("session");
  const lastId = Number(context.req.header("last-event-id") ?? "");
  return streamSSE(context, async (stream) => {
    let cursor = Number.isSafeInteger(lastId) && lastId > 0 ? lastId : records.lastId();
    let shown = "";
    let overviewMs = Number.NEGATIVE_INFINITY;
    let beatMs = performance.now();
    const wake = new Wake();
    const leaveRecords = records.onRecord(() => wake.call());
    const leaveSession = sessions.onEnd(session, () => stream.abort());
    stream.onAbort(() => wake.call());
    const send = async (text: string) => {
      const patience = setTimeout(() => stream.abort(), slowestReadMs);
      await stream.write(text);
      clearTimeout(patience);
    };
    try {
      while (!stream.aborted && !stream.closed) {
        if (performance.now() - overviewMs >= overviewAtMostEveryMs) {
          overviewMs = performance.now();
          if (!sessions.isAlive(session)) return;
          const overview = cutSecrets(JSON.stringify(overviewOf(control)));
          const known = withoutClock(overview);
          if (known !== shown) await send(`event: overview\ndata: ${overview}\n\n`);
          shown = known;
        }
        for (;;) {
          const batch = records.query({ afterId: cursor, limit: batchCount });
          await send(batch.map(asEvent).join(""));
          cursor = batch.at(-1)?.id ?? cursor;
          if (batch.length < batchCount || stream.aborted) break;
        }
        const nowMs = performance.now();
        if (nowMs - beatMs >= beatEveryMs) {
          beatMs = nowMs;
          await send(": still here\n\n");
        }
        await wake.wait(overviewEveryMs);
      }
    } finally {
      leaveRecords();
      leaveSession();
    }
  });
}

function asEvent(record: KeptRecord): string {
  return `event: record\nid: ${record.id}\ndata: ${JSON.stringify(record)}\n\n`;
}

/** What changes from second to second without meaning anything; `sinceMs` follows the clock's corrections. */
function withoutClock(overview: string): string {
  return overview.replace(
    /"(nowMs|sinceMs|rssBytes|cpuSeconds|currentBytes|memoryBytes|lastSyncMs|endsAtMs|freeBytes|wantedMs|runningMs|time)":("[^"]*"|[\d.]+)/g,
    "",
  );
}

/** Waits for a time or a call, whichever comes first; at least 50 ms, so that a flood of records is taken in batches. */
class Wake {
  #resolve: (() => void) | undefined;

  call(): void {
    this.#resolve?.();
  }

  async wait(timeoutMs: number): Promise<void> {
    await Bun.sleep(50);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#resolve = resolve;
    const timer = setTimeout(resolve, timeoutMs);
    await promise;
    clearTimeout(timer);
    this.#resolve = undefined;
  }
}
