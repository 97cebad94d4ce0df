import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Homeserver } from "../../src/sandbox/homeserver.ts";
import type { SandboxUser } from "../../src/sandbox/sandbox-user.ts";
import type { HostProcess } from "../../test/doubles/host.ts";
import { SandboxScene } from "../../test/doubles/sandbox-scene.ts";
import { Ledger } from "./ledger.ts";

/** Two instances share an account, the third has its own. */
export const names = ["first", "second", "third"] as const;
export type Name = (typeof names)[number];
const shared = "@shared:sandbox";
export const own = "@own:sandbox";

/** A record of the host's log at WARN or worse. */
export interface Said {
  readonly timeMs: number;
  readonly severity: string;
  readonly sentence: string;
}

/** A host with three bots, a homeserver that can be told to misbehave, and somebody who asks all three steadily. */
export class Lab {
  readonly homeserver: Homeserver;
  readonly ledger = new Ledger();
  readonly host: HostProcess;
  /** What they are asked to do. */
  command = "say";
  readonly #scene: SandboxScene;
  readonly #ada: SandboxUser;
  readonly #rooms: ReadonlyMap<Name, string>;
  readonly #closers: (() => void)[] = [];
  #traffic: Timer | undefined;
  #asked = 0;

  private constructor(scene: SandboxScene) {
    const { homeserver, host, ada } = scene;
    this.#scene = scene;
    this.homeserver = homeserver;
    this.host = host;
    this.#ada = ada;
    this.#rooms = new Map(names.map((name) => [name, ada.createRoom({ public: true })]));
  }

  /** Resolves when all three run and have joined their rooms. `prepare` may put something under their folders first. */
  static async open(executable: string, prepare: (lab: Lab) => void = () => {}): Promise<Lab> {
    const lab = new Lab(await SandboxScene.open({ command: [executable] }));
    lab.ledger.open(lab.homeserver);
    const instances = names.map((name) => {
      mkdirSync(lab.folderOf(name), { recursive: true, mode: 0o700 });
      const account = name === "third" ? own : shared;
      return `  ${name}: { plugin: lab, account: "${account}", rooms: ["${lab.roomOf(name)}"], sends_per_minute: 100000 }\n`;
    });
    const yaml = `accounts: { "${shared}": {}, "${own}": {} }\ninstances:\n${instances.join("")}`;
    lab.#scene.configure(yaml);
    prepare(lab);
    lab.host.start();
    try {
      await lab.untilAllRun();
      for (const name of names) await lab.#scene.joined(lab.roomOf(name), name === "third" ? own : shared);
    } catch (error) {
      await lab[Symbol.asyncDispose]();
      throw error;
    }
    return lab;
  }

  /** Runs when the host has ended, before its folder is deleted. */
  atEnd(undo: () => void): void {
    this.#closers.push(undo);
  }
  async untilAllRun(timeoutMs = 30_000): Promise<void> {
    await Promise.all(names.map((name) => this.host.untilInstance(name, "running", timeoutMs)));
  }
  roomOf(name: Name): string {
    return this.#rooms.get(name) ?? "";
  }
  /** Where the instance's database is. */
  folderOf(name: Name): string {
    return join(this.host.dataDir, "instances", name);
  }

  /** Asks something whose answer is not counted: what breaks a bot. */
  provoke(name: Name, text: string): void {
    this.#ada.say(this.roomOf(name), text);
  }
  ask(name: Name): void {
    const askedAtMs = performance.now();
    this.ledger.add(this.#ada.say(this.roomOf(name), `!${this.command} ${this.#asked++}`), name, askedAtMs);
  }
  /** Asks each in turn, all together so often a second, until `endTraffic`. */
  beginTraffic(perSecond: number): void {
    let next = 0;
    this.#traffic = setInterval(() => this.ask(names[next++ % names.length] ?? "first"), 1000 / perSecond);
  }
  endTraffic(): void {
    clearInterval(this.#traffic);
  }

  /** What the log said at WARN or worse since its first `from` characters. */
  said(from: number): Said[] {
    return this.host.output
      .slice(from)
      .split("\n")
      .flatMap((line) => /^<[0-4]>(\{.*\})$/.exec(line)?.[1] ?? [])
      .map((json) => {
        const { time, severity, message } = JSON.parse(json) as Record<string, string>;
        return { timeMs: Date.parse(time ?? ""), severity: severity ?? "", sentence: message ?? "" };
      });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.endTraffic();
    await this.host.kill();
    this.ledger.close();
    for (const undo of this.#closers) undo();
    await this.#scene[Symbol.asyncDispose]();
  }
}
