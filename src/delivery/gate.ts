import type { NewInboxRow } from "../core/delivery.ts";
import type { InstanceId, UserId } from "../core/id.ts";
import { isObject, objectAt, stringAt } from "../core/json.ts";
import type { MatrixEvent } from "../core/matrix.ts";
import type { Subscription } from "../core/plugin.ts";
import { includesRoom, type RoomScope } from "../core/room-rule.ts";

/** What the gate has to know of an instance to decide whether an event is for it. */
export interface Listener {
  readonly instance: InstanceId;
  readonly account: UserId;
  readonly rooms: RoomScope;
  /** False while a person keeps it stopped: what is posted then stays unanswered. */
  readonly listening: boolean;
  /** Undefined until the plugin has said what it wants: then what others post is kept, and the plugin itself decides. */
  readonly subscriptions: readonly Subscription[] | undefined;
  /** What the plugin asked for: see `PluginDefinition`. */
  readonly redactsReplies: boolean;
}

/**
 * Decides which instances an event is for, by literals alone: no plugin code and no pattern of a plugin runs here. To a plugin that
 * listens for words, notices, edits and whatever an account of this host wrote are nothing, so that bots never talk to each other.
 */
export function admit(
  event: MatrixEvent,
  listeners: readonly Listener[],
  own: ReadonlySet<UserId>,
): NewInboxRow[] {
  const isOwn = own.has(event.sender);
  const isMessage = event.type === "m.room.message" && event.stateKey === undefined;
  const isSaid = isMessage && !isOwn && !isEdit(event) && stringAt(event.content, "msgtype") !== "m.notice";
  const rows: NewInboxRow[] = [];
  let text: string | undefined;
  for (const { instance, account, rooms, listening, subscriptions } of listeners) {
    if (!listening || !includesRoom(rooms, event.roomId)) continue;
    if (isSaid) text ??= searchableText(event);
    const isFor =
      subscriptions === undefined
        ? !isOwn && (isMessage ? text !== undefined && text !== "" : true)
        : subscriptions.some((each) =>
            each.kind === "events" ? names(each, event.type, isOwn) : isIn(text, each),
          );
    if (isFor) rows.push({ instance, account, roomId: event.roomId, eventId: event.eventId });
  }
  return rows;
}

function names(
  { types, own }: Extract<Subscription, { kind: "events" }>,
  type: string,
  isOwn: boolean,
): boolean {
  return (own || !isOwn) && (types === "*" || types.includes(type));
}

function isEdit(event: MatrixEvent): boolean {
  return (
    objectAt(event.content, "m.relates_to")?.rel_type === "m.replace" ||
    isObject(event.content["m.new_content"])
  );
}

function searchableText(event: MatrixEvent): string {
  const body = stringAt(event.content, "body") ?? "";
  const formatted = stringAt(event.content, "formatted_body") ?? "";
  return (formatted === "" ? body : `${body}\n${formatted}`).toLowerCase();
}

function isIn(text: string | undefined, subscription: Exclude<Subscription, { kind: "events" }>): boolean {
  if (text === undefined || text === "") return false;
  switch (subscription.kind) {
    case "command":
      // A reply's quote may stand before the command, so the plugin's runtime looks again at the text without it.
      return text.includes(subscription.prefix.toLowerCase());
    case "contains":
      return subscription.literals.some((literal) => text.includes(literal.toLowerCase()));
  }
}
