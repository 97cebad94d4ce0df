import { z } from "zod";
import type { Command } from "../../core/command.ts";
import type { Message } from "../../core/plugin.ts";

/** Runs a command, or the subcommand that the first word names, with what stands behind it; answers with the usage if that does not fit. */
export async function runCommand(
  called: string,
  command: Command,
  rest: string,
  message: Message,
): Promise<void> {
  const [, word = "", behind = ""] = /^(\S*)\s*([\s\S]*)$/.exec(rest) ?? [];
  const sub = findSubcommand(command, word);
  if (sub !== undefined) return runCommand(`${called} ${sub.name}`, sub.command, behind, message);
  if (command.run === undefined) return answerUsage(called, command, message);
  const read = readArguments(command, rest);
  if (typeof read === "string") return answerUsage(called, command, message, read);
  await command.run(message, read);
}

function findSubcommand(command: Command, word: string): { name: string; command: Command } | undefined {
  const lower = word.toLowerCase();
  for (const [name, sub] of Object.entries(command.subcommands ?? {})) {
    const names = [name, ...(sub.aliases ?? [])];
    if (names.some((each) => each.toLowerCase() === lower)) return { name, command: sub };
  }
  return undefined;
}

/** The values by name, or what is wrong with them as a sentence. */
function readArguments(command: Command, text: string): Readonly<Record<string, unknown>> | string {
  const values: Record<string, unknown> = {};
  let left = text.trim();
  for (const [name, schema] of Object.entries(command.args ?? {})) {
    const taken = takesRest(schema) ? left : firstWord(left);
    left = left.slice(taken.length).trimStart();
    const read = schema.safeParse(taken === "" ? undefined : unquoted(taken, schema));
    if (read.success) values[name] = read.data;
    else if (taken === "") return `${name} is missing.`;
    else return `${name}: ${read.error.issues.map((issue) => issue.message).join("; ")}`;
  }
  return left === "" || command.args === undefined ? values : `There is more than it takes: ${left}`;
}

function takesRest(schema: z.ZodType): boolean {
  const isWrapped = schema instanceof z.ZodOptional || schema instanceof z.ZodDefault;
  const inner = isWrapped ? schema.unwrap() : schema;
  return schema.meta()?.rest === true || (inner instanceof z.ZodType && inner.meta()?.rest === true);
}

/** A word, or several between quotation marks. */
function firstWord(text: string): string {
  return /^(?:"[^"]*"(?=\s|$)|\S+)/.exec(text)?.[0] ?? "";
}

function unquoted(taken: string, schema: z.ZodType): string {
  return takesRest(schema) ? taken : taken.replace(/^"([^"]*)"$/, "$1");
}

async function answerUsage(
  called: string,
  command: Command,
  message: Message,
  wrong?: string,
): Promise<void> {
  await message.reply([...(wrong === undefined ? [] : [wrong]), ...usageOf(called, command)].join("\n"), {
    key: "usage",
  });
}

/** Such as `Usage: !dice [sides]: Rolls dice`, and a line for each subcommand. */
export function usageOf(called: string, command: Command): readonly string[] {
  const help = command.help === undefined ? "" : `: ${command.help}`;
  const own =
    command.run === undefined ? [] : [`Usage: ${[called, ...signatureOf(command)].join(" ")}${help}`];
  const subs = Object.entries(command.subcommands ?? {}).flatMap(([name, sub]) =>
    usageOf(`${called} ${name}`, sub),
  );
  return [...own, ...subs];
}

function signatureOf({ args = {} }: Command): readonly string[] {
  return Object.entries(args).map(([name, schema]) => {
    const shown = takesRest(schema) ? `${name}...` : name;
    return schema.safeParse(undefined).success ? `[${shown}]` : `<${shown}>`;
  });
}
