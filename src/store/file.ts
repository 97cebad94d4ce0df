import { closeSync, fsyncSync, openSync, read } from "node:fs";
import { open } from "node:fs/promises";

const chunkBytes = 1 << 20;

/** Copies what an open file holds, from its beginning, a part at a time, onto the disk. `target` must not exist. */
export async function copyOpenFile(fd: number, target: string): Promise<void> {
  const copy = await open(target, "wx", 0o600);
  try {
    const chunk = new Uint8Array(chunkBytes);
    for (let position = 0; ; ) {
      const count = await readAt(fd, chunk, position);
      if (count === 0) break;
      await copy.writeFile(chunk.subarray(0, count));
      position += count;
    }
    await copy.sync();
  } finally {
    await copy.close();
  }
}

function readAt(fd: number, chunk: Uint8Array, position: number): Promise<number> {
  return new Promise((resolve, reject) =>
    read(fd, chunk, 0, chunk.byteLength, position, (error, count) =>
      error === null ? resolve(count) : reject(error),
    ),
  );
}

/** Sees to it that a file, or the names in a folder, survive a power cut. */
export function flush(path: string): void {
  const fd = openSync(path, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
