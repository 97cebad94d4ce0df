import type { InboxRow } from "../../core/delivery.ts";
import { RoostError } from "../../core/error.ts";
import type { InstanceId } from "../../core/id.ts";
import type { JsonObject } from "../../core/json.ts";
import type { Logger } from "../../core/log.ts";
import type { MatrixEvent } from "../../core/matrix.ts";
import type { Subscription } from "../../core/plugin.ts";
import type { InstanceResources } from "../../core/status.ts";
import type { WebAnswer, WebRequest } from "../../core/web-request.ts";
import type { Channel, OpenChannel } from "../channel/channel.ts";
import type { Request, SetUp, ToHost, ToRuntime } from "../channel/protocol.ts";
import { fromWire, Outgoing, toWire } from "../channel/wire.ts";
import { InHand } from "./in-hand.ts";
import { Requests } from "./requests.ts";
import { Run } from "./run.ts";
import { carryOut, type Services } from "./services.ts";
import { writeTold } from "./told-log.ts";

/** What a plugin says of itself once it is set up. */
export interface Readiness {
  readonly subscriptions: readonly Subscription[];
  readonly redactsReplies: boolean;
}

export interface RemoteRuntimeOptions {
  readonly id: InstanceId;
  readonly setUp: SetUp;
  readonly openChannel: OpenChannel;
  readonly services: Services;
  readonly log: Logger;
  /** The runtime ended by itself: it threw outside a handler, or did not answer any more. Never called after `stop`. */
  readonly onExit: (error: RoostError) => void;
  readonly timing?: Partial<RuntimeTiming>;
}

export interface RuntimeTiming {
  /** How long it may take until it is set up. */
  readonly startMs: number;
  /** How long a handler may run, not counting the time it waits for the host. */
  readonly handlerMs: number;
  readonly heartbeatMs: number;
  /** How long a loop may take up nothing after a handler's time is up. */
  readonly abortGraceMs: number;
  /** How long `stop` waits for what is in hand. */
  readonly graceMs: number;
}

const defaultTiming: RuntimeTiming = {
  startMs: 60_000,
  handlerMs: 60_000,
  heartbeatMs: 5_000,
  abortGraceMs: 15_000,
  graceMs: 3_500,
};
const missedBeats = 3;
/** Handlers that go on although their time is up may be so many before the runtime is ended for them. */
const maxStray = 10;

/**
 * The host's side of one bot, whatever its runtime is (`workerChannel`, `processChannel`): starts it, hands it messages, answers
 * what it asks, notices when it dies or hangs.
 */
export class RemoteRuntime {
  readonly #options: RemoteRuntimeOptions;
  readonly #timing: RuntimeTiming;
  readonly #abort = new AbortController();
  readonly #runs = new Map<number, Run>();
  #out: Outgoing<ToRuntime> | undefined;
  #channel: Channel | undefined;
  readonly #requests = new Requests();
  readonly #inHand = new InHand();
  #nextRun = 1;
  #unanswered = 0;
  #startedAtMs = 0;
  #tickedAtMs = 0;
  /** Runs that were given up and whose handlers have not settled since. */
  readonly #stray = new Set<number>();
  #isReady = false;
  #threadId: number | undefined;
  #resources: InstanceResources = { memoryBytes: undefined, cpuSeconds: undefined };
  #ticker: Timer | undefined;
  #started: PromiseWithResolvers<Readiness> | undefined;
  #stopped: PromiseWithResolvers<void> | undefined;

  constructor(options: RemoteRuntimeOptions) {
    this.#options = options;
    this.#timing = { ...defaultTiming, ...options.timing };
  }

