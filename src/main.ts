/** Starts the part that the first argument names, and loads no other: a plugin's process has no use for a host. */
import { compileEagerly } from "./core/eager-compiling.ts";
import { sentenceOf } from "./core/error.ts";
import { roles } from "./roles.ts";

// Whoever read what we say is gone: that is no reason for the bots to go too, nor to complain about it.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});

switch (process.argv[2]) {
  case roles.database: {
    const { answerFromInput } = await import("./store/query.ts");
    await answerFromInput(Bun.stdin, (line) => void process.stdout.write(`${line}\n`));
    break;
  }
  case roles.confine: {
    const { runConfined } = await import("./plugins/confinement/confinement.ts");
    try {
      runConfined(process.argv.slice(3));
    } catch (error) {
      process.stderr.write(`It could not be confined: ${sentenceOf(error)}.\n`);
      process.exit(1);
    }
    break;
  }
  case roles.plugin: {
    const { runBotProcess } = await import("./bot-process.ts");
    await runBotProcess();
    break;
  }
  default: {
    // The one command that goes on for weeks.
    if (process.argv[2] === "serve") compileEagerly();
    const { runCommandLine } = await import("./cli.ts");
    process.exit(await runCommandLine());
  }
}
