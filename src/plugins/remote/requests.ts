import { RoostError } from "../../core/error.ts";
import type { WebAnswer } from "../../core/web-request.ts";

const longestMs = 30_000;
const mostAtOnce = 64;

/** Requests to a plugin's pages that it has not answered yet: so many at once, and each for so long. */
export class Requests {
  readonly #waiting = new Map<number, PromiseWithResolvers<WebAnswer>>();
  #next = 1;

  /** Rejects with RoostError `network` when the plugin does not answer in time, or has too many in hand. */
  async add(say: (request: number) => void): Promise<WebAnswer> {
    if (this.#waiting.size >= mostAtOnce)
      throw new RoostError("network", "The plugin has too many requests in hand; try again soon.");
    const request = this.#next++;
    const waiting = Promise.withResolvers<WebAnswer>();
    this.#waiting.set(request, waiting);
    const late = () => waiting.reject(new RoostError("network", "The plugin did not answer within 30 s."));
    const timer = setTimeout(late, longestMs);
    try {
      say(request);
      return await waiting.promise;
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(request);
    }
  }

  settle(request: number, answer: WebAnswer): void {
    this.#waiting.get(request)?.resolve(answer);
  }

  close(error: RoostError): void {
    for (const waiting of this.#waiting.values()) waiting.reject(error);
  }
}