  /** Resolves with what the plugin listens to once its `setup` is through; rejects with why it refused. */
  start(): Promise<Readiness> {
    const channel = this.#options.openChannel({
      onMessages: (messages, sizeBytes = 0) => {
        for (const message of messages) this.#receive(message, sizeBytes / messages.length);
      },
      onEnd: (sentence) => this.#die(sentence),
    });
    this.#channel = channel;
    this.#startedAtMs = performance.now();
    this.#out = new Outgoing((messages) => channel.post(messages));
    this.#started = Promise.withResolvers();
    this.#out.say({ say: "set-up", ...this.#options.setUp });
    this.#ticker = setInterval(() => this.#tick(), this.#timing.heartbeatMs);
    return this.#started.promise;
  }

  /** As of the last heartbeat; the processor time goes on being told while the plugin spins. */
  resources(): InstanceResources {
    return this.#resources;
  }

  /** Hands over one message; resolves when its handlers have settled. */
  run(row: InboxRow, event: MatrixEvent): Promise<void> {
    if (this.#out === undefined || this.#stopped !== undefined) {
      return Promise.reject(new RoostError("cancelled", "The instance is stopping."));
    }
    const id = this.#nextRun++;
    const run = new Run(row, event.sender);
    this.#runs.set(id, run);
    this.#out.say({ say: "run", run: id, event, deferredKey: row.key === "" ? undefined : row.key });
    return run.settled;
  }

  /** Hands over a request to the plugin's pages. */
  ask(asked: WebRequest): Promise<WebAnswer> {
    const out = this.#out;
    if (out === undefined || !this.#isReady || this.#stopped !== undefined)
      return Promise.reject(new RoostError("not-found", "The instance does not run."));
    return this.#requests.add((request) => out.say({ say: "request", request, asked }));
  }

  /** Hands over changed settings, for a plugin that takes them while it runs. */
  changeSettings(config: JsonObject): void {
    this.#out?.say({ say: "settings", config });
  }

  /** Lets what is in hand finish for a few seconds, closes the plugin's database and ends the runtime. */
  async stop(graceMs = this.#timing.graceMs): Promise<void> {
    if (this.#channel === undefined || this.#out === undefined) return;
    this.#stopped ??= Promise.withResolvers();
    const deadlineMs = performance.now() + graceMs;
    while (this.#runs.size > 0 && this.#channel !== undefined && performance.now() < deadlineMs)
      await Bun.sleep(10);
    this.#out.say({ say: "stop" });
    await Promise.race([this.#stopped.promise, Bun.sleep(500)]);
    this.#end(
      new RoostError("cancelled", "The instance was stopped; the message is handled at its next start."),
    );
  }

  #receive(message: ToHost, sizeBytes: number): void {
    switch (message.say) {
      case "ready":
        this.#isReady = true;
        this.#threadId = message.threadId;
        this.#out?.say({ say: "ping" });
        this.#started?.resolve(message);
        return;
      case "wishes":
        if (this.#isReady) this.#options.services.setWishes(message.subscriptions);
        return;
      case "count":
        this.#options.services.count(message.what);
        return;
      case "respond":
        this.#requests.settle(message.request, message.answer);
        return;
      case "refused":
        this.#started?.reject(fromWire(message.error));
        return;
      case "call":
        void this.#answer(message, sizeBytes);
        return;
      case "typing": {
        const row = this.#runs.get(message.run)?.row;
        if (row !== undefined) this.#options.services.setTyping(row, message.typing);
        return;
      }
      case "settled": {
        const run = this.#runs.get(message.run);
        this.#runs.delete(message.run);
        this.#stray.delete(message.run);
        run?.settle(message.error === undefined ? undefined : fromWire(message.error));
        return;
      }
      case "log":
        writeTold(this.#options.log, message);
        return;
      case "pong":
        this.#unanswered = 0;
        this.#resources = {
          ...this.#resources,
          memoryBytes: message.memoryBytes,
          ...this.#channel?.measure(this.#threadId),
        };
        return;
      case "stopped":
        this.#stopped?.resolve();
        return;
    }
  }

  async #answer(message: { call: number } & Request, sizeBytes: number): Promise<void> {
    const hold = this.#inHand.take(sizeBytes);
    if (hold === undefined) {
      const error = new RoostError("bad-request", "The plugin asks for too much at once: wait for answers.");
      this.#out?.sayLater({ say: "refuse", call: message.call, error: toWire(error) });
      return;
    }
    const run = "run" in message && message.run !== undefined ? this.#runs.get(message.run) : undefined;
    // An upload does not say for which message it is: while one is under way, no handler's time runs.
    const waiting = "run" in message ? (run === undefined ? [] : [run]) : [...this.#runs.values()];
    for (const each of waiting) each.beginCall();
    try {
      if (hold.turn !== undefined) await hold.turn;
      this.#abort.signal.throwIfAborted();
      const value = await carryOut(this.#options.services, message, run, this.#abort.signal);
      this.#out?.sayLater({ say: "answer", call: message.call, value });
    } catch (error) {
      this.#out?.sayLater({ say: "refuse", call: message.call, error: toWire(error) });
    } finally {
      hold.release();
      for (const each of waiting) each.endCall();
    }
  }

  #tick(): void {
    const nowMs = performance.now();
    const { startMs } = this.#timing;
    if (!this.#isReady) {
      if (nowMs - this.#startedAtMs > startMs)
        this.#die(`The plugin was not set up within ${Math.round(startMs / 1000)} s.`);
      return;
    }
    this.#forgiveSleep(nowMs);
    if (this.#unanswered >= missedBeats) {
      this.#die(
        `The plugin did not answer for ${Math.round((missedBeats * this.#timing.heartbeatMs) / 1000)} s: its code is stuck.`,
      );
      return;
    }
    this.#unanswered++;
    this.#out?.say({ say: "ping" });
    this.#resources = { ...this.#resources, ...this.#channel?.measure(this.#threadId) };
    for (const [id, run] of this.#runs) {
      if (run.activeMs(nowMs) < this.#timing.handlerMs) continue;
      if (run.isAborted) this.#forget(id, run);
      run.isAborted = true;
      this.#out?.say({ say: "abort", run: id, graceMs: this.#timing.abortGraceMs });
    }
  }

  /** The whole process was stopped, or the machine slept: the plugin had no more of that time than the host. */
  #forgiveSleep(nowMs: number): void {
    const { heartbeatMs } = this.#timing;
    const elapsedMs = this.#tickedAtMs === 0 ? 0 : nowMs - this.#tickedAtMs;
    this.#tickedAtMs = nowMs;
    if (elapsedMs < 2 * heartbeatMs) return;
    this.#unanswered = 0;
    for (const run of this.#runs.values()) run.forgive(elapsedMs - heartbeatMs);
  }

  /** A handler that goes on for a whole heartbeat after it was told to stop is not waited for. */
  #forget(id: number, run: Run): void {
    this.#runs.delete(id);
    this.#stray.add(id);
    const seconds = Math.round(this.#timing.handlerMs / 1000);
    run.settle(new RoostError("handler-timeout", `The handler took longer than ${seconds} s.`));
    if (this.#stray.size >= maxStray)
      this.#die(`${maxStray} of its handlers went on after their time was up and had to be ended.`);
  }

  #die(sentence: string): void {
    if (this.#channel === undefined || this.#stopped !== undefined) return;
    const error = new RoostError("plugin-crashed", sentence);
    this.#end(error);
    if (this.#isReady) this.#options.onExit(error);
    else this.#started?.reject(error);
  }

  #end(error: RoostError): void {
    clearInterval(this.#ticker);
    this.#abort.abort(error);
    this.#channel?.kill();
    this.#channel = undefined;
    this.#out = undefined;
    for (const run of this.#runs.values()) run.settle(error);
    this.#runs.clear();
    this.#requests.close(error);
  }
}
