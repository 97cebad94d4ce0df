import type { CAC } from "cac";
import { choicesOf, optionText } from "./misspelling.ts";
import { exitCode, type Terminal } from "./terminal.ts";

export type Shell = "bash" | "zsh" | "fish";

interface Word {
  readonly name: string;
  readonly description: string;
}
interface Option extends Word {
  readonly takesValue: boolean;
}
interface Entry extends Word {
  readonly options: readonly Option[];
  /** What its first argument may be; empty for anything. */
  readonly choices: readonly string[];
}

/** `roost completions SHELL`: a script made of the commands there are, for the shell to read. */
export function completions(shell: Shell, cli: CAC, terminal: Terminal): number {
  const write = { bash: bashScript, zsh: zshScript, fish: fishScript }[shell];
  terminal.out(write(entriesOf(cli)));
  return exitCode.fine;
}

function entriesOf(cli: CAC): Entry[] {
  const help: Option = { name: "--help", description: "Say how it is used", takesValue: false };
  return cli.commands.map((command) => ({
    name: command.name,
    description: command.description,
    choices: choicesOf(command.args[0] ?? { value: "" }),
    options: [
      ...command.options.map((option) => ({
        name: optionText(option),
        description: option.description,
        takesValue: option.isBoolean !== true,
      })),
      help,
    ],
  }));
}

function bashScript(entries: readonly Entry[]): string {
  const names = (words: readonly Word[]) => words.map(({ name }) => name).join(" ");
  const valued = new Set(
    entries.flatMap(({ options }) => options.filter(({ takesValue }) => takesValue).map(({ name }) => name)),
  );
  return `# Completions of roost for bash, made by: roost completions bash
_roost() {
  local word="\${COMP_WORDS[COMP_CWORD]}" words=""
  case "\${COMP_WORDS[COMP_CWORD - 1]}" in
    ${[...valued].join("|")}) return ;;
  esac
  if [ "$COMP_CWORD" = 1 ]; then
    words="${names(entries)} --help --version"
  else
    case "\${COMP_WORDS[1]}" in
${entries.map(({ name, options, choices }) => `      ${name}) words="${[...choices, names(options)].join(" ")}" ;;`).join("\n")}
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -o default -F _roost roost`;
}

function zshScript(entries: readonly Entry[]): string {
  const text = (words: string) => words.replace(/[[\]:\\]/g, "\\$&").replaceAll("'", "'\\''");
  const one = ({ name, options, choices }: Entry) => {
    const specs = options.map(
      ({ name: option, description, takesValue }) =>
        `'${option}[${text(description)}]${takesValue ? ":value:_files" : ""}'`,
    );
    const first = choices.length === 0 ? [] : [`'1:action:(${choices.join(" ")})'`];
    return `    ${name}) _arguments ${[...specs, ...first, "'*:file:_files'"].join(" ")} ;;`;
  };
  return `#compdef roost
# Completions of roost for zsh, made by: roost completions zsh
_roost() {
  if (( CURRENT == 2 )); then
    local -a commands
    commands=(
${entries.map(({ name, description }) => `      '${name}:${text(description)}'`).join("\n")}
    )
    _describe command commands
    return
  fi
  shift words
  (( CURRENT-- ))
  case $words[1] in
${entries.map(one).join("\n")}
  esac
}
if [ "$funcstack[1]" = _roost ]; then _roost "$@"; else compdef _roost roost; fi`;
}

function fishScript(entries: readonly Entry[]): string {
  const text = (words: string) => `'${words.replace(/[\\']/g, "\\$&")}'`;
  const lines = entries.flatMap(({ name, description, options, choices }) => [
    `complete -c roost -n __fish_use_subcommand -f -a ${name} -d ${text(description)}`,
    ...(choices.length === 0
      ? []
      : [`complete -c roost -n '__fish_seen_subcommand_from ${name}' -f -a '${choices.join(" ")}'`]),
    ...options.map(
      (option) =>
        `complete -c roost -n '__fish_seen_subcommand_from ${name}' -l ${option.name.slice(2)}${option.takesValue ? " -r" : ""} -d ${text(option.description)}`,
    ),
  ]);
  return `# Completions of roost for fish, made by: roost completions fish\n${lines.join("\n")}`;
}
