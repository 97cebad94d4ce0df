import { ptr } from "bun:ffi";
import { constants, openSync, statSync } from "node:fs";
import { type Libc, openLibc } from "./libc.ts";

export interface FileRules {
  readonly readWrite: readonly string[];
  readonly readOnly: readonly string[];
  /** Like `readOnly`, where there are such. */
  readonly system: readonly string[];
  readonly network: boolean;
}

// linux/landlock.h: the same numbers on every architecture.
const createRuleset = 444;
const addRule = 445;
const restrictSelf = 446;
const pathBeneath = 1;
const scopedAbstractSocketsAndSignals = 3;
const bindTcp = 1;
const connectTcp = 2;
const execute = 1 << 0;
const writeFile = 1 << 1;
const readFile = 1 << 2;
const readFolder = 1 << 3;
const removeFolder = 1 << 4;
const removeFile = 1 << 5;
const makeFolder = 1 << 7;
const makeFile = 1 << 8;
const refer = 1 << 13;
const truncate = 1 << 14;
const read = execute | readFile | readFolder;
/** Links, sockets, pipes and devices can be made nowhere. */
const write = writeFile | removeFolder | removeFile | makeFolder | makeFile | refer | truncate;
const ofFiles = execute | writeFile | readFile | truncate;
/** How many rights each version knows; later ones know as many as the last. */
const rightsOfVersion = [0, 13, 14, 15, 15, 16] as const;

/** Which version of Landlock this kernel has (Linux 5.13 and newer); 0 without: then nothing keeps a process from files. */
export function landlockVersion(): number {
  try {
    return Math.max(0, openLibc().syscall(createRuleset, 0, 0, 1));
  } catch {
    return 0;
  }
}

/**
 * Keeps this thread, and the program it becomes by `execve`, to what the rules name. Sockets of the abstract kind and signals to
 * processes outside are refused from version 6 on, TCP from version 4 on.
 *
 * @throws Error naming the step that was refused, or the path that is not there.
 */
export function restrictFiles(libc: Libc, rules: FileRules, version: number): void {
  const known = 2 ** (rightsOfVersion[version] ?? 16) - 1;
  const refusedTcp = rules.network ? bindTcp : bindTcp | connectTcp;
  const handled = new BigUint64Array([
    BigInt(known),
    BigInt(refusedTcp),
    BigInt(scopedAbstractSocketsAndSignals),
  ]);
  const handledBytes = version >= 6 ? 24 : version >= 4 ? 16 : 8;
  const ruleset = libc.syscall(createRuleset, ptr(handled), handledBytes, 0);
  if (ruleset < 0) throw new Error("Landlock refused its rules");
  const allow = (path: string, rights: number) => {
    const isFolder = statSync(path).isDirectory();
    const rule = new DataView(new ArrayBuffer(12));
    rule.setBigUint64(0, BigInt(rights & known & (isFolder ? -1 : ofFiles)), true);
    rule.setInt32(8, openSync(path, constants.O_RDONLY | pathOnly), true);
    if (libc.syscall(addRule, ruleset, pathBeneath, ptr(rule), 0) < 0)
      throw new Error(`Landlock refused a rule for ${path}`);
  };
  for (const path of rules.system) if (isThere(path)) allow(path, read);
  for (const path of rules.readOnly) allow(path, read);
  for (const path of rules.readWrite) allow(path, read | write);
  if (libc.syscall(restrictSelf, ruleset, 0) < 0) throw new Error("Landlock could not be applied");
}

/** Of open(2): Bun's constants lack it. */
const pathOnly = 0o10000000;

function isThere(path: string): boolean {
  try {
    statSync(path);
    return true;
  } catch {
    return false;
  }
}
