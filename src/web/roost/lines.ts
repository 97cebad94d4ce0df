import { RoostError } from "../../core/error.ts";
import type { HostLogger } from "../../core/log.ts";
import type { Step } from "../../core/management.ts";
import { refusalOf } from "../api.ts";

/** What an answer made of lines is given: the work, and how its end is shown. */
export interface LinesOptions {
  readonly cutSecrets: (text: string) => string;
  readonly log: HostLogger;
}

/**
 * Answers one JSON line a step as it happens, then one with the result, or with the refusal: the status was sent with the first
 * line, so that `errcode` in the last one is what tells. The work goes on when the reader leaves.
 */
export function answerLines(
  { cutSecrets, log }: LinesOptions,
  work: (tell: (step: Step) => void) => Promise<unknown>,
): Response {
  const encoder = new TextEncoder();
  let isOpen = true;
  const body = new ReadableStream<Uint8Array>({
    async start(controller) {
      const say = (line: unknown) => {
        if (isOpen) controller.enqueue(encoder.encode(`${cutSecrets(JSON.stringify(line))}\n`));
      };
      try {
        say(await work(say));
      } catch (error) {
        if (!(error instanceof RoostError)) log.error("A request to the API failed.", {}, error);
        say(refusalOf(error));
      }
      if (isOpen) controller.close();
    },
    cancel: () => {
      isOpen = false;
    },
  });
  return new Response(body, { headers: { "content-type": "application/x-ndjson" } });
}
