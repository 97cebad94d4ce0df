import { lstatSync, readdirSync, readlinkSync, statSync } from "node:fs";
import { dirname, join, resolve, sep } from "node:path";
import { watch as watchPaths } from "chokidar";

const debounceMs = 200;
/** Where the kernel reports nothing (a network folder, no watches left), an edit is seen after this time. */
const lookEveryMs = 30_000;
const maxLinks = 40;

export interface Watching {
  /** Watches these files from now on: a config that was read anew may name others. */
  follow(files: readonly string[]): void;
  close(): Promise<void>;
}

/**
 * Calls `onChange` once any of the files, or what a folder among them holds, has changed and then been quiet for 200 ms. What
 * does not exist yet is waited for; a file may be replaced by a rename, and any part of its path may be a symbolic link that is
 * turned elsewhere, as happens with each new generation of secrets.
 */
export function watchConfig(files: readonly string[], onChange: () => void): Watching {
  let followed = files;
  let points = pointsBehind(followed);
  let known = new Map(followed.map((file) => [file, stateOf(file)]));
  let timer: ReturnType<typeof setTimeout> | undefined;
  const watcher = watchPaths([...points.folders], {
    depth: 0,
    followSymlinks: false,
    ignoreInitial: true,
    ignorePermissionErrors: true,
    ignored: (path) => !points.concerns(path),
  });
  const rewatch = () => {
    if (watcher.closed) return;
    const before = points.folders;
    points = pointsBehind(followed);
    watcher.add([...points.folders]);
    // Watching a folder begins a moment later: another look finds what happened in between.
    if (points.folders.symmetricDifference(before).size > 0) schedule();
  };
  const look = () => {
    rewatch();
    const states = new Map(followed.map((file) => [file, stateOf(file)]));
    const changed = followed.some((file) => states.get(file) !== known.get(file));
    known = states;
    if (changed) onChange();
  };
  const schedule = () => {
    clearTimeout(timer);
    timer = setTimeout(look, debounceMs);
  };
  // The first look comes when the watching has begun, for what happened before it.
  watcher.on("all", schedule).on("ready", schedule).on("error", schedule);
  const regular = setInterval(look, lookEveryMs);
  return {
    follow(next) {
      // Every read of the config tells what it consists of, and looking behind each path again takes longer than the read.
      if (Bun.deepEquals(next, followed)) return;
      followed = next;
      known = new Map(followed.map((file) => [file, known.get(file) ?? stateOf(file)]));
      rewatch();
    },
    async close() {
      clearInterval(regular);
      clearTimeout(timer);
      await watcher.close();
    },
  };
}

interface Points {
  readonly folders: ReadonlySet<string>;
  concerns(path: string): boolean;
}

/** Every name whose change can change a file: the file, its folder, each symbolic link on the way, or the first part missing. */
function pointsBehind(files: readonly string[]): Points {
  const names = new Set<string>();
  const lists = new Set<string>();
  for (const file of files) {
    const end = followLinks(resolve(file), names);
    if (end === undefined) continue;
    names.add(end).add(dirname(end));
    if (lstatSync(end, { throwIfNoEntry: false })?.isDirectory()) lists.add(end);
  }
  const folders = new Set([...[...names].map((name) => dirname(name)), ...lists]);
  return {
    folders,
    concerns: (path) => folders.has(path) || names.has(path) || lists.has(dirname(path)),
  };
}

/** The real path, or undefined if a part is missing; the links and the missing part met on the way are added to `names`. */
function followLinks(path: string, names: Set<string>): string | undefined {
  let rest = path.split(sep).filter((part) => part !== "");
  let at: string = sep;
  for (let links = 0; rest.length > 0; ) {
    const next = join(at, rest[0] ?? "");
    const target = linkOrType(next);
    if (target === "missing") {
      names.add(next);
      return undefined;
    }
    rest = rest.slice(1);
    if (target === "real") {
      at = next;
      continue;
    }
    names.add(next);
    if (++links > maxLinks) return undefined;
    rest = [...resolve(at, target.link).split(sep), ...rest].filter((part) => part !== "");
    at = sep;
  }
  return at;
}

function linkOrType(path: string): "missing" | "real" | { readonly link: string } {
  try {
    return lstatSync(path).isSymbolicLink() ? { link: readlinkSync(path) } : "real";
  } catch {
    return "missing";
  }
}

/** Equal as long as nothing has changed. */
function stateOf(path: string): string {
  return [stampOf(path), ...listFolder(path)].join("\n");
}

function listFolder(path: string): string[] {
  try {
    return statSync(path).isDirectory()
      ? readdirSync(path)
          .sort()
          .map((name) => `${name} ${stampOf(join(path, name))}`)
      : [];
  } catch {
    return [];
  }
}

function stampOf(path: string): string {
  try {
    const { ino, size, mtimeMs, ctimeMs } = statSync(path);
    return `${ino} ${size} ${mtimeMs} ${ctimeMs}`;
  } catch (error) {
    return error instanceof Error && "code" in error ? String(error.code) : "unknown";
  }
}
