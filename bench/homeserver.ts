/**
 * A Matrix homeserver that does nothing, in a process of its own, so that what is measured is the bot host: events are made
 * in memory, nothing is stored, and every reply is timed from the moment its event was written into a sync answer.
 * Prints its port. A sync token is the account's position in each of its rooms, so the server remembers nothing of clients.
 */
import type { Burst, JobRequest, Outcome, SyncTimes } from "./job.ts";

const maxTimelineEvents = 50;
const syncTimeoutMs = 30_000;

interface Account {
  readonly userId: string;
  readonly rooms: readonly Room[];
  firstSyncMs: number | undefined;
  /** Wakes the sync request that waits for an event. */
  wake: () => void;
}

interface Room {
  readonly id: string;
  /** Each with its number and its JSON. */
  readonly events: { readonly number: number; readonly json: string }[];
}

let accounts = new Map<string, Account>();
let count = 0;
let writtenMs: (number | undefined)[] = [];
let repliedMs: (number | undefined)[] = [];
let doubled = 0;
let onReply = (_number: number): void => {};

function begin({ accounts: accountCount, roomsPerAccount }: JobRequest): void {
  accounts = new Map();
  for (let index = 0; index < accountCount; index++) {
    const rooms = Array.from({ length: roomsPerAccount }, (_, room) => ({
      id: `!room${index}x${room}:bench.test`,
      events: [],
    }));
    const userId = `@bot${index}:bench.test`;
    accounts.set(`token-${index}`, { userId, rooms, firstSyncMs: undefined, wake: () => {} });
  }
}

function post(account: Account, room: Room): void {
  const number = count++;
  const event = {
    type: "m.room.message",
    event_id: `$event${number}`,
    sender: "@human:bench.test",
    origin_server_ts: Date.now(),
    content: { msgtype: "m.text", body: `!ping ${number}` },
  };
  room.events.push({ number, json: JSON.stringify(event) });
  account.wake();
}

function syncTimes(): SyncTimes {
  return [...accounts.values()].map(({ firstSyncMs }) => firstSyncMs ?? null);
}

/** Posts the messages and resolves when every one of them has its reply, or when nothing has come for the time of patience. */
async function run({ events, perSecond, allRooms, patienceMs, accounts: chosen }: Burst): Promise<Outcome> {
  const first = count;
  const taking = [...accounts.values()].filter((_, index) => chosen?.includes(index) ?? true);
  const places = taking.flatMap((account) =>
    (allRooms ? account.rooms : account.rooms.slice(0, 1)).map((room) => ({ account, room })),
  );
  writtenMs = writtenMs.slice(0, first);
  repliedMs = repliedMs.slice(0, first);
  doubled = 0;
  let answered = 0;
  let lastReplyMs = performance.now();
  const startMs = lastReplyMs;
  const done = Promise.withResolvers<void>();
  onReply = (number) => {
    // An answer to an earlier run's message is none of this one's.
    if (number < first) return;
    lastReplyMs = performance.now();
    if (++answered === events) done.resolve();
  };
  const watch = setInterval(() => {
    if (performance.now() - lastReplyMs > patienceMs) done.resolve();
  }, 500);
  for (let index = 0; index < events; index++) {
    const place = places[index % places.length];
    if (place !== undefined) post(place.account, place.room);
    if (perSecond !== undefined)
      await Bun.sleep(Math.max(0, startMs + ((index + 1) * 1000) / perSecond - performance.now()));
  }
  await done.promise;
  clearInterval(watch);
  const latenciesMs: number[] = [];
  for (let number = first; number < count; number++) {
    const [written, replied] = [writtenMs[number], repliedMs[number]];
    if (written !== undefined && replied !== undefined) latenciesMs.push(replied - written);
  }
  return { latenciesMs, durationMs: lastReplyMs - startMs, lost: events - answered, doubled };
}

function takeReply(body: string): void {
  const nowMs = performance.now();
  const [, digits] = /"pong (\d+)"/.exec(body) ?? [];
  if (digits === undefined) return;
  const number = Number(digits);
  if (repliedMs[number] !== undefined) {
    doubled++;
    return;
  }
  repliedMs[number] = nowMs;
  onReply(number);
}

async function sync(account: Account, query: URLSearchParams): Promise<Response> {
  const since = query.get("since");
  if (since === null) {
    account.firstSyncMs ??= performance.timeOrigin + performance.now();
    return syncAnswer(
      account,
      account.rooms.map((room) => room.events.length),
      true,
    );
  }
  const positions = since.split("_").map(Number);
  const isBehind = () => account.rooms.some((room, index) => room.events.length > (positions[index] ?? 0));
  const endMs = performance.now() + Math.min(Number(query.get("timeout") ?? 0), syncTimeoutMs);
  account.firstSyncMs ??= performance.timeOrigin + performance.now();
  while (!isBehind() && performance.now() < endMs) {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, Math.max(0, endMs - performance.now()));
      account.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
  return syncAnswer(account, positions, false);
}

