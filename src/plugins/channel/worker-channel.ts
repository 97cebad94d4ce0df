import type { Channel, OpenChannel } from "./channel.ts";
import type { ToHost } from "./protocol.ts";
import { threadSeconds } from "./thread-time.ts";
import { type Packed, pack, unpack } from "./worker-wire.ts";

/** A channel to a worker that speaks the protocol by `postMessage`. */
export function workerChannel(createWorker: () => Worker): OpenChannel {
  return ({ onMessages, onEnd }): Channel => {
    const worker = createWorker();
    let isOver = false;
    const end = (sentence: string) => {
      if (isOver) return;
      isOver = true;
      onEnd(sentence);
    };
    worker.onmessage = ({ data }: MessageEvent<Packed<ToHost>>) => isOver || onMessages(unpack(data));
    worker.onerror = ({ message }) => end(`The plugin broke: ${gistOf(message)}`);
    worker.addEventListener("close", () => end("The plugin's worker ended by itself."));
    return {
      post: (messages) => worker.postMessage(pack(messages)),
      measure: (threadId) => ({ cpuSeconds: threadId === undefined ? undefined : threadSeconds(threadId) }),
      kill: () => {
        isOver = true;
        worker.terminate();
      },
    };
  };
}

/** Bun tells a worker's error with lines of its source around it; this is the line that says what went wrong. */
function gistOf(message: string): string {
  const told = /^(?:\w*[eE]rror): .*$/m.exec(message)?.[0] ?? message.split("\n", 1)[0] ?? "";
  return told.replace(/^error: /, "") || "its worker ended";
}
