/** Entry point of the worker that copies and checks databases, which takes seconds for large ones. */
import { RoostError, sentenceOf } from "./core/error.ts";
import type { DatabaseAnswer, DatabaseTask } from "./host/databases/database-tasks.ts";
import { checkDatabase, copyDatabase } from "./store/copy.ts";

declare const self: Worker;

self.onmessage = ({ data }: MessageEvent<DatabaseTask>) => {
  try {
    if (data.target === undefined) checkDatabase(data.file);
    else copyDatabase(data.file, data.target);
    self.postMessage({ done: true } satisfies DatabaseAnswer);
  } catch (error) {
    const code = error instanceof RoostError ? error.code : "internal";
    self.postMessage({ done: false, code, sentence: sentenceOf(error) } satisfies DatabaseAnswer);
  }
};
