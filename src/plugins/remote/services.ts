import type { InboxRow } from "../../core/delivery.ts";
import { RoostError } from "../../core/error.ts";
import type { EventId, MxcUri, RoomId, UserId } from "../../core/id.ts";
import type { JsonObject } from "../../core/json.ts";
import type { MatrixAnswer, MediaSource } from "../../core/matrix.ts";
import type { Subscription, Turn, TurnRequest, Upload } from "../../core/plugin.ts";
import type { FetchAnswer, FetchRequest, Request, Value } from "../channel/protocol.ts";
import type { MatrixCall } from "./matrix-routes.ts";
import type { Run } from "./run.ts";

/** What the host does for a plugin. The host looks up room and account by the row: a plugin can name neither. */
export interface Services {
  send(row: InboxRow, type: string, content: JsonObject, key: string): Promise<EventId>;
  post(roomId: RoomId, content: JsonObject): Promise<EventId>;
  defer(row: InboxRow, key: string, atMs: number): void;
  takeTurn(row: InboxRow, sender: UserId, request: TurnRequest): Turn;
  hold(allowance: string, untilMs: number): void;
  count(what: string): void;
  fetch(request: FetchRequest, signal: AbortSignal): Promise<FetchAnswer>;
  rooms(signal: AbortSignal): Promise<readonly RoomId[]>;
  uploadLimitBytes(signal: AbortSignal): Promise<number>;
  upload(file: Upload, signal: AbortSignal): Promise<MxcUri>;
  /** A call that the plugin's library makes; `key` names it among those made for the row, if there is one. */
  call(
    row: InboxRow | undefined,
    call: MatrixCall,
    key: string | undefined,
    signal: AbortSignal,
  ): Promise<MatrixAnswer>;
  download(source: MediaSource, path: string, signal: AbortSignal): Promise<void>;
  /** It listens to other things from now on. */
  setWishes(subscriptions: readonly Subscription[]): void;
  setTyping(row: InboxRow, typing: boolean): void;
}

/** Does what a plugin asked for while it handled `run`, if it did. Throws the RoostError that the plugin is told. */
export async function carryOut(
  services: Services,
  request: Request,
  run: Run | undefined,
  signal: AbortSignal,
): Promise<Value> {
  switch (request.ask) {
    case "post":
      return services.post(request.roomId, request.content);
    case "fetch":
      return services.fetch(request, signal);
    case "upload":
      return services.upload(request, signal);
    case "matrix":
      return services.call(run?.row, request, request.key, signal);
    case "download":
      await services.download(request, request.path, signal);
      return undefined;
    case "rooms":
      return services.rooms(signal);
    case "upload-limit":
      return services.uploadLimitBytes(signal);
    case "hold":
      services.hold(request.allowance, request.untilMs);
      return undefined;
  }
  if (run === undefined)
    throw new RoostError("bad-request", "The message was already settled: await what you send.");
  switch (request.ask) {
    case "send":
      return services.send(run.row, request.type, request.content, request.key);
    case "turn":
      return services.takeTurn(run.row, run.sender, request.request);
    case "defer":
      if (!run.mayDefer(request.key))
        throw new RoostError("bad-request", "A message may be put off under a hundred keys at once.");
      services.defer(run.row, request.key, request.atMs);
      return undefined;
  }
}
