import { randomBytes } from "node:crypto";
import { accessSync, constants, existsSync, readFileSync, realpathSync, statSync } from "node:fs";
import { chmod, copyFile, mkdir, open, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { RoostError } from "../core/error.ts";

/** A text file that is to change: what it held when the change was thought of, and what it is to hold. Undefined: no file. */
export interface FileChange {
  readonly file: string;
  readonly before: string | undefined;
  readonly after: string | undefined;
}

/** What a file holds now; undefined if there is none. */
export function textOf(file: string): string | undefined {
  return existsSync(file) ? readFileSync(file, "utf8") : undefined;
}

/**
 * Writes secrets, then the files that refer to them, each by a rename, so that at any moment every reference leads somewhere.
 * If one cannot be written, what was there before comes back. The previous version of a file is kept beside it, hidden.
 * @throws RoostError `conflict` if a file is not as it was, `internal` with what to do if it cannot be written.
 */
export async function writeChanges(
  changes: readonly FileChange[],
  secrets: readonly FileChange[],
): Promise<void> {
  for (const { file, before } of changes) {
    if (textOf(file) === before) continue;
    throw new RoostError(
      "conflict",
      `${file} was changed at the same moment. Nothing was written; try again.`,
    );
  }
  const done: FileChange[] = [];
  try {
    for (const secret of secrets) {
      done.push(secret);
      await replaceFile(secret.file, secret.after);
    }
    for (const { file, after, before } of changes) {
      done.push({ file, after, before });
      if (before !== undefined) await keepPrevious(file);
      await replaceFile(file, after);
    }
  } catch (error) {
    const failed = done.at(-1)?.file ?? "";
    for (const { file, before } of done.toReversed()) await replaceFile(file, before).catch(() => {});
    throw new RoostError("internal", `Nothing was changed: ${sentenceOf(failed, error)}`, { cause: error });
  }
}

/** Why a file may not be written, as a part of a sentence; undefined if it may. A file that nobody may write counts too. */
export function obstacleTo(file: string): string | undefined {
  try {
    const real = realpathSync(file);
    if ((statSync(real).mode & 0o222) === 0) return "which is marked as read-only";
    accessSync(real, constants.W_OK);
    accessSync(dirname(real), constants.W_OK);
    return undefined;
  } catch {
    return "which Roost may not write";
  }
}

async function replaceFile(name: string, text: string | undefined): Promise<void> {
  const file = existsSync(name) ? realpathSync(name) : name;
  const folder = dirname(file);
  if (text === undefined) {
    await rm(file, { force: true });
    await syncFolder(folder);
    return;
  }
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const mode = existsSync(file) ? statSync(file).mode & 0o777 : 0o600;
  const temporary = join(folder, `.${basename(file)}.${randomBytes(6).toString("hex")}.new`);
  try {
    const handle = await open(temporary, "wx", 0o600);
    try {
      await handle.writeFile(text);
      await handle.chmod(mode);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(folder);
}

async function keepPrevious(name: string): Promise<void> {
  const file = realpathSync(name);
  const previous = join(dirname(file), `.${basename(file)}.previous`);
  const temporary = `${previous}.new`;
  await copyFile(file, temporary);
  await chmod(temporary, statSync(file).mode & 0o777);
  await rename(temporary, previous);
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function sentenceOf(file: string, error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  switch (code) {
    case "ENOSPC":
    case "EDQUOT":
      return `the disk that holds ${file} is full. Make room on it and try again.`;
    case "EACCES":
    case "EPERM":
      return `Roost may not write ${file}. Give it to the user that Roost runs as, with its folder.`;
    case "EROFS":
      return `${file} is on a disk that is mounted read-only.`;
    default:
      return `${file} cannot be written (${typeof code === "string" ? code : "unknown error"}).`;
  }
}
