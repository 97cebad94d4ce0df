import type { CAC } from "cac";
import type { Run } from "./command-line.ts";
import { completions, type Shell } from "./completions.ts";
import { type RegisterOptions, register } from "./register.ts";
import type { Terminal } from "./terminal.ts";

/** What is run once, to set something up. */
export function defineSetup(cli: CAC, terminal: Terminal, run: Run): void {
  cli
    .command("register <user>", "Register a Matrix account with the config's registration token")
    .option("--config <file>", "The YAML file (default: $ROOST_CONFIG, else /etc/roost/config.yaml)")
    .option("--json", "Print one JSON object")
    .example("roost register @bot:example.org")
    .action((user: string, options: RegisterOptions) => run(() => register(user, options, terminal)));
  cli
    .command("completions <bash|zsh|fish>", "Print what makes the shell complete commands and options")
    .example("roost completions bash > /etc/bash_completion.d/roost")
    .example("roost completions zsh > /usr/local/share/zsh/site-functions/_roost")
    .example("roost completions fish > ~/.config/fish/completions/roost.fish")
    .action((shell: Shell) => run(() => completions(shell, cli, terminal)));
}
