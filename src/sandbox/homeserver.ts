import type { Hono } from "hono";
import { RoostError } from "../core/error.ts";
import { Secret } from "../core/secret.ts";
import { type DialectName, dialectNamed } from "./dialect.ts";
import { Faults } from "./faults.ts";
import { faultyAnswer } from "./faulty-answer.ts";
import { Media, type MediaFile } from "./media.ts";
import { Memberships } from "./memberships.ts";
import type { Parts } from "./parts.ts";
import { notFound } from "./refusal.ts";
import { Registration } from "./registration.ts";
import { RequestLog } from "./request-log.ts";
import type { Membership } from "./room.ts";
import { type WireEvent, wireEvent } from "./room-event.ts";
import { type RoomPageWish, roomPageRoutes } from "./room-page.ts";
import { Rooms } from "./rooms.ts";
import { matrixRoutes } from "./routes.ts";
import { SandboxUser } from "./sandbox-user.ts";
import { Stream } from "./stream.ts";
import { Sync } from "./sync.ts";
import { Users } from "./users.ts";

export interface HomeserverOptions {
  readonly serverName: string;
  readonly dialect: DialectName;
  /** Without one, registration is closed. */
  readonly registrationToken?: string | undefined;
  /** How many accounts the token is good for. */
  readonly tokenUses?: number;
  /** Registration has a terms stage too. */
  readonly terms?: boolean;
  /** Whether a registration that fails over its user name costs a use of the token all the same; by default as the dialect has it. */
  readonly burnsTokenFirst?: boolean;
  readonly maxUploadBytes?: number;
}

/**
 * A small Matrix homeserver on loopback, in memory: for the demo, and for tests of what no real one does on demand. What it
 * knows outlives `close`: opened again, on the same port if wished, it goes on as a restarted homeserver does.
 */
export class Homeserver {
  readonly faults: Faults;
  readonly requests = new RequestLog();
  readonly #parts: Parts;
  readonly #routes: Hono;
  #page: Hono | undefined;
  #server: Bun.Server<undefined> | undefined;
  #closing = new AbortController();

