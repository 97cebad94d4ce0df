/** The host as the page knows it: one session, one stream of events, and one way to ask. */
import { computed, signal } from "@preact/signals";
import type { Health } from "../health.ts";
import type { FirstAnswer, Overview, Session } from "../roost/contract.ts";

const base = "/_roost/v1";
const healthEveryMs = 2_000;
const askTimeoutMs = 30_000;

const first: FirstAnswer = JSON.parse(document.getElementById("data")?.textContent ?? "{}");

export const session = signal<Session>(first.session);
export const health = signal<Health>(first.health);
export const overview = signal<Overview | null>(first.overview);
export const connection = signal<"open" | "lost">("open");
export const lastHeardMs = signal(Date.now());
export const isLoggedIn = computed(() => session.value.user !== null);
/** Whose session ended without a logout: what they were about stays as it is until they are back. */
export const endedFor = signal<string | null>(null);

/** A refusal of the API: its sentence is made to be shown. */
export class Refusal extends Error {
  readonly errcode: string;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(answer: { readonly error?: unknown; readonly errcode?: unknown }) {
    super(typeof answer.error === "string" ? answer.error : "The host gave an answer that is none.");
    this.errcode = String(answer.errcode ?? "unknown");
    this.details = answer;
  }
}

/** Asks the API; throws a Refusal, also when the host is away. */
export async function ask<Answer>(method: string, path: string, body?: unknown): Promise<Answer> {
  const response = await send(method, path, body);
  return (await response.json()) as Answer;
}

/** The same for what answers line by line: `onLine` is told each as it comes, and the last one is the answer. */
export async function follow<Line>(
  method: string,
  path: string,
  body: unknown,
  onLine: (line: Line) => void,
): Promise<Line | undefined> {
  const response = await send(method, path, body, null);
  let last: Line | undefined;
  let rest = "";
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  for (let part = await reader?.read(); part !== undefined && !part.done; part = await reader?.read()) {
    const lines = (rest + part.value).split("\n");
    rest = lines.pop() ?? "";
    for (const text of lines.filter((line) => line !== "")) {
      const line = JSON.parse(text);
      if (typeof line.errcode === "string") throw new Refusal(line);
      last = line as Line;
      onLine(last);
    }
  }
  return last;
}

async function send(
  method: string,
  path: string,
  body: unknown,
  timeoutMs: number | null = askTimeoutMs,
): Promise<Response> {
  const isFile = body instanceof Blob;
  const response = await fetch(base + path, {
    method,
    signal: timeoutMs === null || isFile ? null : AbortSignal.timeout(timeoutMs),
    ...(body === undefined ? {} : { body: isFile ? body : JSON.stringify(body) }),
    headers: body === undefined || isFile ? {} : { "content-type": "application/json" },
  }).catch(() => {
    throw new Refusal({ error: "The host does not answer. Is it running?", errcode: "unreachable" });
  });
  if (response.ok) return response;
  const answer = await response.json().catch(() => ({}));
  if (response.status === 401) end();
  // What only looks is asked again for whoever comes back; what changes anything they say again themselves.
  if (endedFor.value !== null && (method === "GET" || path.endsWith("/preview"))) {
    await untilLoggedIn();
    return send(method, path, body, timeoutMs);
  }
  throw new Refusal(answer);
}

/** Sends a file, telling how much of it is sent (0 to 1): fetch cannot tell that. */
export function upload<Answer>(
  path: string,
  file: Blob,
  onProgress: (share: number) => void,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", base + path);
    request.responseType = "json";
    request.upload.onprogress = ({ loaded, total }) => onProgress(loaded / total);
    request.onerror = () =>
      reject(new Refusal({ error: "The upload broke off. Send it again.", errcode: "unreachable" }));
    request.onload = () => {
      if (request.status === 401) end();
      if (request.status === 200) resolve(request.response as Answer);
      else reject(new Refusal(request.response ?? {}));
    };
    request.send(file);
  });
}

export async function logIn(username: string, password: string): Promise<void> {
  const next = await ask<Session>("POST", "/session", { username, password });
  overview.value = await ask<Overview>("GET", "/overview");
  // Both at once: a view listens to the stream as soon as it is shown.
  session.value = next;
  endedFor.value = null;
  connect();
}

export async function logOut(): Promise<void> {
  session.value = await ask<Session>("DELETE", "/session");
  endedFor.value = null;
  overview.value = null;
  connect();
}

/** By idleness, age, another password, or a logout elsewhere. */
function end(canLogIn = session.value.canLogIn): void {
  if (!isLoggedIn.value) return;
  endedFor.value = session.value.user;
  session.value = { user: null, canLogIn };
  connect();
}

function untilLoggedIn(): Promise<void> {
  return new Promise((resolve) => {
    const stop = isLoggedIn.subscribe((is) => {
      if (!is) return;
      queueMicrotask(() => stop());
      resolve();
    });
  });
}

let stream: EventSource | undefined;
let timer: ReturnType<typeof setTimeout> | undefined;

// A page that is left would draw once more that it is disconnected, before the next one is painted.
window.addEventListener("pagehide", () => stream?.close());
window.addEventListener("pageshow", ({ persisted }) => persisted && connect());

/** Follows the host: its events for who is logged in, its health for everybody else. */
export function connect(): void {
  stream?.close();
  clearTimeout(timer);
  if (!isLoggedIn.value) {
    void pollHealth();
    return;
  }
  stream = new EventSource(`${base}/events`);
  stream.addEventListener("open", () => {
    connection.value = "open";
  });
  stream.addEventListener("overview", ({ data }) => {
    overview.value = JSON.parse(data);
    heard();
  });
  stream.addEventListener("error", () => {
    connection.value = "lost";
    void checkSession();
  });
}

/** Calls `onRecord` with every record as it is logged, until the answered function is called. */
export function onEvent(event: string, listener: (data: unknown, id: string) => void): () => void {
  const heardIt = (message: MessageEvent) => listener(JSON.parse(message.data), message.lastEventId);
  stream?.addEventListener(event, heardIt);
  return () => stream?.removeEventListener(event, heardIt);
}

function heard(): void {
  connection.value = "open";
  lastHeardMs.value = Date.now();
}

async function pollHealth(): Promise<void> {
  try {
    const response = await fetch("/healthz", { signal: AbortSignal.timeout(5_000) });
    health.value = await response.json();
    heard();
  } catch {
    connection.value = "lost";
  }
  timer = setTimeout(() => void pollHealth(), healthEveryMs);
}

/** A stream that broke may mean that the host is away, or that the session is over. */
async function checkSession(): Promise<void> {
  const now = await ask<Session>("GET", "/session").catch(() => undefined);
  if (now?.user === null) end(now.canLogIn);
}
