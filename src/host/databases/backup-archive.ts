import { createReadStream, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { RoostError } from "../../core/error.ts";

const blockBytes = 512;
/** Whoever holds these can speak as the bots. */
const leftOut: ReadonlySet<string> = new Set(["credentials", "secrets"]);

/**
 * A backup's folder as one tar file (ustar), read piece by piece: without credentials, and with secrets cut from the YAML.
 * Throws RoostError `too-large` for a file that the format cannot hold.
 */
export async function* tarOf(
  folder: string,
  root: string,
  cutSecrets: (text: string) => string,
): AsyncGenerator<Uint8Array> {
  for (const name of filesIn(folder, "")) {
    const path = join(folder, name);
    const { mtimeMs, size } = statSync(path);
    const text = name.endsWith(".yaml") ? Buffer.from(cutSecrets(readFileSync(path, "utf8"))) : undefined;
    const sizeBytes = text?.byteLength ?? size;
    yield header(`${root}/${name}`, sizeBytes, mtimeMs);
    if (text !== undefined) yield text;
    else if (sizeBytes > 0)
      yield* createReadStream(path, { end: sizeBytes - 1 }) as AsyncIterable<Uint8Array>;
    yield new Uint8Array((blockBytes - (sizeBytes % blockBytes)) % blockBytes);
  }
  yield new Uint8Array(2 * blockBytes);
}

/** Relative paths of all files, sorted. */
function filesIn(folder: string, below: string): string[] {
  const entries = readdirSync(join(folder, below), { withFileTypes: true });
  return entries
    .filter(({ name }) => below !== "" || !leftOut.has(name))
    .flatMap((entry) => {
      const name = below === "" ? entry.name : `${below}/${entry.name}`;
      if (entry.isDirectory()) return filesIn(folder, name);
      return entry.isFile() ? [name] : [];
    })
    .sort();
}

/** POSIX.1-1988: name (100) and prefix (155), numbers in octal, and a sum of all bytes with the sum's own as spaces. */
function header(path: string, sizeBytes: number, mtimeMs: number): Uint8Array {
  const block = Buffer.alloc(blockBytes);
  const cut = path.length <= 100 ? -1 : path.lastIndexOf("/", 155);
  const [prefix, name] = [path.slice(0, Math.max(cut, 0)), path.slice(cut + 1)];
  if (Buffer.byteLength(name) > 100 || sizeBytes >= 8 ** 11)
    throw new RoostError(
      "too-large",
      `${path} is too large for a tar file: copy the backup's folder instead.`,
    );
  const octal = (value: number, width: number) =>
    `${Math.floor(value)
      .toString(8)
      .padStart(width - 1, "0")}\0`;
  block.write(name, 0);
  block.write(octal(0o600, 8), 100);
  block.write(octal(0, 8), 108);
  block.write(octal(0, 8), 116);
  block.write(octal(sizeBytes, 12), 124);
  block.write(octal(mtimeMs / 1000, 12), 136);
  block.write("        ", 148);
  block.write("0", 156);
  block.write("ustar\x0000", 257);
  block.write(prefix, 345);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return block;
}
