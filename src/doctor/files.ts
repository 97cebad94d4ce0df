import { Database } from "bun:sqlite";
import { accessSync, constants, existsSync, readdirSync, readFileSync, statfsSync, statSync } from "node:fs";
import { join } from "node:path";
import { formatProblem, type LoadedConfig } from "../core/config.ts";
import { sentenceOf } from "../core/error.ts";
import { type Finding, fine, wrong } from "./finding.ts";

/** Every problem of the config, as `roost check` says it. */
export function checkConfig(file: string, { config, problems }: LoadedConfig): Finding[] {
  const found = problems.map((problem) => wrong("config", formatProblem({ ...problem, excerpt: undefined })));
  if (found.length > 0 || config === undefined) return found;
  return [fine("config", `${file}: ${config.instances.size} instances, ${config.accounts.size} accounts.`)];
}

/** Files that hold secrets: nobody but Roost's user, or a group that is its own, may read them. */
export function checkSecretFiles({ watched, secrets }: LoadedConfig): Finding[] {
  const found = watched.flatMap((file): Finding[] => {
    const stat = statSync(file, { throwIfNoEntry: false });
    if (stat === undefined || !stat.isFile() || !holdsSecret(file, secrets)) return [];
    const isOpen =
      (stat.mode & 0o004) !== 0 || ((stat.mode & 0o040) !== 0 && stat.gid !== process.getegid?.());
    if (!isOpen) return [];
    return [wrong("secrets", `${file} holds a secret and others may read it: chmod go= ${file}`)];
  });
  return found.length > 0 ? found : [fine("secrets", "Only Roost's user may read the files that hold them.")];
}

function holdsSecret(file: string, secrets: LoadedConfig["secrets"]): boolean {
  try {
    const text = readFileSync(file, "utf8");
    return secrets.some((secret) => text.includes(secret.reveal()));
  } catch {
    return false;
  }
}

/** Who owns the data folder, whether it can be written, and what in it is to be private. */
export function checkDataFolder(dataDir: string): Finding[] {
  const stat = statSync(dataDir, { throwIfNoEntry: false });
  if (stat === undefined)
    return [fine("data folder", `${dataDir} is not there yet; the first start makes it.`)];
  if (!stat.isDirectory()) return [wrong("data folder", `${dataDir} is no folder: move it away.`)];
  const user = process.getuid?.() ?? 0;
  if (user !== 0 && stat.uid !== user) {
    return [
      wrong(
        "data folder",
        `${dataDir} belongs to another user (${stat.uid}): run this as that user, or chown it.`,
      ),
    ];
  }
  try {
    accessSync(dataDir, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch {
    return [wrong("data folder", `${dataDir} cannot be written by this user: chmod u+rwx ${dataDir}`)];
  }
  const open = ["credentials", "host", "instances"].filter((name) => {
    const inner = statSync(join(dataDir, name), { throwIfNoEntry: false });
    return inner !== undefined && (inner.mode & 0o077) !== 0;
  });
  if (open.length === 0) return [fine("data folder", `${dataDir} is Roost's own and can be written.`)];
  return open.map((name) => {
    return wrong(
      "data folder",
      `Others may look into ${join(dataDir, name)}: chmod go= ${join(dataDir, name)}`,
    );
  });
}

/** Who holds the data folder, by the note beside its lock; only for people to read. */
export function describeHolder(dataDir: string): string {
  try {
    const { pid, since } = JSON.parse(readFileSync(join(dataDir, "host", "host.json"), "utf8"));
    return `process ${Number(pid)}, since ${String(since)}`;
  } catch {
    return "a process that left no note";
  }
}

/** `isShort` decides as the running host does. */
export function checkDisk(
  dataDir: string,
  isShort: (space: { freeBytes: number; totalBytes: number }) => boolean,
): Finding[] {
  if (!existsSync(dataDir)) return [];
  const { bavail, blocks, bsize } = statfsSync(dataDir);
  const freeBytes = bavail * bsize;
  const sentence = `${Math.round(freeBytes / 1e6)} MB are free where ${dataDir} lies`;
  return isShort({ freeBytes, totalBytes: blocks * bsize })
    ? [wrong("disk", `${sentence}: free some space.`)]
    : [fine("disk", `${sentence}.`)];
}

/** Reads every database from end to end. For when no host has them open. */
export function checkDatabases(dataDir: string): Finding[] {
  const owner = statSync(dataDir, { throwIfNoEntry: false })?.uid;
  if (owner === undefined) return [];
  // SQLite makes files beside a database that it reads, which must not become somebody else's.
  if (owner !== process.getuid?.())
    return [fine("database", "Not read: run this as the user that runs Roost to have them checked.")];
  const folder = join(dataDir, "instances");
  const instances = existsSync(folder) ? readdirSync(folder) : [];
  const files = [join("host", "roost.db"), ...instances.map((name) => join("instances", name, "data.db"))];
  return files
    .filter((file) => existsSync(join(dataDir, file)))
    .map((file) => {
      const found = quickCheck(join(dataDir, file));
      if (found === "ok") return fine("database", `${file} is whole.`);
      return /locked|busy/i.test(found)
        ? wrong("database", `${file} is in use by ${describeHolder(dataDir)}, which does not answer.`)
        : wrong("database", `${file} is damaged (${found}): restore it from a backup.`);
    });
}

function quickCheck(file: string): string {
  try {
    const db = new Database(file, { readonly: true });
    try {
      return db.query<{ quick_check: string }, []>("PRAGMA quick_check(1)").get()?.quick_check ?? "no answer";
    } finally {
      db.close();
    }
  } catch (error) {
    return sentenceOf(error);
  }
}
