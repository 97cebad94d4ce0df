import type { EventId } from "../../core/id.ts";
import { type JsonObject, objectAt, stringAt } from "../../core/json.ts";
import type { MatrixEvent } from "../../core/matrix.ts";
import type { Message, Turn, TurnRequest } from "../../core/plugin.ts";
import type { SendType } from "../channel/protocol.ts";

/** What a message asks of the host on its handler's behalf. */
export interface MessagePort {
  /** Made when a handler first asks for it: most never do, and it costs as much as the rest of a message. */
  signal(): AbortSignal;
  send(type: SendType, content: JsonObject, key: string): Promise<EventId>;
  takeTurn(request: TurnRequest): Promise<Turn>;
  defer(key: string, atMs: number): Promise<void>;
  setTyping(typing: boolean): void;
}

/** Builds the message that a plugin's handlers see from the event the homeserver gave. */
export function createMessage(
  event: MatrixEvent,
  deferredKey: string | undefined,
  port: MessagePort,
): Message {
  let sends = 0;
  const nextPlace = () => `#${sends++}`;
  let signal: AbortSignal | undefined;
  return {
    event,
    roomId: event.roomId,
    sender: event.sender,
    body: withoutQuote(event),
    formattedBody: withoutHtmlQuote(stringAt(event.content, "formatted_body") ?? ""),
    deferredKey,
    get signal() {
      signal ??= port.signal();
      return signal;
    },
    isInThread: threadOf(event) !== undefined,
    send: (content, options) => port.send("m.room.message", asContent(content), options?.key ?? nextPlace()),
    reply: (content, options) => {
      const place = nextPlace();
      const relation = replyRelation(event, options?.thread);
      return port.send(
        "m.room.message",
        { ...asContent(content), "m.relates_to": relation },
        options?.key ?? place,
      );
    },
    edit: (reply, content, { key }) =>
      port.send("m.room.message", replacement(reply, asContent(content)), key),
    react: (emoji, options) => {
      const target = options?.to ?? event.eventId;
      const relation = { rel_type: "m.annotation", event_id: target, key: emoji };
      return port.send("m.reaction", { "m.relates_to": relation }, options?.key ?? nextPlace());
    },
    redact: (target, options) =>
      port.send("m.room.redaction", { redacts: target }, options?.key ?? `redact ${target}`),
    takeTurn: (request) => port.takeTurn(request),
    defer: (key, atMs) => port.defer(key, atMs),
    setTyping: (typing) => port.setTyping(typing),
  };
}

/** A string as the `m.notice` it becomes. */
export function asContent(content: string | JsonObject): JsonObject {
  const body: JsonObject = typeof content === "string" ? { msgtype: "m.notice", body: content } : content;
  return { "m.mentions": {}, ...body };
}

/** An edit (spec, event replacements): the new content, and for clients that know none of it the same behind a star. */
function replacement(target: string, content: JsonObject): JsonObject {
  return {
    ...content,
    body: `* ${stringAt(content, "body") ?? ""}`,
    "m.new_content": content,
    "m.relates_to": { rel_type: "m.replace", event_id: target },
  };
}

function threadOf(event: MatrixEvent): string | undefined {
  const relation = objectAt(event.content, "m.relates_to");
  return stringAt(relation, "rel_type") === "m.thread" ? stringAt(relation, "event_id") : undefined;
}

/**
 * A reply without the fallback text that the spec dropped in v1.13. In the message's thread if it is in one, else in the thread
 * that is asked for, where clients without threads show it as a reply to the root.
 */
function replyRelation(event: MatrixEvent, thread: string | undefined): JsonObject {
  const own = threadOf(event);
  const reply = { "m.in_reply_to": { event_id: event.eventId } };
  if (own !== undefined) return { rel_type: "m.thread", event_id: own, is_falling_back: false, ...reply };
  if (thread === undefined) return reply;
  return {
    rel_type: "m.thread",
    event_id: thread,
    is_falling_back: true,
    "m.in_reply_to": { event_id: thread },
  };
}

function isReply(event: MatrixEvent): boolean {
  return objectAt(objectAt(event.content, "m.relates_to"), "m.in_reply_to") !== undefined;
}

/** Clients before spec v1.13 put the quoted message before a reply, each line behind `> `, then an empty line. */
function withoutQuote(event: MatrixEvent): string {
  const body = stringAt(event.content, "body") ?? "";
  if (!isReply(event) || !body.startsWith(">")) return body;
  const lines = body.split("\n");
  const end = lines.findIndex((line) => !line.startsWith(">"));
  return end === -1 ? "" : lines.slice(lines[end] === "" ? end + 1 : end).join("\n");
}

function withoutHtmlQuote(html: string): string {
  const start = html.indexOf("<mx-reply>");
  if (start === -1) return html;
  const end = html.indexOf("</mx-reply>", start);
  return end === -1 ? "" : html.slice(0, start) + html.slice(end + "</mx-reply>".length);
}
