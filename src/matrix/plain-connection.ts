import type { Socket } from "bun";
import { AnswerReader } from "./answer-reader.ts";
import type { AnswerStart } from "./homeserver-error.ts";

export interface Address {
  readonly hostname: string;
  readonly port: number;
}

export interface PlainAnswer {
  readonly head: AnswerStart;
  readonly text: string;
}

interface Exchange {
  readonly reader: AnswerReader;
  readonly answered: PromiseWithResolvers<PlainAnswer>;
}

const idleSeconds = 30;
const closed = "the connection was closed";

/** One connection to an HTTP/1.1 server without TLS, with one request under way at most. */
export class PlainConnection {
  readonly #address: Address;
  readonly #onFree: (connection: PlainConnection) => void;
  #socket: Socket<undefined> | undefined;
  #isOver = false;
  #unsent: Buffer | undefined;
  #exchange: Exchange | undefined;
  #hasAnswered = false;

  constructor(address: Address, onFree: (connection: PlainConnection) => void) {
    this.#address = address;
    this.#onFree = onFree;
  }

  get isOpen(): boolean {
    return !this.#isOver;
  }

  /** Whether anything of an answer to the last request has come. */
  get hasAnswered(): boolean {
    return this.#hasAnswered;
  }

  open(): void {
    Bun.connect<undefined>({
      ...this.#address,
      socket: {
        open: (socket) => this.#begin(socket),
        data: (_, chunk) => this.#receive(chunk),
        drain: () => this.#send(),
        timeout: () => this.close(),
        close: () => this.#finish(),
        error: (_, error) => this.#end(error),
        connectError: (_, error) => this.#end(error),
      },
    }).catch((error: unknown) => this.#end(error));
  }

  close(): void {
    this.#end(new Error(closed));
  }

  async exchange(bytes: Buffer, signal: AbortSignal): Promise<PlainAnswer> {
    const answered = Promise.withResolvers<PlainAnswer>();
    const giveUp = () => this.#end(signal.reason);
    this.#exchange = { reader: new AnswerReader(), answered };
    this.#hasAnswered = false;
    this.#unsent = bytes;
    signal.addEventListener("abort", giveUp);
    if (signal.aborted) giveUp();
    else this.#send();
    try {
      return await answered.promise;
    } finally {
      signal.removeEventListener("abort", giveUp);
    }
  }

  #begin(socket: Socket<undefined>): void {
    this.#socket = socket;
    if (this.#isOver) {
      socket.terminate();
      return;
    }
    socket.setNoDelay(true);
    this.#send();
  }

  #send(): void {
    if (this.#isOver) {
      this.#end(new Error(closed));
      return;
    }
    if (this.#socket === undefined || this.#unsent === undefined) return;
    this.#socket.timeout(0);
    const sentBytes = this.#socket.write(this.#unsent);
    if (sentBytes < 0) this.close();
    else this.#unsent = sentBytes < this.#unsent.length ? this.#unsent.subarray(sentBytes) : undefined;
  }

  #receive(chunk: Buffer): void {
    const exchange = this.#exchange;
    if (exchange === undefined) {
      // Nobody asked: it would be taken for the next one's answer.
      this.close();
      return;
    }
    this.#hasAnswered = true;
    try {
      exchange.reader.push(chunk);
      if (exchange.reader.isWhole) this.#settle(exchange);
    } catch (error) {
      this.#end(error);
    }
  }

  #settle({ reader, answered }: Exchange): void {
    if (reader.head === undefined) return;
    this.#exchange = undefined;
    answered.resolve({ head: reader.head, text: reader.text() });
    // Sent whole before it was answered: else the rest of it would stand before the next request.
    if (!reader.leavesOpen || this.#unsent !== undefined || this.#isOver) {
      this.close();
    } else {
      this.#socket?.timeout(idleSeconds);
      this.#onFree(this);
    }
  }

  /** The other side has sent all it will, which may be how its answer ends. */
  #finish(): void {
    const exchange = this.#exchange;
    this.#isOver = true;
    exchange?.reader.end();
    if (exchange?.reader.isWhole) this.#settle(exchange);
    else this.close();
  }

  #end(error: unknown): void {
    const exchange = this.#exchange;
    this.#isOver = true;
    this.#exchange = undefined;
    exchange?.answered.reject(error);
    this.#socket?.terminate();
  }
}
