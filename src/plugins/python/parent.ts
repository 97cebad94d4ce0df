import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { z } from "zod";
import { RoostError, sentenceOf } from "../../core/error.ts";
import type { OpenChannel } from "../channel/channel.ts";
import { LineReader } from "../channel/line-reader.ts";
import { PythonChannel } from "./channel.ts";
import { writePythonHost } from "./host-folder.ts";

export interface PythonParentOptions {
  /** The interpreter's absolute path. */
  readonly python: string;
  /** Where Roost's Python packages are written: `data_dir/python`. */
  readonly folder: string;
  /** A line that the parent itself printed. */
  readonly onPrint: (line: string) => void;
}

/** What a Python plugin's process may do. */
export interface PythonProcess {
  /** The instance's own folder, which it may change. */
  readonly folder: string;
  /** Files and folders it may read besides the interpreter's own. */
  readonly readOnly: readonly string[];
  readonly network: boolean;
  readonly memoryLimitBytes: number;
  readonly onPrint: (line: string) => void;
}

const told = z.union([
  z.object({ ready: z.literal(true), confines: z.boolean(), version: z.string().max(40) }),
  z.object({ forked: z.int(), pid: z.int().positive() }),
  z.object({ ended: z.int(), status: z.int() }),
]);
const startLimitMs = 20_000;
const maxLineBytes = 65_536;
const maxPrintBytes = 2_000;

interface Running {
  readonly process: ChildProcess;
  readonly line: Socket;
  readonly server: Server;
  readonly folder: string;
}

/**
 * The process that has Python's libraries loaded and from which every Python plugin's own process is forked: so each costs little
 * and starts fast. It is started with the first of them, and anew after it ended.
 */
export class PythonParent {
  readonly #options: PythonParentOptions;
  #running: Promise<Running> | undefined;
  #nextFork = 1;
  /** By the number of the fork; by its process; by what it says when it connects. */
  readonly #forks = new Map<number, PythonChannel>();
  readonly #children = new Map<number, PythonChannel>();
  readonly #tokens = new Map<string, PythonChannel>();

  constructor(options: PythonParentOptions) {
    this.#options = options;
  }

  /** A channel to a new process. What goes wrong on the way is told as its end. */
  channel(process: PythonProcess): OpenChannel {
    return (events) => {
      const channel = new PythonChannel(process, events);
      void this.#fork(channel, process);
      return channel;
    };
  }

  /** Ends the parent, and with it all that it forked. */
  async close(): Promise<void> {
    const running = await this.#running?.catch(() => undefined);
    this.#running = undefined;
    if (running !== undefined) end(running);
  }

  async #fork(channel: PythonChannel, { folder, readOnly, network }: PythonProcess): Promise<void> {
    try {
      const running = await this.#start();
      const fork = this.#nextFork++;
      const token = randomBytes(16).toString("hex");
      this.#forks.set(fork, channel);
      this.#tokens.set(token, channel);
      channel.onDone(() => this.#tokens.delete(token));
      const socket = join(running.folder, "line");
      running.line.write(`${JSON.stringify({ fork, socket, token, folder, readOnly, network })}\n`);
    } catch (error) {
      channel.end(`The plugin's Python could not be started: ${sentenceOf(error)}`);
    }
  }

  #start(): Promise<Running> {
    this.#running ??= this.#open().catch((error) => {
      this.#running = undefined;
      throw error;
    });
    return this.#running;
  }

  async #open(): Promise<Running> {
    const { python, onPrint } = this.#options;
    mkdirSync(this.#options.folder, { recursive: true, mode: 0o700 });
    const packages = writePythonHost(this.#options.folder);
    // A socket's path may have 107 characters, a data folder's more.
    const folder = mkdtempSync(join(tmpdir(), "roost-"));
    const server = createServer((socket) => this.#greet(socket));
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(join(folder, "line"), resolve);
    });
    const parent = spawn(python, ["-m", "roost_host.zygote"], {
      cwd: packages,
      env: { PATH: `${dirname(python)}:/usr/local/bin:/usr/bin:/bin`, LANG: "C.UTF-8", PYTHONPATH: packages },
      stdio: ["ignore", "pipe", "pipe", "pipe"],
      detached: true,
    });
    const line = parent.stdio[3] as Socket;
    const running = { process: parent, line, server, folder };
    for (const output of [parent.stdout, parent.stderr]) {
      const lines = new LineReader(maxPrintBytes, onPrint, "cut");
      output?.on("data", (chunk: Buffer) => lines.push(chunk));
    }
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => fail("it took longer than 20 s to load its libraries"), startLimitMs);
      const fail = (why: string) => {
        clearTimeout(timer);
        end(running);
        reject(new RoostError("plugin-crashed", `${python}: ${why}.`));
      };
      const lines = new LineReader(maxLineBytes, (text) => {
        const message = told.safeParse(parse(text)).data;
        if (message === undefined) return;
        if ("ready" in message) {
          clearTimeout(timer);
          resolve(running);
        } else if ("forked" in message) this.#noteForked(message.forked, message.pid);
        else this.#noteEnded(message.ended, message.status);
      });
      line.on("data", (chunk: Buffer) => void lines.push(chunk));
      line.on("error", () => {});
      parent.once("error", (error) => fail(sentenceOf(error)));
      parent.once("exit", (code, signal) => {
        fail(`it ended with ${signal ?? `exit code ${code}`}; see what it printed`);
        this.#abandon();
      });
    });
  }

  #noteForked(fork: number, pid: number): void {
    const channel = this.#forks.get(fork);
    this.#forks.delete(fork);
    if (channel === undefined) return;
    this.#children.set(pid, channel);
    channel.begin(pid);
  }

  #noteEnded(pid: number, status: number): void {
    const channel = this.#children.get(pid);
    this.#children.delete(pid);
    channel?.endAfter(status);
  }

  /** The parent is gone, and its children with it. */
  #abandon(): void {
    this.#running = undefined;
    const lost = [...this.#forks.values(), ...this.#children.values()];
    this.#forks.clear();
    this.#children.clear();
    for (const channel of lost) channel.end("The process that Python plugins are started from ended.");
  }

  /** A child says whose it is, and for what this connection is, in its first line. */
  #greet(socket: Socket): void {
    socket.on("error", () => {});
    let head = Buffer.alloc(0);
    const read = (chunk: Buffer) => {
      head = Buffer.concat([head, chunk]);
      const at = head.indexOf(10);
      if (at < 0 && head.length < 200) return;
      socket.off("data", read);
      const [token = "", purpose] = head.subarray(0, Math.max(at, 0)).toString("latin1").split(" ");
      const channel = this.#tokens.get(token);
      const rest = head.subarray(at + 1);
      if (channel === undefined || (purpose !== "line" && purpose !== "output")) socket.destroy();
      else channel.connect(purpose, socket, rest);
    };
    socket.on("data", read);
  }
}

function end({ process: parent, server, folder }: Running): void {
  parent.kill("SIGKILL");
  server.close();
  rmSync(folder, { recursive: true, force: true });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
