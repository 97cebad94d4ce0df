import { join } from "node:path";

const listener = `
import os, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print("listening", flush=True)
while True: print(s.recv(4096).decode().replace("\\n", " | "), flush=True)
`;

/** What stands in for the service manager: a real datagram socket, whose messages can be read one a line. */
export class NotifyListener {
  readonly path: string;
  readonly messages: string[] = [];
  readonly #python: string;
  #process: Bun.Subprocess<"ignore", "pipe", "inherit"> | undefined;

  constructor(folder: string, python: string) {
    this.path = join(folder, "notify");
    this.#python = python;
  }

  async open(): Promise<void> {
    const child = Bun.spawn([this.#python, "-c", listener, this.path], { stdout: "pipe" });
    this.#process = child;
    await new Promise<void>((resolve) => void this.#collect(child.stdout, resolve));
  }

  close(): void {
    this.#process?.kill();
  }

  async #collect(output: ReadableStream<Uint8Array>, onListening: () => void): Promise<void> {
    let rest = "";
    for await (const chunk of output) {
      const lines = (rest + Buffer.from(chunk).toString()).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        if (line === "listening") onListening();
        else this.messages.push(line);
      }
    }
  }
}
