import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import type { Socket } from "node:net";
import { RoostError, sentenceOf } from "../../core/error.ts";
import type { InstanceResources } from "../../core/status.ts";
import type { Channel, OpenChannel } from "./channel.ts";
import { clogged, Flow } from "./flow.ts";
import { LineReader } from "./line-reader.ts";
import { readToHost, writeToRuntime } from "./process-wire.ts";

export interface PluginProcess {
  /** The program and its arguments. */
  readonly command: readonly [string, ...string[]];
  /** All of its environment: nothing of the host's is added. */
  readonly env: Readonly<Record<string, string>>;
  readonly folder: string;
  /** Of its own: when it takes more, it is ended. */
  readonly memoryLimitBytes: number;
  /** A line the program printed, without its line end; at most 2,000 characters of it. */
  readonly onPrint: (line: string) => void;
}

/** One message list is never larger: a child that writes on and on without a line end is ended. */
const maxLineBytes = 32 * 2 ** 20;
const maxPrintBytes = 2_000;
const maxReasonLength = 300;
const pageBytes = 4096;
/** A leak can grow by hundreds of megabytes a second. */
const watchEveryMs = 250;
const lastWordMs = 100;

/**
 * A channel to a child process. The child has the protocol on descriptor 3, one end of a pair of Unix sockets, as `process-wire.ts`
 * writes it; it leads a process group of its own, so that whatever it starts ends with it. What it prints is handed to `onPrint`.
 */
export function processChannel({
  command: [program, ...args],
  env,
  folder,
  memoryLimitBytes,
  onPrint,
}: PluginProcess): OpenChannel {
  return ({ onMessages, onEnd }): Channel => {
    const child = spawn(program, args, {
      cwd: folder,
      env,
      stdio: ["ignore", "pipe", "pipe", "pipe"],
      detached: true,
    });
    let isOver = false;
    const end = (sentence: string) => {
      if (isOver) return;
      isOver = true;
      killGroup(child);
      onEnd(sentence);
    };
    const socket = child.stdio[3] as Socket | null | undefined;
    if (child.pid === undefined || socket === null || socket === undefined) {
      child.once("error", () => {});
      throw new RoostError("plugin-crashed", `${program} could not be started.`);
    }
    const flow = new Flow(socket);
    const lines = new LineReader(maxLineBytes, (line) => {
      if (isOver) return;
      const messages = readToHost(line);
      if (messages === undefined) end("The plugin's process said something that no plugin says.");
      else {
        flow.note(messages);
        onMessages(messages, line.length);
      }
    });
    socket.on("data", (chunk: Buffer) => {
      if (!isOver && !lines.push(chunk)) end("The plugin's process said more at once than a plugin may.");
    });
    socket.on("error", () => {});
    let lastWord = "";
    for (const output of [child.stdout, child.stderr]) {
      const printed = new LineReader(
        maxPrintBytes,
        (line) => {
          if (output === child.stderr && line.trim() !== "") lastWord = line.trim();
          onPrint(line);
        },
        "cut",
      );
      output?.on("data", (chunk: Buffer) => printed.push(chunk));
      output?.on("error", () => {});
    }
    child.once("error", (error) => end(`The plugin's process could not be started: ${sentenceOf(error)}`));
    child.once("exit", (code, signal) => {
      killGroup(child);
      const farewellNow = () => end(farewell(code, signal, lastWord));
      child.once("close", farewellNow);
      // What it has started may hold its pipes open for a moment longer.
      setTimeout(farewellNow, lastWordMs).unref();
    });
    const watch = setInterval(() => {
      const { memoryBytes = 0 } = measureProcess(child.pid);
      if (memoryBytes > memoryLimitBytes) end(overgrown(memoryBytes, memoryLimitBytes));
    }, watchEveryMs);
    watch.unref();
    child.once("exit", () => clearInterval(watch));
    return {
      post: (messages) => {
        if (isOver) return;
        socket.write(writeToRuntime(messages));
        if (flow.isClogged) end(clogged);
      },
      measure: () => measureProcess(child.pid),
      kill: () => {
        isOver = true;
        socket.destroy();
        killGroup(child);
      },
    };
  };
}

/** What a program prints last before it fails is mostly why. */
function farewell(code: number | null, signal: NodeJS.Signals | null, lastWord: string): string {
  if (signal !== null) return `The plugin's process was ended by ${signal}.`;
  const why = code === 0 || lastWord === "" ? "." : `: ${lastWord.slice(0, maxReasonLength)}`;
  return `The plugin's process ended by itself with exit code ${code}${why}`;
}

function overgrown(memoryBytes: number, limitBytes: number): string {
  const megabytes = (bytes: number) => `${Math.round(bytes / 2 ** 20)} MB`;
  return `It was ended because it took ${megabytes(memoryBytes)} of memory; its memory_mb allows ${megabytes(limitBytes)}.`;
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // It is gone already.
  }
}

/** Resident memory that is its own (proc(5), statm: without files and what it shares) and processor time (stat, fields 14 and 15) of a process; empty on systems other than Linux. */
function measureProcess(pid: number | undefined): Partial<InstanceResources> {
  try {
    const [, residentPages, sharedPages] = readFileSync(`/proc/${pid}/statm`, "latin1").split(" ");
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return {
      memoryBytes: (Number(residentPages) - Number(sharedPages)) * pageBytes,
      cpuSeconds: (Number(fields[11]) + Number(fields[12])) / 100,
    };
  } catch {
    return {};
  }
}
