import type { CAC } from "cac";
import { nearest } from "../config/suggestion.ts";

/** What of the parsed command line is no command, no action and no option, as a sentence with the nearest one that is; undefined if all is known. */
export function misspelling(cli: CAC): string | undefined {
  return wrongCommand(cli) ?? wrongAction(cli) ?? wrongOption(cli);
}

/** The words among which an argument such as `<show|parse>` chooses; none for one that may be anything. */
export function choicesOf(argument: { readonly value: string }): readonly string[] {
  return argument.value.includes("|") ? argument.value.split("|") : [];
}

/** An option as it is typed: cac keeps `--non-interactive` as nonInteractive, and `--no-secrets` as a secrets that is true. */
export function optionText({ name, negated }: { readonly name: string; readonly negated?: boolean }): string {
  if (name.length === 1) return `-${name}`;
  const words = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  return `--${negated === true ? "no-" : ""}${words}`;
}

function wrongCommand({ matchedCommand, args, commands }: CAC): string | undefined {
  if (matchedCommand !== undefined || args[0] === undefined) return undefined;
  const names = commands.map((command) => command.name);
  return `There is no command "${args[0]}"${didYouMean(args[0], names)}`;
}

function wrongAction({ matchedCommand, args }: CAC): string | undefined {
  for (const [index, argument] of (matchedCommand?.args ?? []).entries()) {
    const given = args[index];
    const choices = choicesOf(argument);
    if (given === undefined || choices.length === 0 || choices.includes(String(given))) continue;
    const near = didYouMean(String(given), choices);
    return `"${given}" is not one of ${choices.join(", ")}${near}`;
  }
  return undefined;
}

function wrongOption({ matchedCommand, globalCommand, options }: CAC): string | undefined {
  const known = [...(matchedCommand?.options ?? []), ...globalCommand.options];
  const given = Object.keys(options).filter((name) => name !== "--");
  const unknown = given.find((name) => !known.some(({ names }) => names.includes(name)));
  if (unknown !== undefined) {
    const near = nearest(
      unknown,
      known.map(({ name }) => name),
    );
    const meant = known.filter(({ name }) => name === near).map(optionText);
    return `There is no option ${optionText({ name: unknown })}${meant.map((text) => `: did you mean ${text}?`).join("")}`;
  }
  const twice = given.find((name) => Array.isArray(options[name]));
  return twice === undefined
    ? undefined
    : `The option ${optionText({ name: twice })} is given more than once`;
}

function didYouMean(word: string, known: readonly string[]): string {
  const near = nearest(word, known);
  return near === undefined ? "" : `: did you mean ${near}?`;
}
