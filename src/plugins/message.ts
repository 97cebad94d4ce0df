import type { EventId } from "../core/id.ts";
import { type JsonObject, objectAt, stringAt } from "../core/json.ts";
import type { MatrixEvent } from "../core/matrix.ts";
import type { Message } from "../core/plugin.ts";

/** What a message asks of the host on its handler's behalf. */
export interface MessagePort {
  /** Made when a handler first asks for it: most never do, and it costs as much as the rest of a message. */
  signal(): AbortSignal;
  send(content: JsonObject, key: string): Promise<EventId>;
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
    reply: (content, options) => {
      const place = `#${sends++}`;
      const body: JsonObject = typeof content === "string" ? { msgtype: "m.notice", body: content } : content;
      return port.send(
        { "m.mentions": {}, ...body, "m.relates_to": replyRelation(event) },
        options?.key ?? place,
      );
    },
    defer: (key, atMs) => port.defer(key, atMs),
    setTyping: (typing) => port.setTyping(typing),
  };
}

/** A reply without the fallback text that the spec dropped in v1.13; in the message's thread if it is in one. */
function replyRelation(event: MatrixEvent): JsonObject {
  const relation = objectAt(event.content, "m.relates_to");
  const root = stringAt(relation, "rel_type") === "m.thread" ? stringAt(relation, "event_id") : undefined;
  const reply = { "m.in_reply_to": { event_id: event.eventId } };
  return root === undefined
    ? reply
    : { rel_type: "m.thread", event_id: root, is_falling_back: false, ...reply };
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
