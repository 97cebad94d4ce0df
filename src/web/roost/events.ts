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
  const feed = new OverviewFeed(options);
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
    (context) => streamEvents(context, options, feed),
  );
}

/**
 * `overview` when anything in it has changed, at most four times a second, and `record` for every record the log keeps, by its id, from
 * which `Last-Event-ID` goes on. Ends with its session, and with a reader that takes nothing for a while.
 */
function streamEvents(context: Context<SignedIn>, options: ApiOptions, feed: OverviewFeed): Response {
  const { records, sessions, slowestReadMs = defaultSlowestReadMs } = options;
  const session = context.get("session");
  const lastId = Number(context.req.header("last-event-id") ?? "");
  return streamSSE(context, async (stream) => {
    let cursor = Number.isSafeInteger(lastId) && lastId > 0 ? lastId : records.lastId();
    let shown = 0;
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
          const { version, overview } = feed.look();
          if (version !== shown) await send(`event: overview\ndata: ${overview}\n\n`);
          shown = version;
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

/** One for all readers: to put an overview of fifty bots together takes milliseconds of the thread that serves the bots. */
class OverviewFeed {
  readonly #options: Pick<ApiOptions, "control" | "cutSecrets">;
  #overview = "";
  #known = "";
  #version = 0;
  #madeMs = Number.NEGATIVE_INFINITY;

  constructor(options: Pick<ApiOptions, "control" | "cutSecrets">) {
    this.#options = options;
  }

  /** The overview as JSON; `version` is another when anything in it has changed but its clocks. */
  look(): { readonly version: number; readonly overview: string } {
    const nowMs = performance.now();
    if (nowMs - this.#madeMs >= overviewAtMostEveryMs) {
      const { control, cutSecrets } = this.#options;
      this.#madeMs = nowMs;
      this.#overview = cutSecrets(JSON.stringify(overviewOf(control)));
      const known = withoutClock(this.#overview);
      if (known !== this.#known) this.#version++;
      this.#known = known;
    }
    return { version: this.#version, overview: this.#overview };
  }
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
