import { access, constants } from "node:fs/promises";
import { join } from "node:path";
import { RoostError } from "../core/error.ts";
import { stringAt } from "../core/json.ts";

export function controlSocketPath(dataDir: string): string {
  return join(dataDir, "control.sock");
}

/**
 * Asks the host that runs on this data folder, through its control socket. Answers the response when it is a good one. Throws
 * RoostError with the sentence to print: the host's own, or that no host runs there, or that the socket is another user's.
 */
export async function askHost(
  dataDir: string,
  method: "GET" | "POST",
  path: string,
  signal?: AbortSignal,
  body?: Blob,
): Promise<Response> {
  const response = await reachHost(dataDir, method, path, signal, body);
  if (response.ok) return response;
  const answer: unknown = await response.json().catch(() => undefined);
  const sentence = stringAt(answer, "error") ?? `The host answered ${response.status}.`;
  throw new RoostError(
    response.status === 404 ? "not-found" : response.status < 500 ? "bad-request" : "internal",
    sentence,
  );
}

/** Whether any host answers on this data folder's socket, whatever it says. */
export async function isHostThere(dataDir: string): Promise<boolean> {
  return reachHost(dataDir, "GET", "/status").then(
    () => true,
    () => false,
  );
}

async function reachHost(
  dataDir: string,
  method: string,
  path: string,
  signal?: AbortSignal,
  body?: Blob,
): Promise<Response> {
  const socket = controlSocketPath(dataDir);
  try {
    await access(socket, constants.R_OK | constants.W_OK);
    // Without a time limit: a followed log may be silent for hours. `signal` ends it.
    return await fetch(`http://roost${path}`, {
      unix: socket,
      method,
      timeout: false,
      signal: signal ?? null,
      ...(body === undefined ? {} : { body }),
    });
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof Error && "code" in error && error.code === "EACCES") {
      throw new RoostError(
        "bad-request",
        `${socket} belongs to another user. Run this as the user that runs the host, such as: sudo -u roost roost status`,
        { cause: error },
      );
    }
    throw new RoostError(
      "not-found",
      `No Roost is running on ${dataDir}. Start it with: roost serve --config FILE (or name the right config with --config)`,
      { cause: error },
    );
  }
}

/** The lines of a response that are not empty as they come, such as those of `/logs?follow=1`. */
export async function* linesOf(response: Response): AsyncGenerator<string> {
  if (response.body === null) return;
  let rest = "";
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    yield* lines.filter((line) => line !== "");
  }
  if (rest !== "") yield rest;
}
