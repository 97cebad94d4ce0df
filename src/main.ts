import cac from "cac";
import { check } from "./check.ts";
import { configSchema } from "./config/schema.ts";
import { sentenceOf } from "./core/error.ts";
import { demo } from "./demo.ts";
import { hashPassword } from "./hash-password.ts";
import { parseLinks, showPosts } from "./inspect.ts";
import { logs, operate, type RemoteOptions, status } from "./remote.ts";
import { serve } from "./serve.ts";
import { exitCode, type Terminal } from "./terminal.ts";

declare const ROOST_VERSION: string;

const version = typeof ROOST_VERSION === "string" ? ROOST_VERSION : "0.0.0-dev";

const terminal: Terminal = {
  env: process.env,
  isTerminal: process.stdout.isTTY === true,
  version,
  out: (line) => void process.stdout.write(`${line}\n`),
  err: (line) => void process.stderr.write(`${line}\n`),
  stopRequested: new Promise((resolve) => {
    process.once("SIGTERM", () => resolve());
    process.once("SIGINT", () => resolve());
  }),
};

function define(run: (work: () => number | Promise<number>) => void) {
  const cli = cac("roost");
  const config = [
    "--config <file>",
    "The YAML file (default: $ROOST_CONFIG, else /etc/roost/config.yaml)",
  ] as const;
  cli
    .command("serve", "Run the bots of a config until stopped")
    .option(...config)
    .example("roost serve --config /etc/roost/config.yaml")
    .action((options: { config?: string }) => run(() => serve(options, terminal)));
  cli
    .command("check", "Say what is wrong with a config, with line and column")
    .option(...config)
    .option("--json", "Print the problems as a JSON array")
    .example("roost check --config config.yaml")
    .action((options: { config?: string; json?: boolean }) => run(() => check(options, terminal)));
  cli
    .command("demo", "Show a bot at work on a homeserver and an Instagram of its own")
    .option("--once", "Play the conversation, say whether every expected reply came, and end")
    .option("--port <port>", "The page's port", { default: 29316 })
    .example("roost demo --once")
    .action((options: { once?: boolean; port: number }) => run(() => demo(options, terminal)));
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
    .command("status", "Say what the running host's instances do")
    .option(...config)
    .option("--json", "Print one JSON object")
    .example("roost status")
    .action((options: RemoteOptions) => run(() => status(options, terminal)));
  cli
    .command("logs [instance]", "Print the running host's log")
    .option(...config)
    .option("--follow", "Go on with what is logged from now on")
    .option("--severity <severity>", "Only DEBUG, INFO, WARN, ERROR or CRITICAL, and worse")
    .option("--json", "Print one JSON object a line")
    .example("roost logs instagram --follow --severity WARN")
    .action((instance: string | undefined, options: RemoteOptions) =>
      run(() => logs(instance, options, terminal)),
    );
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
  cli
    .command("hash-password", "Read a password from stdin and print its hash for admin.password_hash")
    .example("roost hash-password < password.txt")
    .action(() => run(() => hashPassword(Bun.stdin.stream(), terminal)));
  cli
    .command(
      "instagram <action> [...inputs]",
      "`show` what the extractor sees in links or saved answers; `parse` links",
    )
    .option("--json", "Print one JSON object a line")
    .option("--shortcode <code>", "show: the post to report from an answer that holds several")
    .option("--status <number>", "show: the HTTP status of a saved answer", { default: 200 })
    .example("roost instagram parse https://www.instagram.com/p/CTU-Mz7oxfR/?img_index=2")
    .action(
      (action: string, inputs: string[], options: { json?: boolean; shortcode?: string; status: number }) =>
        run(() => {
          if (action === "parse") return parseLinks(inputs, options, terminal);
          if (action === "show") return showPosts(inputs, options, terminal);
          terminal.err(
            `There is no "roost instagram ${action}". Use show or parse; see: roost instagram --help`,
          );
          return exitCode.usage;
        }),
    );
  cli.help();
  cli.version(version);
  return cli;
}

/** Parses the command line, runs the one command it names, and sets the exit code. */
async function main(): Promise<void> {
  let work: (() => number | Promise<number>) | undefined;
  const cli = define((chosen) => {
    work = chosen;
  });
  try {
    cli.parse(process.argv, { run: false });
    await cli.runMatchedCommand();
  } catch (error) {
    terminal.err(`${sentenceOf(error)}. See: roost --help`);
    process.exit(exitCode.usage);
  }
  if (work === undefined) {
    if (cli.options.help || cli.options.version) return;
    if (cli.args[0] === undefined) cli.outputHelp();
    else terminal.err(`There is no command "${cli.args[0]}". See: roost --help`);
    process.exit(cli.args[0] === undefined ? exitCode.fine : exitCode.usage);
  }
  try {
    process.exitCode = await work();
  } catch (error) {
    terminal.err(sentenceOf(error));
    process.exitCode = exitCode.problem;
  }
  process.exit();
}

void main();
