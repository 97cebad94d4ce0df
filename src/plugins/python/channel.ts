import { readFileSync } from "node:fs";
import type { Socket } from "node:net";
import type { InstanceResources } from "../../core/status.ts";
import type { Channel, ChannelEvents } from "../channel/channel.ts";
import { clogged, Flow } from "../channel/flow.ts";
import { LineReader } from "../channel/line-reader.ts";
import { readToHost, writeToRuntime } from "../channel/process-wire.ts";
import type { ToRuntime } from "../channel/protocol.ts";
import type { PythonProcess } from "./parent.ts";

const maxLineBytes = 32 * 2 ** 20;
const maxPrintBytes = 2_000;

/** The host's way to one Python plugin. What is said before its process has connected waits for that. */
export class PythonChannel implements Channel {
  readonly #process: PythonProcess;
  readonly #events: ChannelEvents;
  readonly #lines: LineReader;
  readonly #printed: LineReader;
  readonly #onDone: (() => void)[] = [];
  #waiting: (readonly ToRuntime[])[] = [];
  #line: Socket | undefined;
  #flow: Flow | undefined;
  #pid: number | undefined;
  #isOver = false;

  constructor(process: PythonProcess, events: ChannelEvents) {
    this.#process = process;
    this.#events = events;
    this.#lines = new LineReader(maxLineBytes, (line) => this.#read(line));
    this.#printed = new LineReader(maxPrintBytes, process.onPrint, "cut");
  }

  post(messages: readonly ToRuntime[]): void {
    if (this.#isOver) return;
    if (this.#line === undefined) this.#waiting.push(messages);
    else {
      this.#line.write(writeToRuntime(messages));
      if (this.#flow?.isClogged === true) this.end(clogged);
    }
  }

  measure(): Partial<InstanceResources> {
    const used = this.#pid === undefined ? {} : measureOwn(this.#pid);
    const { memoryLimitBytes } = this.#process;
    if (used.memoryBytes !== undefined && used.memoryBytes > memoryLimitBytes) {
      const [has, may] = [used.memoryBytes, memoryLimitBytes].map((bytes) => Math.round(bytes / 2 ** 20));
      this.end(`The plugin's process was ended because it uses ${has} MB; memory_mb allows ${may}.`);
    }
    return used;
  }

  kill(): void {
    this.#isOver = true;
    this.#close();
  }

  /** Its process is there. */
  begin(pid: number): void {
    this.#pid = pid;
    if (this.#isOver) this.#close();
  }

  connect(purpose: "line" | "output", socket: Socket, rest: Buffer): void {
    if (this.#isOver) {
      socket.destroy();
      return;
    }
    const take = (chunk: Buffer) => {
      if (purpose === "output") this.#printed.push(chunk);
      else if (!this.#isOver && !this.#lines.push(chunk))
        this.end("The plugin's process said more at once than a plugin may.");
    };
    if (purpose === "line") this.#flow = new Flow(socket);
    socket.on("data", take);
    if (rest.length > 0) take(rest);
    if (purpose === "output") return;
    this.#line = socket;
    for (const messages of this.#waiting) socket.write(writeToRuntime(messages));
    this.#waiting = [];
  }

  /** Called once it is over, at once if it is. */
  onDone(done: () => void): void {
    if (this.#isOver) done();
    else this.#onDone.push(done);
  }

  endAfter(status: number): void {
    this.#pid = undefined;
    this.end(
      status < 0
        ? `The plugin's process was ended by signal ${-status}.`
        : `The plugin's process ended by itself with exit code ${status}.`,
    );
  }

  end(sentence: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#close();
    this.#events.onEnd(sentence);
  }

  #read(line: string): void {
    if (this.#isOver) return;
    const messages = readToHost(line);
    if (messages === undefined) this.end("The plugin's process said something that no plugin says.");
    else {
      this.#flow?.note(messages);
      this.#events.onMessages(messages, line.length);
    }
  }

  #close(): void {
    this.#line?.destroy();
    for (const done of this.#onDone.splice(0)) done();
    if (this.#pid === undefined) return;
    try {
      process.kill(-this.#pid, "SIGKILL");
    } catch {
      // It is gone already.
    }
  }
}

/** What is this process's own (proc(5), smaps_rollup): a forked process shares most with its parent. And its processor time. */
function measureOwn(pid: number): Partial<InstanceResources> {
  try {
    const map = readFileSync(`/proc/${pid}/smaps_rollup`, "latin1");
    const kilobytes = [...map.matchAll(/^Private_(?:Clean|Dirty):\s+(\d+) kB$/gm)];
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return {
      memoryBytes: kilobytes.reduce((sum, [, size]) => sum + Number(size), 0) * 1024,
      cpuSeconds: (Number(fields[11]) + Number(fields[12])) / 100,
    };
  } catch {
    return {};
  }
}