  constructor(options: HomeserverOptions) {
    const { serverName } = options;
    const dialect = dialectNamed(options.dialect);
    const stream = new Stream();
    const users = new Users(serverName);
    const rooms = new Rooms(serverName, dialect, stream);
    this.faults = new Faults(dialect, stream);
    this.#parts = {
      serverName,
      dialect,
      users,
      rooms,
      members: new Memberships(rooms, users),
      registration: new Registration(users, dialect, {
        token: options.registrationToken === undefined ? undefined : new Secret(options.registrationToken),
        terms: options.terms ?? false,
        uses: options.tokenUses ?? Number.POSITIVE_INFINITY,
        burnsTokenFirst: options.burnsTokenFirst ?? dialect.burnsTokenFirst,
      }),
      sync: new Sync(rooms, this.faults),
      media: new Media(serverName, options.maxUploadBytes ?? dialect.maxUploadBytes),
      faults: this.faults,
      closing: () => this.#closing.signal,
    };
    this.#routes = matrixRoutes(this.#parts);
  }

  /** Listens on 127.0.0.1; port 0 takes a free one. */
  async open(port = 0): Promise<void> {
    this.#closing = new AbortController();
    this.#server = Bun.serve({
      hostname: "127.0.0.1",
      port,
      idleTimeout: 0,
      fetch: (request) => this.#answer(request),
    });
  }
  /** Ends hanging polls and cuts every connection at once. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#server?.stop(true);
    this.#server = undefined;
  }
  /** The base address, without trailing slash. */
  get url(): string {
    if (this.#server === undefined) throw new RoostError("internal", "The sandbox homeserver is not open.");
    return `http://127.0.0.1:${this.#server.port}`;
  }

  /** Adds a user who is logged in; with a password they can log in over HTTP too. */
  createUser(localpart: string, options: { readonly password?: string } = {}): SandboxUser {
    const { users } = this.#parts;
    return new SandboxUser(this.#parts, users.open(users.add(localpart, options.password)));
  }
  /** Serves a page at `/` that shows a room live and lets its visitor post as a user. */
  openRoomPage(wish: RoomPageWish): void {
    const { rooms, media } = this.#parts;
    this.#page = roomPageRoutes(rooms.get(wish.room), rooms.stream, media, wish);
  }
  /** What was said in `#admins` that a server of this dialect would carry out as a command, oldest first. */
  adminCommands(): string[] {
    const { rooms, serverName, dialect } = this.#parts;
    const room = rooms.find(`#admins:${serverName}`);
    if (room === undefined || !dialect.hasAdminRoom) return [];
    const bodies = room.events
      .filter(({ type }) => type === "m.room.message")
      .map(({ content }) => String(content.body ?? "").trimStart());
    return bodies.filter((body) => body.startsWith("!admin") || body.startsWith(`@conduit:${serverName}`));
  }
  /** A room's whole timeline, as a client in it is shown it. */
  timeline(roomId: string): WireEvent[] {
    return this.#parts.rooms.get(roomId).events.map((event) => wireEvent(event));
  }
  /** The first event of a room, past or to come, that the predicate likes. Throws after the time with what there was. */
  waitForEvent(
    roomId: string,
    predicate: (event: WireEvent) => boolean,
    timeoutMs = 5_000,
  ): Promise<WireEvent> {
    const past = this.timeline(roomId).find(predicate);
    if (past !== undefined) return Promise.resolve(past);
    return new Promise((resolve, reject) => {
      const unlisten = this.onEvent((event) => {
        if (event.room_id !== roomId || !predicate(event)) return;
        clearTimeout(timer);
        unlisten();
        resolve(event);
      });
      const timer = setTimeout(() => {
        unlisten();
        const seen = this.timeline(roomId).map(({ sender, type, content }) => [sender, type, content]);
        const sentence = `No such event in ${roomId} within ${timeoutMs} ms; there are ${JSON.stringify(seen.slice(-10))}`;
        reject(new RoostError("internal", sentence));
      }, timeoutMs);
    });
  }
  /** Calls back for every event of every room from now on, until the returned function is called. */
  onEvent(listener: (event: WireEvent) => void): () => void {
    return this.#parts.rooms.stream.listen((change) => {
      if (change.kind === "event") listener(wireEvent(change.event));
    });
  }
  media(mxc: string): MediaFile {
    return this.#parts.media.get(mxc);
  }
  get maxUploadBytes(): number {
    return this.#parts.media.maxUploadBytes;
  }
  set maxUploadBytes(bytes: number) {
    this.#parts.media.maxUploadBytes = bytes;
  }
  /** The ids of a user's devices; empty for nobody. */
  devices(userId: string): string[] {
    return [...(this.#parts.users.find(userId)?.devices.keys() ?? [])];
  }
  /** What a user shows: `online`, `offline` or `unavailable`. */
  presence(userId: string): unknown {
    return this.#parts.users.find(userId)?.presence.presence;
  }
  /** Makes all access tokens of a user unknown; the devices stay. */
  revokeTokens(userId: string): void {
    this.#parts.users.revoke(userId);
  }
  /** Repeating a transaction of the user makes a second event from now on. */
  forgetTransactions(userId: string): void {
    this.#parts.users.forgetTransactions(userId);
  }
  memberships(roomId: string): Map<string, Membership> {
    const room = this.#parts.rooms.find(roomId);
    if (room === undefined) throw notFound(`There is no room ${roomId}`);
    return new Map(room.members().map(({ stateKey = "" }) => [stateKey, room.membership(stateKey)]));
  }

  async #answer(request: Request): Promise<Response> {
    const path = unescaped(new URL(request.url).pathname);
    if (this.#page !== undefined && (path === "/" || path.startsWith("/sandbox/"))) {
      return this.#page.fetch(request);
    }
    const user = this.#parts.users.peek(request)?.user.userId;
    this.requests.add({ method: request.method, path, user, timeMs: Date.now() });
    const carryOut = async () => this.#routes.fetch(request);
    const fault = this.faults.take(request.method, path, user);
    return fault === undefined ? carryOut() : faultyAnswer(fault, request, this.#parts.dialect, carryOut);
  }
}

function unescaped(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
