/** A person at a homeserver, over the client-server API alone: for tests that talk to bots as people do. */
import { isObject, type JsonObject, objectAt, stringAt } from "../../src/core/json.ts";

export interface SeenEvent {
  readonly roomId: string;
  readonly eventId: string;
  readonly sender: string;
  readonly type: string;
  readonly content: JsonObject;
}

export class MatrixUser {
  readonly #url: string;
  readonly #seen: SeenEvent[] = [];
  #since: string | undefined;
  #txn = 0;

  constructor(
    url: string,
    readonly userId: string,
    readonly accessToken: string,
  ) {
    this.#url = url;
  }

  /** Registers with a registration token, doing the stages in the order the homeserver asks for. */
  static async register(url: string, username: string, registrationToken: string): Promise<MatrixUser> {
    const request = { username, password: `${username}-password`, inhibit_login: false };
    let auth: JsonObject | undefined;
    for (let stage = 0; stage < 4; stage++) {
      const { status, body } = await call(url, "POST", "/_matrix/client/v3/register", { ...request, auth });
      if (status === 200)
        return new MatrixUser(url, stringAt(body, "user_id") ?? "", stringAt(body, "access_token") ?? "");
      if (status !== 401) throw new Error(`registering ${username}: ${status} ${JSON.stringify(body)}`);
      const done = Array.isArray(body.completed) ? body.completed : [];
      const flows = Array.isArray(body.flows) ? body.flows : [];
      const stages = isObject(flows[0]) && Array.isArray(flows[0].stages) ? flows[0].stages : [];
      const next = stages.find((each) => !done.includes(each));
      auth = { type: next, session: stringAt(body, "session"), token: registrationToken };
    }
    throw new Error(`registering ${username}: the homeserver asks for ever more stages`);
  }

  static async logIn(url: string, username: string, password = `${username}-password`): Promise<MatrixUser> {
    const { status, body } = await call(url, "POST", "/_matrix/client/v3/login", {
      type: "m.login.password",
      identifier: { type: "m.id.user", user: username },
      password,
    });
    if (status !== 200) throw new Error(`logging in ${username}: ${status} ${JSON.stringify(body)}`);
    return new MatrixUser(url, stringAt(body, "user_id") ?? "", stringAt(body, "access_token") ?? "");
  }

  /** Any request of the API with this user's token; throws for every answer but 200. */
  async request(method: string, path: string, body?: JsonObject): Promise<JsonObject> {
    const answer = await call(this.#url, method, path, body, this.accessToken);
    if (answer.status !== 200)
      throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  async createRoom(options: JsonObject = {}): Promise<string> {
    const room = await this.request("POST", "/_matrix/client/v3/createRoom", {
      preset: "private_chat",
      ...options,
    });
    return stringAt(room, "room_id") ?? "";
  }

  async invite(roomId: string, userId: string): Promise<void> {
    await this.request("POST", `/_matrix/client/v3/rooms/${encodeURIComponent(roomId)}/invite`, {
      user_id: userId,
    });
  }

  async join(roomIdOrAlias: string): Promise<void> {
    await this.request("POST", `/_matrix/client/v3/join/${encodeURIComponent(roomIdOrAlias)}`, {});
  }

  /** Posts a text and answers its event id. */
  say(roomId: string, body: string): Promise<string> {
    return this.send(roomId, "m.room.message", { msgtype: "m.text", body });
  }

  async send(roomId: string, type: string, content: JsonObject): Promise<string> {
    const txnId = `${Date.now()}-${this.#txn++}`;
    const path = `/_matrix/client/v3/rooms/${encodeURIComponent(roomId)}/send/${type}/${txnId}`;
    return stringAt(await this.request("PUT", path, content), "event_id") ?? "";
  }

  /** The first timeline event that matches, among all seen so far and then those that come within the time. */
  async waitFor(matches: (event: SeenEvent) => boolean, timeoutMs = 10_000): Promise<SeenEvent> {
    const endMs = Date.now() + timeoutMs;
    for (let next = 0; ; ) {
      for (; next < this.#seen.length; next++) {
        const event = this.#seen[next];
        if (event !== undefined && matches(event)) return event;
      }
      const leftMs = endMs - Date.now();
      if (leftMs <= 0) {
        const last = this.#seen
          .slice(-5)
          .map((event) => `${event.sender} ${event.type} ${JSON.stringify(event.content)}`);
        throw new Error(
          `the awaited event did not come within ${timeoutMs} ms; the last seen:\n${last.join("\n")}`,
        );
      }
      await this.#sync(leftMs);
    }
  }

  /** Everything in the room's timeline that this user may see, oldest first. */
  async history(roomId: string): Promise<SeenEvent[]> {
    const events: SeenEvent[] = [];
    let from: string | undefined;
    do {
      const query = `dir=b&limit=100${from === undefined ? "" : `&from=${encodeURIComponent(from)}`}`;
      const page = await this.request(
        "GET",
        `/_matrix/client/v3/rooms/${encodeURIComponent(roomId)}/messages?${query}`,
      );
      events.push(...eventsIn(roomId, page.chunk));
      from = stringAt(page, "end");
    } while (from !== undefined);
    return events.reverse();
  }

  async download(mxcUri: string): Promise<{ bytes: Uint8Array; mimetype: string }> {
    const path = `/_matrix/client/v1/media/download/${mxcUri.slice("mxc://".length)}`;
    const headers = { authorization: `Bearer ${this.accessToken}` };
    const answer = await fetch(this.#url + path, { headers });
    if (answer.status !== 200) throw new Error(`GET ${path}: ${answer.status} ${await answer.text()}`);
    return { bytes: await answer.bytes(), mimetype: answer.headers.get("content-type") ?? "" };
  }

  async #sync(timeoutMs: number): Promise<void> {
    const query = new URLSearchParams({ timeout: String(Math.min(timeoutMs, 5_000)) });
    if (this.#since !== undefined) query.set("since", this.#since);
    const batch = await this.request("GET", `/_matrix/client/v3/sync?${query}`);
    this.#since = stringAt(batch, "next_batch");
    for (const [roomId, room] of Object.entries(objectAt(objectAt(batch, "rooms"), "join") ?? {})) {
      this.#seen.push(...eventsIn(roomId, objectAt(room, "timeline")?.events));
    }
  }
}

function eventsIn(roomId: string, chunk: unknown): SeenEvent[] {
  return (Array.isArray(chunk) ? chunk : []).map((event: unknown) => ({
    roomId,
    eventId: stringAt(event, "event_id") ?? "",
    sender: stringAt(event, "sender") ?? "",
    type: stringAt(event, "type") ?? "",
    content: objectAt(event, "content") ?? {},
  }));
}

/** One request of the client-server API; an answer that is no JSON object becomes an empty one. */
export async function call(
  url: string,
  method: string,
  path: string,
  body?: JsonObject,
  accessToken?: string,
): Promise<{ status: number; body: JsonObject }> {
  const answer = await fetch(url + path, {
    method,
    headers: {
      ...(accessToken === undefined ? {} : { authorization: `Bearer ${accessToken}` }),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const parsed: unknown = await answer.json().catch(() => undefined);
  return { status: answer.status, body: isObject(parsed) ? parsed : {} };
}
