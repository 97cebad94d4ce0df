import type { InboxRow } from "../core/delivery.ts";
import { RoostError } from "../core/error.ts";
import {
  asEventId,
  type EventId,
  type InstanceId,
  madeUpEventId,
  type RoomId,
  type UserId,
} from "../core/id.ts";
import { isObject, type JsonObject } from "../core/json.ts";
import type { Logger } from "../core/log.ts";
import type { Account, MatrixAnswer } from "../core/matrix.ts";
import type { RoomScope } from "../core/room-rule.ts";
import { type Outbox, txnIdOf } from "../delivery/outbox.ts";
import { judgeCall, type MatrixCall, type MatrixRoute, ownRooms } from "../plugins/remote/matrix-routes.ts";

export interface MatrixCallsOptions {
  readonly instance: InstanceId;
  readonly userId: UserId;
  readonly account: () => Account;
  readonly outbox: Outbox;
  readonly rooms: () => RoomScope;
  readonly log: Logger;
  /** The first thing that was sent in answer to the row. */
  readonly onSent: (row: InboxRow, type: string) => void;
}

const methods = ["GET", "PUT", "POST", "DELETE"] as const;

/** Makes the calls of the client-server API that an instance's plugin asks for, as far as they are its to make. */
export class MatrixCalls {
  readonly #options: MatrixCallsOptions;

  constructor(options: MatrixCallsOptions) {
    this.#options = options;
  }

  /** @throws RoostError `room-forbidden` for what the plugin may not ask, which is also in its log. */
  async make(
    row: InboxRow | undefined,
    call: MatrixCall,
    key: string | undefined,
    signal: AbortSignal,
  ): Promise<MatrixAnswer> {
    const { userId, log } = this.#options;
    const rooms = this.#options.rooms();
    const verdict = judgeCall(call, { userId, rooms });
    if ("refusal" in verdict) {
      const sentence = `A call of the plugin was refused: ${verdict.refusal}.`;
      log.warn(sentence, { method: call.method, path: call.path.slice(0, 300) });
      throw new RoostError("room-forbidden", sentence);
    }
    const { route } = verdict;
    switch (route.kind) {
      case "send":
        return { status: 200, body: { event_id: await this.#send(route, row, call, key) } };
      case "redact":
        return { status: 200, body: { event_id: await this.#redact(route, row, call, key, signal) } };
      case "joined-rooms": {
        const answer = await this.#pass(call, signal);
        return answer.status === 200
          ? { status: 200, body: { joined_rooms: ownRooms(answer.body, rooms) } }
          : answer;
      }
      case "other":
        return this.#pass(call, signal);
    }
  }

  /** The instance's rooms: for one that works in any, those that its account is in. */
  async rooms(signal: AbortSignal): Promise<RoomId[]> {
    const scope = this.#options.rooms();
    if (!("except" in scope)) return [...scope];
    const call = { method: "GET", path: "/_matrix/client/v3/joined_rooms", query: {} };
    const { status, body } = await this.#pass(call, signal);
    if (status === 200) return ownRooms(body, scope);
    throw new RoostError("homeserver-unreachable", "The homeserver did not say which rooms there are.");
  }

  async #send(
    { roomId, type }: Extract<MatrixRoute, { kind: "send" }>,
    row: InboxRow | undefined,
    { body }: MatrixCall,
    key: string | undefined,
  ): Promise<EventId> {
    const { instance, userId, outbox, onSent } = this.#options;
    const once = this.#once(row, key);
    const content: JsonObject = isObject(body) ? body : {};
    const eventId = await outbox.send({ instance, account: userId, roomId, type, content, ...once });
    if (row !== undefined) onSent(row, type);
    return eventId;
  }

  #redact(
    { roomId, eventId }: Extract<MatrixRoute, { kind: "redact" }>,
    row: InboxRow | undefined,
    { body }: MatrixCall,
    key: string | undefined,
    signal: AbortSignal,
  ): Promise<EventId> {
    const target = asEventId(eventId);
    if (target === undefined) throw new RoostError("bad-request", "What is to be redacted is no event id.");
    const txnId = txnIdOf({ instance: this.#options.instance, ...this.#once(row, key) });
    const reason = isObject(body) && typeof body.reason === "string" ? body.reason : undefined;
    return this.#options.account().redact(roomId, target, txnId, reason, signal);
  }

  /** What makes it happen once: the message it answers and its place in the handler's run, else an id of its own. */
  #once(row: InboxRow | undefined, key: string | undefined): { trigger: EventId; key: string } {
    return row === undefined || key === undefined
      ? { trigger: madeUpEventId(), key: "" }
      : { trigger: row.eventId, key };
  }

  #pass({ method: asked, path, query, body }: MatrixCall, signal: AbortSignal): Promise<MatrixAnswer> {
    const method = methods.find((each) => each === asked);
    if (method === undefined)
      throw new RoostError("bad-request", `There is no method ${asked.slice(0, 10)}.`);
    const parameters = new URLSearchParams(query);
    for (const name of ["access_token", "user_id", "device_id"]) parameters.delete(name);
    const full = parameters.size === 0 ? path : `${path}?${parameters}`;
    return this.#options
      .account()
      .call({ method, path: full, body: method === "GET" ? undefined : body }, signal);
  }
}
