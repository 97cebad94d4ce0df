import type { Command } from "../../core/command.ts";
import { objectAt, stringAt } from "../../core/json.ts";
import type { Incoming, Message, Reaction, Subscription } from "../../core/plugin.ts";
import { runCommand } from "./command.ts";

/** Answers what it did, or undefined where the event is none of its own. */
type Handler = (message: Message) => void | Promise<void> | undefined;

/** What a plugin listens for: literals and types for the host, and what the runtime runs for an event. */
export class Handlers {
  readonly subscriptions: Subscription[] = [];
  readonly #handlers: Handler[] = [];

  command(
    prefix: string,
    name: string,
    definition: Command | ((message: Message, rest: string) => unknown),
  ): void {
    const aliases = typeof definition === "function" ? [] : (definition.aliases ?? []);
    const literals = [name, ...aliases].map((each) => `${prefix}${each}`);
    for (const literal of literals) this.subscriptions.push({ kind: "command", prefix: literal });
    this.#onMessage(async (message) => {
      for (const literal of literals) {
        const rest = restOfCommand(message.body, literal);
        if (rest === undefined) continue;
        if (typeof definition === "function") await definition(message, rest);
        else await runCommand(literal, definition, rest, message);
        return;
      }
    });
  }

  message(contains: readonly string[], run: (message: Message) => void | Promise<void>): void {
    const literals = this.#listenFor(contains);
    this.#onMessage((message) => (isIn(message, literals) ? run(message) : undefined));
  }

  match(
    pattern: RegExp,
    contains: readonly string[],
    run: (message: Message, match: RegExpExecArray) => void | Promise<void>,
  ): void {
    const literals = this.#listenFor(contains);
    const fresh = new RegExp(pattern.source, pattern.flags.replace(/[gy]/g, ""));
    this.#onMessage((message) => {
      const match = isIn(message, literals) ? fresh.exec(message.body) : null;
      return match === null ? undefined : run(message, match);
    });
  }

  event(types: readonly string[], run: (event: Incoming) => void | Promise<void>): void {
    this.subscriptions.push({ kind: "events", types, own: false });
    this.#handlers.push((message) => (types.includes(message.event.type) ? run(message) : undefined));
  }

  reaction(run: (reaction: Reaction) => void | Promise<void>): void {
    this.event(["m.reaction"], (incoming) => {
      const relation = objectAt(incoming.event.content, "m.relates_to");
      const emoji = stringAt(relation, "key");
      const target = stringAt(relation, "event_id");
      if (emoji === undefined || target === undefined) return;
      return run({ ...incoming, emoji, target: target as Reaction["target"] });
    });
  }

  /** One handler after another, in the order in which they were registered. */
  async run(message: Message): Promise<void> {
    for (const handler of this.#handlers) await handler(message);
  }

  #listenFor(contains: readonly string[]): readonly string[] {
    const literals = contains.map((literal) => literal.toLowerCase());
    this.subscriptions.push({ kind: "contains", literals });
    return literals;
  }

  /** Notices, edits and other events come to a runtime too where a plugin asks for types of events. */
  #onMessage(run: Handler): void {
    this.#handlers.push((message) => (isSaid(message) ? run(message) : undefined));
  }
}

function isSaid({ event }: Message): boolean {
  if (event.type !== "m.room.message" || stringAt(event.content, "msgtype") === "m.notice") return false;
  return stringAt(objectAt(event.content, "m.relates_to"), "rel_type") !== "m.replace";
}

/** What follows `!name`, trimmed; undefined when the text is not that command (`!names` is another one). */
function restOfCommand(body: string, literal: string): string | undefined {
  const text = body.trimStart();
  if (text.slice(0, literal.length).toLowerCase() !== literal.toLowerCase()) return undefined;
  const rest = text.slice(literal.length);
  return rest === "" || /^\s/.test(rest) ? rest.trim() : undefined;
}

function isIn(message: Message, literals: readonly string[]): boolean {
  const text = `${message.body}\n${message.formattedBody}`.toLowerCase();
  return literals.some((literal) => text.includes(literal));
}
