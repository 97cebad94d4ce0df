import { createInterface } from "node:readline";
import type { CAC } from "cac";
import type { Run } from "./command-line.ts";
import { completions, type Shell } from "./completions.ts";
import { type ImportOptions, importMaubot } from "./import-maubot/command.ts";
import { type InitOptions, init } from "./init/init.ts";
import { withProgress } from "./progress.ts";
import { type RegisterOptions, register } from "./register.ts";
import type { Terminal } from "./terminal.ts";

/** What is run once, to set something up. */
export function defineSetup(cli: CAC, terminal: Terminal, run: Run): void {
  cli
    .command("init", "Ask five questions, try the answers on the homeserver, and write a config")
    .option("--config <file>", "The YAML file to write (default: $ROOST_CONFIG, else /etc/roost/config.yaml)")
    .option("--homeserver <url>", "Its address or name")
    .option("--token-file <file>", "The file that holds its registration token")
    .option("--admin <user>", "The new account that shall report errors")
    .option("--rooms <rooms>", "Where the bot shall work: addresses or ids between commas")
    .option("--instagram <yes|no>", "Whether it shall show Instagram links, or answer !echo")
    .option("--bot <user>", "The new account of the bot (default: @instagram or @echo)")
    .option("--non-interactive", "Ask nothing: every answer is an option")
    .option("--json", "Print one JSON object")
    .example("roost init --config config.yaml")
    .action((options: InitOptions) =>
      run(() => init(options, createInterface({ input: process.stdin }), terminal)),
    );
  cli
    .command("register <user>", "Register a Matrix account with the config's registration token")
    .option("--config <file>", "The YAML file (default: $ROOST_CONFIG, else /etc/roost/config.yaml)")
    .option("--json", "Print one JSON object")
    .example("roost register @bot:example.org")
    .action((user: string, options: RegisterOptions) =>
      run(() => withProgress("Registering", terminal, () => register(user, options, terminal))),
    );
  cli
    .command("import-maubot <folder>", "Take over the accounts, plugins, bots and databases of a maubot")
    .option("--config <file>", "The YAML file (default: $ROOST_CONFIG, else /etc/roost/config.yaml)")
    .option("--json", "Print one JSON object")
    .example("roost import-maubot /opt/maubot")
    .action((folder: string, options: ImportOptions) =>
      run(() => withProgress("Taking over", terminal, () => importMaubot(folder, options, terminal))),
    );
  cli
    .command("completions <bash|zsh|fish>", "Print what makes the shell complete commands and options")
    .example("roost completions bash > /etc/bash_completion.d/roost")
    .example("roost completions zsh > /usr/local/share/zsh/site-functions/_roost")
    .example("roost completions fish > ~/.config/fish/completions/roost.fish")
    .action((shell: Shell) => run(() => completions(shell, cli, terminal)));
}
