import { type ErrorCode, RoostError } from "../../core/error.ts";
import { workers } from "../../roles.ts";

export interface DatabaseTask {
  readonly file: string;
  /** Where to copy it; left out, it is only checked. */
  readonly target?: string | undefined;
}

export type DatabaseAnswer =
  | { readonly done: true }
  | { readonly done: false; readonly code: ErrorCode; readonly sentence: string };

/**
 * Carries out one task in a worker of its own: measured, copying and checking 50 MB would hold up the main thread for 360 ms.
 * @throws RoostError `database-lost` when the file is damaged, `database-busy` when it cannot be read or written.
 */
export async function runDatabaseTask(task: DatabaseTask): Promise<void> {
  // Named as the compiled executable knows it: an entry point of its own.
  const worker = new Worker(workers.backup, { env: {}, smol: true });
  try {
    const answer = await new Promise<DatabaseAnswer>((resolve, reject) => {
      worker.onmessage = ({ data }: MessageEvent<DatabaseAnswer>) => resolve(data);
      worker.onerror = ({ message }) => reject(new RoostError("internal", `The copying broke: ${message}`));
      worker.postMessage(task);
    });
    if (!answer.done) throw new RoostError(answer.code, answer.sentence);
  } finally {
    worker.terminate();
  }
}
