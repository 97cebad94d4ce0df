import { LineReader } from "./line-reader.ts";
import { readToRuntime, writeToHost } from "./process-wire.ts";
import type { ToHost, ToRuntime } from "./protocol.ts";

/** The descriptor on which `processChannel` gives its child the protocol. */
const descriptor = 3;

/** A child's end of a `processChannel`. */
export class ChildChannel {
  readonly #writer = Bun.file(descriptor).writer();

  readonly post = (messages: readonly ToHost[]): void => {
    this.#writer.write(writeToHost(messages));
    void this.#writer.flush();
  };

  /** Hands over what the host says; resolves when the host has closed its end. */
  async listen(onMessages: (messages: readonly ToRuntime[]) => void): Promise<void> {
    const lines = new LineReader(Number.POSITIVE_INFINITY, (line) => onMessages(readToRuntime(line)));
    for await (const chunk of Bun.file(descriptor).stream()) lines.push(Buffer.from(chunk));
  }
}
