import { startingUp } from "../../core/eager-compiling.ts";
import { createHttp } from "../http/http.ts";
import { Runtime, type RuntimeOptions } from "../runtime/runtime.ts";
import type { ToRuntime } from "./protocol.ts";
import { ownThreadId } from "./thread-time.ts";
import { type Packed, pack, unpack } from "./worker-wire.ts";

declare const self: Worker;

/** Makes this thread the worker of one bot: the other end of `workerChannel`. */
export function runBotInWorker(
  parts: Pick<RuntimeOptions, "plugin" | "openDatabase" | "closeDatabase">,
): void {
  startingUp();
  const runtime = new Runtime({
    ...parts,
    http: createHttp(),
    threadId: ownThreadId(),
    memoryBytes: () => process.memoryUsage().heapUsed,
    post: (messages) => self.postMessage(pack(messages)),
  });
  self.onmessage = ({ data }: MessageEvent<Packed<ToRuntime>>) => runtime.receive(unpack(data));
}
