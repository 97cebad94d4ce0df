import type { InstanceResources } from "../../core/status.ts";
import type { ToHost, ToRuntime } from "./protocol.ts";

/** What a channel tells the host. After `onEnd`, which comes at most once and never after `kill`, nothing more is told. */
export interface ChannelEvents {
  /** `sizeBytes` is what they took on their way here, all together; it is not known of a worker's. */
  onMessages(messages: readonly ToHost[], sizeBytes?: number): void;
  /** The runtime ended by itself, or said what no runtime says; the sentence says which. */
  onEnd(sentence: string): void;
}

/** The host's way to one bot's runtime: a worker of this process, or a process of its own. */
export interface Channel {
  post(messages: readonly ToRuntime[]): void;
  /**
   * What the system says it uses; a part it does not say is left out. `threadId` is the one the runtime told when it was ready.
   * Answers also while the runtime spins.
   */
  measure(threadId: number | undefined): Partial<InstanceResources>;
  /** Ends it at once, whatever it is doing, with all it has started. */
  kill(): void;
}

/** Starts the runtime. Throws RoostError when it cannot be started. */
export type OpenChannel = (events: ChannelEvents) => Channel;