function syncAnswer(account: Account, positions: readonly number[], withState: boolean): Response {
  const next: number[] = [];
  const rooms: string[] = [];
  const numbers: number[] = [];
  account.rooms.forEach((room, index) => {
    const position = positions[index] ?? 0;
    const events = room.events.slice(position, position + maxTimelineEvents);
    next.push(position + events.length);
    if (events.length === 0 && !withState) return;
    for (const event of events) numbers.push(event.number);
    const state = withState ? JSON.stringify(stateOf(account, room)) : "[]";
    const timeline = `{"events":[${events.map((event) => event.json).join(",")}],"limited":false,"prev_batch":"p"}`;
    rooms.push(`"${room.id}":{"state":{"events":${state}},"timeline":${timeline}}`);
  });
  const body = `{"next_batch":"${next.join("_")}","rooms":{"join":{${rooms.join(",")}}}}`;
  const nowMs = performance.now();
  for (const number of numbers) writtenMs[number] ??= nowMs;
  return new Response(body, { headers: { "content-type": "application/json" } });
}

function stateOf(account: Account, room: Room) {
  const event = (type: string, stateKey: string, content: object) => ({
    type,
    state_key: stateKey,
    content,
    sender: "@human:bench.test",
    event_id: `$${type}-${room.id.slice(1).replace(":", "-")}-${stateKey}`,
    origin_server_ts: 1_700_000_000_000,
    room_id: room.id,
  });
  return [
    event("m.room.create", "", { room_version: "10", creator: "@human:bench.test" }),
    event("m.room.member", "@human:bench.test", { membership: "join" }),
    event("m.room.member", account.userId, { membership: "join" }),
    event("m.room.power_levels", "", { users: { "@human:bench.test": 100 } }),
    event("m.room.join_rules", "", { join_rule: "invite" }),
  ];
}

/** Roost asks again for what came before the instance was ready. */
function answerEvent(room: Room, eventId: string): Response {
  const event = room.events.find(({ number }) => eventId === `$event${number}`);
  if (event === undefined) return fault(404, "M_NOT_FOUND");
  return new Response(event.json, { headers: { "content-type": "application/json" } });
}

/** Whatever is not listed is answered with an empty object: nobody is asked to depend on more. */
async function answer(request: Request): Promise<Response> {
  const url = new URL(request.url);
  const token =
    request.headers.get("authorization")?.slice("Bearer ".length) ?? url.searchParams.get("access_token");
  const path = url.pathname.replace(/^\/_matrix\/client\/(v3|r0|v1)/, "");
  if (path === "/bench/begin") {
    begin((await request.json()) as JobRequest);
    return Response.json({});
  }
  if (path === "/bench/run") return Response.json(await run((await request.json()) as Burst));
  if (path === "/bench/syncs") return Response.json(syncTimes());
  if (path === "/_matrix/client/versions")
    return Response.json({ versions: ["v1.1", "v1.6", "v1.11", "v1.12"] });
  const account = accounts.get(token ?? "");
  if (account === undefined) return fault(401, "M_UNKNOWN_TOKEN");
  if (path === "/sync") return sync(account, url.searchParams);
  const [, roomId = "", rest = ""] = /^\/rooms\/([^/]+)\/(.*)$/.exec(path) ?? [];
  if (rest.startsWith("send/")) {
    takeReply(await request.text());
    return Response.json({ event_id: `$reply${Bun.hash(rest)}` });
  }
  const room = account.rooms.find(({ id }) => id === decodeURIComponent(roomId));
  if (room !== undefined) return answerRoom(account, room, rest);
  if (path === "/account/whoami") return Response.json({ user_id: account.userId, device_id: "BENCH" });
  if (path === "/joined_rooms") return Response.json({ joined_rooms: account.rooms.map(({ id }) => id) });
  if (path.endsWith("/filter")) return Response.json({ filter_id: "1" });
  if (path.startsWith("/join/"))
    return Response.json({ room_id: decodeURIComponent(path.slice("/join/".length)) });
  const isMissing = path.startsWith("/directory/room/") || path.includes("/account_data/");
  if (isMissing && request.method === "GET") return fault(404, "M_NOT_FOUND");
  return Response.json({});
}

function answerRoom(account: Account, room: Room, rest: string): Response {
  const state = stateOf(account, room);
  if (rest === "state") return Response.json(state);
  if (rest === "join") return Response.json({ room_id: room.id });
  if (rest.startsWith("event/")) return answerEvent(room, decodeURIComponent(rest.slice("event/".length)));
  if (rest.startsWith("messages")) return Response.json({ start: "p", chunk: [] });
  if (rest === "joined_members") {
    return Response.json({ joined: { "@human:bench.test": {}, [account.userId]: {} } });
  }
  if (!rest.startsWith("state/")) return Response.json({});
  const [type, stateKey = ""] = rest.slice("state/".length).split("/").map(decodeURIComponent);
  const found = state.find((event) => event.type === type && event.state_key === stateKey);
  return found === undefined ? fault(404, "M_NOT_FOUND") : Response.json(found.content);
}

function fault(status: number, errcode: string): Response {
  return Response.json({ errcode, error: errcode }, { status });
}

const server = Bun.serve({ hostname: "127.0.0.1", port: 0, idleTimeout: 0, fetch: answer });
console.log(server.port);
