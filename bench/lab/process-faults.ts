/** What bots do wrong in their workers, and what the machine does to the host. */
import type { Lab } from "./lab.ts";
import type { LabFault } from "./trial.ts";

/** The first bot, which shares its account with the second, is asked for something that breaks it. */
function breaking(name: string, text: string, lastsMs: number, says?: RegExp): LabFault {
  return {
    name,
    victim: "first",
    lastsMs,
    ...(says === undefined ? {} : { says }),
    begin(lab) {
      lab.provoke("first", text);
      return () => {};
    },
  };
}

async function killAndStart({ host }: Lab): Promise<() => void> {
  await host.kill();
  host.start();
  return () => {};
}

function freeze({ host }: Lab): () => void {
  const { pid } = host;
  process.kill(pid, "SIGSTOP");
  return () => process.kill(pid, "SIGCONT");
}

async function stopAndStart({ host }: Lab): Promise<() => void> {
  await host.stop();
  host.start();
  return () => {};
}

export const processFaults: readonly LabFault[] = [
  breaking("handler throws", "!throw", 2_000, /the laboratory's handler threw/),
  breaking("worker crashes once", "!crash once", 4_000, /the laboratory's bot crashed/),
  breaking("a message always crashes it", "!crash always", 15_000, /gave? it up|given up/),
  breaking("worker spins", "!spin once", 24_000, /stuck/),
  breaking("handler hangs", "!hang", 70_000, /took longer/),
  breaking("worker leaks 300 MB", "!leak 300", 14_000, /memory/i),
  { name: "kill -9", victim: "all", lastsMs: 2_000, begin: killAndStart },
  { name: "SIGTERM and start", victim: "all", lastsMs: 2_000, begin: stopAndStart },
  { name: "SIGSTOP for 20 s", victim: "all", lastsMs: 20_000, says: /./, begin: freeze },
];
