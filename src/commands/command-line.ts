import { type CAC, cac } from "cac";
import { configSchema } from "../config/schema.ts";
import { backUp, listAll, restoreOne } from "./backup.ts";
import { type CheckOptions, check } from "./check.ts";
import { demo } from "./demo.ts";
import { type DoctorOptions, doctor } from "./doctor.ts";
import { hashPassword } from "./hash-password.ts";
import { type HealthOptions, health } from "./health.ts";
import { parseLinks, showPosts } from "./instagram.ts";
import { type InstallOptions, install, uninstall } from "./install/install.ts";
import { definePluginCommands } from "./plugin/plugin.ts";
import { withProgress } from "./progress.ts";
import { type LogsOptions, logs, operate, type RemoteOptions } from "./remote.ts";
import { serve } from "./serve.ts";
import { defineSetup } from "./setup-commands.ts";
import { status } from "./status.ts";
import { exitCode, type Terminal } from "./terminal.ts";

/** Takes the one command that was named, to be run once the command line is known to be right. Its result is the exit code. */
export type Run = (work: () => number | Promise<number>) => void;

const config = [
  "--config <file>",
  "The YAML file (default: $ROOST_CONFIG, else /etc/roost/config.yaml)",
] as const;

/** Every command of `roost`, with its options and help. */
export function commandLine(terminal: Terminal, run: Run): CAC {
  const cli = cac("roost");
  defineHost(cli, terminal, run);
  defineRemote(cli, terminal, run);
  defineInspect(cli, terminal, run);
  definePluginCommands(cli, terminal, run);
  defineInstall(cli, terminal, run);
  defineSetup(cli, terminal, run);
  cli.help();
  // Not `cli.version`, which prints the name and version of Bun after it.
  cli.globalCommand.version(terminal.version, "-v, --version");
  return cli;
}

/** What runs in this process. */
function defineHost(cli: CAC, terminal: Terminal, run: Run): void {
  cli
    .command("serve", "Run the bots of a config until stopped")
    .option(...config)
    .example("roost serve --config /etc/roost/config.yaml")
    .action((options: { config?: string }) => run(() => serve(options, terminal)));
  cli
    .command("check", "Say what is wrong with a config, with line and column")
    .option(...config)
    .option("--json", "Print the problems as a JSON array")
    .option("--no-secrets", "Do not look for secret files and variables, where they are not")
    .example("roost check --config config.yaml")
    .action((options: CheckOptions) => run(() => check(options, terminal)));
  cli
    .command("demo", "Show a bot at work on a homeserver and an Instagram of its own")
    .option("--once", "Play the conversation, say whether every expected reply came, and end")
    .option("--port <port>", "The page's port", { default: 29316 })
    .example("roost demo --once")
    .action((options: { once?: boolean; port: string }) => run(() => demo(options, terminal)));
  cli
    .command("schema", "Print the JSON Schema of the config, for editors")
    .example("roost schema > roost.schema.json")
    .action(() =>
      run(() => {
        terminal.out(JSON.stringify(configSchema(), null, 2));
        return exitCode.fine;
      }),
    );
  cli
    .command("hash-password", "Read a password from stdin and print its hash for admin.password_hash")
    .example("roost hash-password < password.txt")
    .action(() => run(() => hashPassword(Bun.stdin.stream(), terminal)));
}

