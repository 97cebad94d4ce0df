/**
 * The protocol between the threads of this process. A list of messages crosses as one text, which costs both sides less than a clone
 * of its objects; a list that holds bytes (an upload, a request to a page and its answer) crosses as it is.
 */
import type { ToHost, ToRuntime } from "./protocol.ts";

export type Packed<Message> = string | readonly Message[];

export function pack<Message extends ToHost | ToRuntime>(messages: readonly Message[]): Packed<Message> {
  return messages.some(holdsBytes) ? messages : JSON.stringify(messages);
}

/** What the other thread packed: it runs Roost's own code. */
export function unpack<Message>(packed: Packed<Message>): readonly Message[] {
  return typeof packed === "string" ? JSON.parse(packed) : packed;
}

function holdsBytes(message: ToHost | ToRuntime): boolean {
  switch (message.say) {
    case "request":
    case "respond":
      return true;
    case "call":
      return message.ask === "upload";
    default:
      return false;
  }
}
