import { type JsonObject, objectAt, stringAt } from "../../src/core/json.ts";

/** The id of the event that an event with this content replies to. */
export function replyTarget(content: JsonObject): string | undefined {
  return stringAt(objectAt(objectAt(content, "m.relates_to"), "m.in_reply_to"), "event_id");
}
