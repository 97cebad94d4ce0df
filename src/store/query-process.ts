import { type ErrorCode, RoostError } from "../core/error.ts";
import type { DatabaseTable, QueryResult } from "../core/management.ts";
import type { Question } from "./query.ts";

interface Answers {
  readonly tables: readonly DatabaseTable[];
  readonly query: QueryResult;
}

const largestAnswerBytes = 16 * 1024 * 1024;

/**
 * Asks a process of its own about a database and kills it when it takes too long. `command` starts it (our own executable in that
 * role). Throws RoostError: `bad-request` for a wrong statement or one that takes too long, `too-large`, `not-found`.
 */
export async function askDatabase<Asked extends Question>(
  command: readonly string[],
  question: Asked,
  timeoutMs: number,
): Promise<Answers[Asked["ask"]]> {
  const child = Bun.spawn([...command], {
    stdin: new Blob([JSON.stringify(question)]),
    stdout: "pipe",
    stderr: "ignore",
    env: {},
    timeout: timeoutMs,
    killSignal: "SIGKILL",
  });
  const text = await readBounded(child.stdout, () => child.kill("SIGKILL"));
  await child.exited;
  if (text === undefined) {
    throw new RoostError("too-large", "The answer is too large to be shown. Ask for fewer rows or columns.");
  }
  if (child.signalCode !== null) {
    const seconds = Math.round(timeoutMs / 1000);
    throw new RoostError("bad-request", `The statement took longer than ${seconds} s and was stopped.`);
  }
  const answer = JSON.parse(text === "" ? "{}" : text) as
    | { readonly value: Answers[Asked["ask"]] }
    | { readonly code?: ErrorCode; readonly message?: string };
  if ("value" in answer) return answer.value;
  const message = answer.message ?? "The process that looks at databases ended without an answer.";
  throw new RoostError(answer.code ?? "internal", message);
}

/** Undefined when there is more than may be. */
async function readBounded(
  stream: ReadableStream<Uint8Array>,
  giveUp: () => void,
): Promise<string | undefined> {
  const parts: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const part of stream) {
    sizeBytes += part.length;
    if (sizeBytes > largestAnswerBytes) {
      giveUp();
      return undefined;
    }
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}
