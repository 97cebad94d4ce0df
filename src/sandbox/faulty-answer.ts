import type { Dialect } from "./dialect.ts";
import type { InjectedFault } from "./faults.ts";

/** Answers a request the way a fault wants it; `carryOut` is what the server would have done. */
export async function faultyAnswer(
  injected: InjectedFault,
  request: Request,
  dialect: Dialect,
  carryOut: () => Promise<Response>,
): Promise<Response> {
  const { answer } = injected.fault;
  switch (answer.kind) {
    case "error":
      return Response.json(answer.body, { status: answer.status, headers: answer.headers ?? {} });
    case "rate-limited":
      return Response.json(dialect.rateLimit(answer.retryAfterMs), { status: 429 });
    case "html": {
      const headers = new Headers(answer.headers);
      headers.set("content-type", "text/html");
      return new Response(`<html><h1>${answer.status}</h1></html>`, { status: answer.status, headers });
    }
    case "hang":
      await aborted(AbortSignal.any([injected.released, request.signal]));
      return cutAfter();
    case "drop":
      return cutAfter();
    case "half": {
      const answered = await carryOut();
      const bytes = await answered.bytes();
      return cutAfter(bytes.slice(0, Math.ceil(bytes.length / 2)), answered);
    }
    case "lost-answer":
      await carryOut();
      return cutAfter();
    case "mislabelled": {
      const answered = await carryOut();
      const headers = new Headers(answered.headers);
      headers.set("content-type", answer.contentType);
      return new Response(answered.body, { status: answered.status, headers });
    }
    case "delay":
      await aborted(AbortSignal.any([AbortSignal.timeout(answer.delayMs), injected.released]));
      return carryOut();
  }
}

/** A response after whose bytes the connection is reset; without bytes not even the status line is sent. */
function cutAfter(bytes?: Uint8Array, like?: Response): Response {
  const body = new ReadableStream({
    async pull(controller) {
      if (bytes !== undefined) {
        controller.enqueue(bytes);
        // Bun sends what is queued only once it has waited for more.
        await Bun.sleep(1);
      }
      controller.error();
    },
  });
  return new Response(body, like === undefined ? {} : { status: like.status, headers: like.headers });
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
