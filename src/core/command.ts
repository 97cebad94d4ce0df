/** What a command of a plugin takes, as zod schemas: they check what people type, give it its type, and say how it is used. */
import { z } from "zod";
import type { Message } from "./plugin.ts";

/** A schema for each word after the command, by name and in order; the last may be `rest()`. Schemas see text. */
export type Arguments = Readonly<Record<string, z.ZodType>>;
export type ArgumentValues<Args extends Arguments> = { readonly [Name in keyof Args]: z.output<Args[Name]> };

export interface Command<Args extends Arguments = Arguments> {
  /** One line, shown with the usage when somebody's arguments do not fit. */
  readonly help?: string;
  /** Other names for the same, without prefix. */
  readonly aliases?: readonly string[];
  readonly args?: Args;
  run?(message: Message, args: ArgumentValues<Args>): void | Promise<void>;
  /** Tried before `args`, by the first word. Write each with `command(...)`, so that its arguments have their types. */
  readonly subcommands?: Readonly<Record<string, Command>>;
}

/** Ties the types of a subcommand's arguments to their schemas. */
export function command<Args extends Arguments>(definition: Command<Args>): Command {
  return definition as Command;
}

/** An argument that takes all that is left of the message, line breaks included. */
export function rest(): z.ZodString;
export function rest<Text extends z.ZodType>(text: Text): Text;
export function rest(text: z.ZodType = z.string().min(1)): z.ZodType {
  return text.meta({ rest: true });
}
