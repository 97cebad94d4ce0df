import { afterEach } from "bun:test";
import { Homeserver, type HomeserverOptions } from "../../src/sandbox/homeserver.ts";
import type { WireEvent } from "../../src/sandbox/room-event.ts";

export const server = "example.org";
const open: Homeserver[] = [];

/** Opens a homeserver that is closed after the test. */
export async function openHomeserver(options: Partial<HomeserverOptions> = {}): Promise<Homeserver> {
  const homeserver = new Homeserver({
    serverName: server,
    dialect: "synapse",
    registrationToken: "sesame",
    ...options,
  });
  await homeserver.open();
  open.push(homeserver);
  return homeserver;
}
afterEach(async () => {
  await Promise.all(open.splice(0).map((homeserver) => homeserver.close()));
});

interface RoomPart {
  readonly timeline: {
    readonly events: readonly WireEvent[];
    readonly limited: boolean;
    readonly prev_batch: string;
  };
  readonly state: { readonly events: readonly WireEvent[] };
  readonly ephemeral: { readonly events: readonly unknown[] };
  readonly invite_state: { readonly events: readonly unknown[] };
}
type RoomParts = Readonly<Record<string, RoomPart | undefined>>;

/** What answers hold, of all routes together; a test reads what the one it called should have given. */
export interface Body {
  readonly errcode?: string;
  readonly retry_after_ms?: number;
  readonly session: string;
  readonly flows: readonly { readonly stages: readonly string[] }[];
  readonly params: unknown;
  readonly access_token: string;
  readonly device_id: string;
  readonly user_id: string;
  readonly filter_id: string;
  readonly next_batch: string;
  readonly rooms: { readonly join: RoomParts; readonly invite: RoomParts; readonly leave: RoomParts };
  readonly joined_rooms: readonly string[];
  readonly joined: object;
  readonly chunk: readonly WireEvent[];
  readonly end?: string;
  readonly event_id: string;
  readonly event: WireEvent;
  readonly events_after: readonly WireEvent[];
  readonly content: object;
  readonly replacement_room: string;
}
export interface Answer {
  readonly status: number;
  readonly body: Body;
}

/** Matrix requests over real HTTP, as one user. */
export class Client {
  readonly #homeserver: Homeserver;
  readonly #token: string | undefined;
  #txn = 0;

  constructor(homeserver: Homeserver, token?: string) {
    this.#homeserver = homeserver;
    this.#token = token;
  }
  async call(method: string, path: string, body?: unknown): Promise<Answer> {
    const response = await fetch(`${this.#homeserver.url}/_matrix/client${path}`, {
      method,
      headers: this.#token === undefined ? {} : { authorization: `Bearer ${this.#token}` },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as Body };
  }
  get(path: string): Promise<Answer> {
    return this.call("GET", path);
  }
  sync(since?: string, query = "timeout=0"): Promise<Answer> {
    return this.get(`/v3/sync?${query}${since === undefined ? "" : `&since=${encodeURIComponent(since)}`}`);
  }
  send(roomId: string, body: string, txn = `t${++this.#txn}`): Promise<Answer> {
    const path = `/v3/rooms/${encodeURIComponent(roomId)}/send/m.room.message/${txn}`;
    return this.call("PUT", path, { msgtype: "m.text", body });
  }
  /** A path below a room. */
  room(roomId: string, rest: string): string {
    return `/v3/rooms/${encodeURIComponent(roomId)}${rest}`;
  }
}

/** A room's part of a sync that must have one. */
export function part(parts: RoomParts, roomId: string): RoomPart {
  const found = parts[roomId];
  if (found === undefined) throw new Error(`The sync has nothing of ${roomId}`);
  return found;
}
/** The bodies of the messages among events. */
export function bodies(events: readonly { type: string; content: { body?: unknown } }[]): unknown[] {
  return events.filter(({ type }) => type === "m.room.message").map(({ content }) => content.body);
}
