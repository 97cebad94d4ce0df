import type { Context } from "hono";
import type { KeptRecord } from "../../core/record.ts";
import { type Api, type ApiOptions, defaultSlowestReadMs } from "../api.ts";
import { readRecords } from "../log-stream.ts";
import type { Session } from "../sessions.ts";
import type { Conversation, Served, Socket } from "../socket.ts";
import { MaubotRefusal } from "./refusal.ts";

const loginWithinMs = 5_000;
const lookEveryMs = 15_000;
/** As many as maubot keeps. */
const historyCount = 2048;
const historyBytes = 4 * 1024 * 1024;
/** What may wait for a slow reader before reading stops until it has taken some. */
const backlogBytes = 256 * 1024;
const mostSockets = 50;
/** Close codes: maubot's for "no token came", and the standard "come again later". */
const closeCode = { notLoggedIn: 4000, tooSlow: 1013 } as const;

/** The log over a WebSocket: the first text is the token; then come the history and each new record. */
export function addLogSocket(api: Api, options: ApiOptions): void {
  let openCount = 0;
  api.get("/logs", (context: Context) => {
    if (context.req.header("upgrade")?.toLowerCase() !== "websocket")
      throw new MaubotRefusal(400, "bad-request", "The log comes over a WebSocket: ask for an upgrade.");
    if (openCount >= mostSockets)
      throw new MaubotRefusal(429, "rate-limited", "Too many read the log at once. Close another reader.");
    const reader = new LogReader(options, () => {
      openCount--;
    });
    const { server } = context.env as Served["Bindings"];
    if (!server.upgrade(context.req.raw, { data: reader }))
      throw new MaubotRefusal(400, "bad-request", "This is no WebSocket handshake.");
    openCount++;
    return context.body(null);
  });
}

/** One reader from its connection to its end. */
class LogReader implements Conversation {
  readonly #options: ApiOptions;
  readonly #onClosed: () => void;
  readonly #leaving = new AbortController();
  #isLoggedIn = false;
  #timer: Timer | undefined;
  #leaveSession: () => void = () => {};

  constructor(options: ApiOptions, onClosed: () => void) {
    this.#options = options;
    this.#onClosed = onClosed;
  }

  opened(socket: Socket): void {
    this.#timer = setTimeout(() => socket.close(closeCode.notLoggedIn, "No token came."), loginWithinMs);
  }

  said(socket: Socket, text: string): void {
    if (this.#isLoggedIn) return;
    const session = this.#options.sessions.find(text);
    socket.send(JSON.stringify({ auth_success: session !== undefined }));
    if (session === undefined) return;
    this.#isLoggedIn = true;
    this.#watch(socket, session);
    void this.#send(socket);
  }

  closed(): void {
    clearTimeout(this.#timer);
    this.#leaveSession();
    this.#leaving.abort();
    this.#onClosed();
  }

  /** Ends with the session. */
  #watch(socket: Socket, session: Session): void {
    const { sessions } = this.#options;
    const end = () => socket.close(closeCode.notLoggedIn, "The session is over.");
    clearTimeout(this.#timer);
    this.#timer = setInterval(() => {
      if (!sessions.isAlive(session)) end();
    }, lookEveryMs);
    this.#leaveSession = sessions.onEnd(session, end);
  }

  async #send(socket: Socket): Promise<void> {
    const { signal } = this.#leaving;
    let isHistory = true;
    for await (const batch of readRecords(this.#options.records, { limit: historyCount }, true, signal)) {
      if (isHistory) socket.send(historyOf(batch));
      else for (const record of batch) socket.send(JSON.stringify(maubotRecord(record)));
      isHistory = false;
      if (!(await this.#hasRoom(socket))) return socket.close(closeCode.tooSlow, "You read too slowly.");
      if (signal.aborted) return;
    }
  }

  async #hasRoom(socket: Socket): Promise<boolean> {
    const { slowestReadMs = defaultSlowestReadMs } = this.#options;
    const endsAtMs = performance.now() + slowestReadMs;
    while (!this.#leaving.signal.aborted && socket.getBufferedAmount() > backlogBytes) {
      if (performance.now() > endsAtMs) return false;
      await Bun.sleep(50);
    }
    return true;
  }
}

/** The newest records that fit. */
function historyOf(records: readonly KeptRecord[]): string {
  const lines: string[] = [];
  let sizeBytes = 0;
  for (const record of records.toReversed()) {
    const line = JSON.stringify(maubotRecord(record));
    sizeBytes += line.length;
    if (sizeBytes > historyBytes) break;
    lines.unshift(line);
  }
  return `{"history":[${lines.join(",")}]}`;
}

const levels = {
  DEBUG: "DEBUG",
  INFO: "INFO",
  WARN: "WARNING",
  ERROR: "ERROR",
  CRITICAL: "CRITICAL",
} as const;

/** A record as Python's logging would tell it; times carry microseconds and an offset, which readers count on. */
export function maubotRecord({ id, timeMs, severity, instance, message, context, causes }: KeptRecord) {
  const pairs = Object.entries(context).map(([key, value]) => ` ${key}=${value}`);
  const name = instance === undefined ? "roost" : `maubot.instance.${instance}`;
  return {
    id: String(id),
    time: new Date(timeMs).toISOString().replace("Z", "000+00:00"),
    levelname: levels[severity],
    name,
    module: "roost",
    filename: "",
    pathname: "",
    funcName: "",
    lineno: 0,
    msg: message + pairs.join(""),
    ...(causes.length === 0 ? {} : { exc_info: causes.join("\n") }),
  };
}
