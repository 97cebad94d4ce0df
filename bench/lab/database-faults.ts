/** What happens to the first bot's database under it. Its rows are counted afterwards: one for every message it was asked. */
import { Database } from "bun:sqlite";
import { spawnSync } from "node:child_process";
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
  truncateSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { type Lab, names } from "./lab.ts";
import type { LabFault } from "./trial.ts";

/** What was asked so long before is in hand no more. */
const answeredMs = 1_000;
/** So soon a database that is lost has to be known to be. */
const foundMs = 3_000;

const fileOf = (lab: Lab) => join(lab.folderOf("first"), "data.db");
const filesOf = (lab: Lab) =>
  readdirSync(lab.folderOf("first"))
    .filter((name) => name.startsWith("data.db"))
    .map((name) => join(lab.folderOf("first"), name));

/** Runs a program of the system as root; what it answers is only of interest when it fails. */
function run(command: string, ...args: string[]): void {
  const { status, stderr } = spawnSync(command, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")}: ${stderr}`);
}

/** Which of the messages it was asked, but for those of a time, have no row in its database. */
function checkRows(lab: Lab, exceptFromMs = 0, exceptToMs = 0): string[] {
  const asked = lab.ledger.idsOf("first", exceptFromMs, exceptToMs);
  const db = new Database(fileOf(lab), { readonly: true });
  try {
    const rows = db.query("SELECT event FROM said").values();
    const kept = new Set(rows.map(([event]) => String(event)));
    const missing = asked.filter((id) => !kept.has(id)).length;
    return missing === 0 ? [] : [`${missing} of ${asked.length} rows missing`];
  } finally {
    db.close();
  }
}

function fault(
  name: string,
  lastsMs: number,
  begin: LabFault["begin"],
  more: Partial<LabFault> = {},
): LabFault {
  return { name, victim: "first", lastsMs, says: /./, begin, check: (lab) => checkRows(lab), ...more };
}

/** Another program writes into it and takes its time. */
function lock(lab: Lab): () => void {
  const db = new Database(fileOf(lab));
  db.run("PRAGMA busy_timeout = 5000");
  db.run("BEGIN IMMEDIATE");
  return () => {
    db.run("ROLLBACK");
    db.close();
  };
}

/** Writes through handles that are open already fail too. Not the shared memory: a write to its map would be a bus error. */
function makeReadOnly(lab: Lab): () => void {
  const files = filesOf(lab).filter((file) => !file.endsWith("-shm"));
  run("chattr", "+i", ...files);
  return () => run("chattr", "-i", ...files);
}

/** A disk of its own for the first bot, small enough to be filled. */
function mountSmallDisk(lab: Lab): void {
  const folder = lab.folderOf("first");
  run("mount", "-t", "tmpfs", "-o", "size=6m,mode=700", "tmpfs", folder);
  lab.atEnd(() => run("umount", folder));
}

function fillDisk(lab: Lab): () => void {
  const filler = join(lab.folderOf("first"), "filler");
  spawnSync("dd", ["if=/dev/zero", `of=${filler}`, "bs=4k"]);
  if (!existsSync(filler)) throw new Error("The small disk could not be filled.");
  return () => rmSync(filler);
}

/** All that the host has lies on a small disk of a file system that needs room even to write again where it has written before. */
function mountBtrfs(lab: Lab): void {
  const image = join(dirname(lab.host.dataDir), "btrfs.img");
  mkdirSync(dirname(image), { recursive: true });
  closeSync(openSync(image, "w"));
  // Once it is given back the disk is no longer called short of room.
  truncateSync(image, 700_000_000);
  run("mkfs.btrfs", "--quiet", image);
  // What the instances' folders hold until now is nothing but themselves.
  run("mount", "-o", "loop", image, lab.host.dataDir);
  for (const name of names) mkdirSync(lab.folderOf(name), { recursive: true, mode: 0o700 });
  lab.atEnd(() => run("umount", lab.host.dataDir));
}

/** Full within half a second, under a service manager that starts the host again whenever it has ended. */
async function fillAtOnce(lab: Lab): Promise<() => Promise<void>> {
  const fillers = ["filler", "last-filler"].map((name) => join(lab.host.dataDir, name));
  const over = new AbortController();
  const keepUp = async () => {
    for (;;) {
      await lab.host.exited();
      if (over.signal.aborted) return;
      await Bun.sleep(1_000);
      lab.host.start();
    }
  };
  void keepUp();
  const { bavail, bsize } = statfsSync(lab.host.dataDir);
  run("fallocate", "-l", String(Math.floor(0.9 * bavail) * bsize), fillers[0] ?? "");
  await Bun.spawn(["dd", "if=/dev/zero", `of=${fillers[1]}`, "bs=64k"], { stderr: "ignore" }).exited;
  return async () => {
    for (const filler of fillers) rmSync(filler);
    await lab.untilAllRun();
    over.abort();
  };
}

function hideAway(lab: Lab): () => void {
  const files = filesOf(lab);
  for (const file of files) renameSync(file, `${file}.away`);
  return () => {
    for (const file of filesOf(lab)) if (!file.endsWith(".away")) rmSync(file);
    for (const file of files) renameSync(`${file}.away`, file);
  };
}

async function backUp(lab: Lab): Promise<void> {
  const { code, err } = await lab.host.command("backup");
  if (code !== 0) throw new Error(`roost backup: ${err}`);
}

/** Does what the log says mends it; nothing if it says nothing, or if Roost has mended it itself. */
function mendAsTold(lab: Lab, from: number): () => Promise<void> {
  return async () => {
    const told = lab
      .said(from)
      .flatMap(({ sentence }) => /roost (restore [\w -]+[\w])/.exec(sentence)?.[1] ?? []);
    const [command] = told;
    if (command === undefined) return;
    const { code, err } = await lab.host.command(...command.split(" "));
    if (code !== 0) throw new Error(`roost ${command}: ${err}`);
  };
}

/** A harm that only a backup mends: what the bot noted between the backup and the harm's discovery is lost with the file. */
function needingRestore(name: string, harm: (files: readonly string[]) => void): LabFault {
  let [backedUpMs, harmedMs] = [0, 0];
  const begin = async (lab: Lab) => {
    backedUpMs = performance.now();
    await backUp(lab);
    harmedMs = performance.now();
    const from = lab.host.output.length;
    harm(filesOf(lab));
    return mendAsTold(lab, from);
  };
  return fault(name, 10_000, begin, {
    says: /roost restore first/,
    check: (lab) => checkRows(lab, backedUpMs - answeredMs, harmedMs + foundMs),
  });
}

function overwrite(files: readonly string[]): void {
  for (const file of files.filter((name) => !name.endsWith("-shm"))) {
    const handle = openSync(file, "r+");
    const garbage = Buffer.alloc(statSync(file).size, "garbage");
    writeSync(handle, garbage, 0, garbage.length, 0);
    closeSync(handle);
  }
}

function remove(files: readonly string[]): void {
  for (const file of files) rmSync(file);
}

const needsRoot: readonly LabFault[] = [
  fault("database read-only", 8_000, makeReadOnly),
  fault("its disk full", 8_000, fillDisk, { prepare: mountSmallDisk }),
  fault("btrfs full at once", 8_000, fillAtOnce, { victim: "all", prepare: mountBtrfs }),
];

export const databaseFaults: readonly LabFault[] = [
  fault("database locked", 12_000, lock),
  ...(process.getuid?.() === 0 ? needsRoot : []),
  fault("database moved away and given back", 8_000, hideAway),
  needingRestore("database overwritten", overwrite),
  needingRestore("database deleted", remove),
];