/** What asks the running host. */
function defineRemote(cli: CAC, terminal: Terminal, run: Run): void {
  cli
    .command("status", "Say what the running host's instances do")
    .option(...config)
    .option("--json", "Print one JSON object")
    .example("roost status")
    .action((options: RemoteOptions) => run(() => status(options, terminal)));
  cli
    .command("doctor", "Look at all that Roost needs and say what to do about what is not fine")
    .option(...config)
    .option("--json", "Print a JSON array")
    .example("roost doctor")
    .action((options: DoctorOptions) =>
      run(() => withProgress("Looking", terminal, () => doctor(options, terminal))),
    );
  cli
    .command("health", "Say what is not well; exit code 1 if the host fails or does not answer")
    .option(...config)
    .option("--wait <seconds>", "Give the host that long to get ready")
    .option("--json", "Print one JSON object")
    .example("roost health --wait 60")
    .action((options: HealthOptions) => run(() => health(options, terminal)));
  cli
    .command("logs [instance]", "Print the running host's log")
    .option(...config)
    .option("--follow", "Go on with what is logged from now on")
    .option("--severity <severity>", "Only DEBUG, INFO, WARN, ERROR or CRITICAL, and worse")
    .option("--since <time>", "Only what is not older, such as 2h, 7d or 2026-01-31T12:00:00Z")
    .option("--text <text>", "Only what says this, in upper or lower case")
    .option("--limit <number>", "The newest so many, at most 10000", { default: 1000 })
    .option("--json", "Print one JSON object a line")
    .example("roost logs instagram --follow --severity WARN")
    .action((instance: string | undefined, options: LogsOptions) =>
      run(() => logs(instance, options, terminal)),
    );
  defineBackups(cli, terminal, run);
  for (const [verb, what] of [
    ["start", "Start an instance that was stopped"],
    ["stop", "Stop an instance until somebody starts it again"],
    ["restart", "Apply an instance's YAML and begin a fresh run"],
  ] as const) {
    cli
      .command(`${verb} <instance>`, what)
      .option(...config)
      .option("--json", "Print one JSON object")
      .example(`roost ${verb} instagram`)
      .action((instance: string, options: RemoteOptions) =>
        run(() => operate(verb, instance, options, terminal)),
      );
  }
}

/** What works with the running host and without one. */
function defineBackups(cli: CAC, terminal: Terminal, run: Run): void {
  cli
    .command(
      "backup [create|list]",
      "Make a backup of all databases and logins now (`create`, or no word); `list` shows those there are",
    )
    .option(...config)
    .option("--json", "Print JSON")
    .example("roost backup")
    .example("roost backup list")
    .action((action: string | undefined, options: RemoteOptions) =>
      run(() =>
        action === "list"
          ? listAll(options, terminal)
          : withProgress("Copying and checking", terminal, () => backUp(options, terminal)),
      ),
    );
  cli
    .command(
      "restore <what>",
      "Put a backup in the place of a database: an instance's name, `host`, or `all`",
    )
    .option(...config)
    .option("--from <backup>", "Its name as `roost backup list` shows it (default: the newest good one)")
    .option("--empty", "Begin with an empty database instead")
    .option("--json", "Print one JSON array")
    .example("roost restore instagram")
    .example("roost restore host --from 2026-01-31T03-30-00Z")
    .action((what: string, options: RemoteOptions & { from?: string; empty?: boolean }) =>
      run(() => withProgress("Restoring", terminal, () => restoreOne(what, options, terminal))),
    );
}

function defineInspect(cli: CAC, terminal: Terminal, run: Run): void {
  cli
    .command(
      "instagram <show|parse> [...inputs]",
      "`show` what the extractor sees in links or saved answers; `parse` links",
    )
    .option("--json", "Print one JSON object a line")
    .option("--shortcode <code>", "show: the post to report from an answer that holds several")
    .option("--status <number>", "show: the HTTP status of a saved answer", { default: 200 })
    .example("roost instagram parse https://www.instagram.com/p/CTU-Mz7oxfR/?img_index=2")
    .action(
      (action: string, inputs: string[], options: { json?: boolean; shortcode?: string; status: string }) =>
        run(() =>
          action === "parse" ? parseLinks(inputs, options, terminal) : showPosts(inputs, options, terminal),
        ),
    );
}

/** What makes Roost a part of the system, and takes it out again. */
function defineInstall(cli: CAC, terminal: Terminal, run: Run): void {
  const write = ["--write", "Change this machine (needs root); without it nothing is changed"] as const;
  const root = ["--root <folder>", "Write below this folder, for an image that is being made"] as const;
  cli
    .command("install", "Print a systemd unit with its user, or set them up")
    .option("--systemd", "For systemd, the only one there is")
    .option(...write)
    .option(...root)
    .example("roost install --systemd")
    .example("sudo roost install --systemd --write")
    .action((options: InstallOptions) => run(() => install(options, terminal)));
  cli
    .command("uninstall", "Take the systemd unit away; config and data stay")
    .option(...write)
    .option(...root)
    .example("sudo roost uninstall --write")
    .action((options: InstallOptions) => run(() => uninstall(options, terminal)));
}
