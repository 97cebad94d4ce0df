import { type JsonObject, objectAt, stringAt } from "../core/json.ts";
import type { Room } from "./room.ts";
import type { RoomEvent } from "./room-event.ts";

/** One line of the room page. Texts come from the room, so the page sets them as text, never as markup. */
export interface PageItem {
  readonly id: string;
  readonly timeMs: number;
  readonly sender: string;
  readonly kind: "message" | "notice" | "event";
  readonly text: string;
  /** As it was sent: the page builds it anew from the tags it allows. */
  readonly html?: string | undefined;
  readonly media?: PageMedia | undefined;
  readonly quote?: { readonly sender: string; readonly text: string } | undefined;
  readonly inThread: boolean;
  readonly edited: boolean;
  readonly redacted: boolean;
}

export interface PageMedia {
  readonly kind: "image" | "video" | "file";
  readonly url: string;
  readonly posterUrl?: string | undefined;
  readonly name: string;
  readonly width?: number | undefined;
  readonly height?: number | undefined;
}

/** The newest lines of a room, oldest first. */
export function pageItems(room: Room, count: number): PageItem[] {
  const items: PageItem[] = [];
  for (let at = room.events.length - 1; at >= 0 && items.length < count; at--) {
    const event = room.events[at];
    const item = event === undefined ? undefined : pageItem(room, event);
    if (item !== undefined) items.push(item);
  }
  return items.reverse();
}
/** The line that a new event makes or changes: its own, or that of the message it edits or redacts. */
export function changedItem(room: Room, event: RoomEvent): PageItem | undefined {
  const edited = targetOf(event.content, "m.replace") ?? stringAt(event.content, "redacts");
  const target = edited === undefined ? event : room.event(edited);
  return target === undefined ? undefined : pageItem(room, target);
}

function pageItem(room: Room, event: RoomEvent): PageItem | undefined {
  const line = { id: event.eventId, timeMs: event.originServerTs, sender: nameOf(room, event.sender) };
  const plain = { inThread: false, edited: false, redacted: false };
  if (event.type === "m.room.member") {
    return { ...line, ...plain, kind: "event", text: membershipText(room, event) };
  }
  if (event.type !== "m.room.message" || targetOf(event.content, "m.replace") !== undefined) return undefined;
  if (event.redactedBy !== undefined) {
    return { ...line, ...plain, kind: "message", text: "Message deleted", redacted: true };
  }
  const edit = newestEdit(room, event);
  const content = objectAt(edit?.content, "m.new_content") ?? event.content;
  const media = mediaOf(content);
  const caption = content.filename === undefined || content.filename === content.body ? "" : content.body;
  return {
    ...line,
    kind: content.msgtype === "m.notice" ? "notice" : "message",
    text: String((media === undefined ? content.body : caption) ?? ""),
    html: media !== undefined && caption === "" ? undefined : stringAt(content, "formatted_body"),
    media,
    quote: quoteOf(room, event),
    inThread: targetOf(event.content, "m.thread") !== undefined,
    edited: edit !== undefined,
    redacted: false,
  };
}

function membershipText(room: Room, event: RoomEvent): string {
  const who = nameOf(room, event.stateKey ?? "");
  const isOwn = event.stateKey === event.sender;
  switch (event.content.membership) {
    case "join":
      return event.replaced?.content.membership === "join" ? `${who} changed their profile` : `${who} joined`;
    case "invite":
      return `${who} was invited`;
    case "ban":
      return `${who} was banned`;
    default:
      return isOwn ? `${who} left` : `${who} was removed`;
  }
}
function mediaOf(content: JsonObject): PageMedia | undefined {
  const url = pathOf(stringAt(content, "url"));
  const { msgtype } = content;
  const kind = msgtype === "m.image" ? "image" : msgtype === "m.video" ? "video" : "file";
  if (url === undefined) return undefined;
  const info = objectAt(content, "info");
  return {
    kind,
    url,
    posterUrl: pathOf(stringAt(info, "thumbnail_url")),
    name: stringAt(content, "filename") ?? stringAt(content, "body") ?? "file",
    width: lengthOf(info?.w),
    height: lengthOf(info?.h),
  };
}
/** Where the page finds a media file; undefined for anything that is no media address. */
function pathOf(uri: string | undefined): string | undefined {
  const parts = /^mxc:\/\/([A-Za-z0-9.:-]+)\/([A-Za-z0-9_-]+)$/.exec(uri ?? "");
  return parts === null ? undefined : `/sandbox/media/${parts[1]}/${parts[2]}`;
}
function lengthOf(value: unknown): number | undefined {
  return typeof value === "number" && value > 0 && value < 100_000 ? Math.round(value) : undefined;
}

function quoteOf(room: Room, event: RoomEvent): PageItem["quote"] {
  const relation = objectAt(event.content, "m.relates_to");
  if (relation?.is_falling_back === true) return undefined;
  const quoted = room.event(stringAt(objectAt(relation, "m.in_reply_to"), "event_id") ?? "");
  if (quoted === undefined) return undefined;
  const text = quoted.redactedBy === undefined ? (stringAt(quoted.content, "body") ?? "") : "Message deleted";
  return { sender: nameOf(room, quoted.sender), text: text.length > 120 ? `${text.slice(0, 120)}…` : text };
}
function newestEdit(room: Room, event: RoomEvent): RoomEvent | undefined {
  const isEdit = (other: RoomEvent) =>
    other.sender === event.sender && targetOf(other.content, "m.replace") === event.eventId;
  const later = room.events.slice(room.indexAfter(event.position));
  return later.findLast(isEdit);
}
function targetOf(content: JsonObject, relType: string): string | undefined {
  const relation = objectAt(content, "m.relates_to");
  return relation?.rel_type === relType ? stringAt(relation, "event_id") : undefined;
}
export function nameOf(room: Room, userId: string): string {
  return stringAt(room.stateEvent("m.room.member", userId)?.content, "displayname") ?? userId;
}
