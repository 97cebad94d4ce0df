import { ptr } from "bun:ffi";
import type { Libc } from "./libc.ts";

/** What Landlock does not know of: sockets other than TCP, new processes, and the host's own process. */
export interface CallRules {
  readonly network: boolean;
  readonly host: number;
}

interface Architecture {
  /** As `seccomp_data.arch` says it. */
  readonly audit: number;
  readonly socket: number;
  readonly clone: number;
  readonly prlimit: number;
  /** Those whose first argument is a process. */
  readonly signals: readonly number[];
  /** Refused whatever their arguments: other processes' memory and descriptors, namespaces, mounts, the kernel's keys and filters. */
  readonly refused: readonly number[];
  /** Answered as if done: Landlock lets them change files outside, and libraries that copy files do not go on without. */
  readonly pretended: readonly number[];
  /** Ways of starting a process that a program without `clone` might use. */
  readonly forks: readonly number[];
}

const common = {
  ...{ ioUringSetup: 425, clone3: 435, pidfdSendSignal: 424, pidfdGetfd: 438, moveMount: 429, openTree: 428 },
  ...{ fsopen: 430, mountSetattr: 442, processMadvise: 440 },
};
const everywhere = Object.values(common).filter((number) => number !== common.clone3);
/** By `process.arch`. From asm/unistd_64.h and asm-generic/unistd.h. */
const architectures: Readonly<Record<string, Architecture>> = {
  x64: {
    audit: 0xc000003e,
    socket: 41,
    clone: 56,
    prlimit: 302,
    signals: [62, 129, 234, 297],
    refused: [
      ...everywhere,
      101,
      155,
      161,
      165,
      166,
      200,
      248,
      249,
      250,
      272,
      298,
      304,
      308,
      310,
      311,
      321,
      323,
    ],
    pretended: [90, 92, 94, 188, 189, 197, 198, 260, 268, 452],
    forks: [57, 58],
  },
  arm64: {
    audit: 0xc00000b7,
    socket: 198,
    clone: 220,
    prlimit: 261,
    signals: [129, 131, 138, 240],
    refused: [...everywhere, 39, 40, 41, 51, 97, 117, 130, 217, 218, 219, 241, 265, 268, 270, 271, 280, 282],
    pretended: [5, 6, 14, 15, 53, 54, 452],
    forks: [],
  },
};

// linux/filter.h and linux/seccomp.h
const load = 0x20;
const ifEqual = 0x15;
const ifAtLeast = 0x35;
const ifSet = 0x45;
const skip = 0x05;
const answer = 0x06;
const allowed = 0x7fff_0000;
const killed = 0x8000_0000;
const refusedWith = 0x0005_0000;
const notPermitted = 1;
const noSuchCall = 38;
const numberAt = 0;
const architectureAt = 4;
const argumentAt = (index: number) => 16 + 8 * index;
const cloneThread = 0x0001_0000;
/** Numbers from here on are the 32-bit calls of x86-64. */
const x32Calls = 0x4000_0000;
const internetFamilies = [2, 10, 16];
const seccompOption = 22;
const filterMode = 2;

type Instruction = readonly [code: number, value: number, whenTrue?: number, whenFalse?: number];

/**
 * Refuses this thread, and the program it becomes, the calls that no plugin needs. A filter sees numbers only, so `clone3`, whose
 * flags are in memory, does not exist for it: the C library then uses `clone`.
 *
 * @throws Error when the kernel has no filters, or the processor is one that this was not written for.
 */
export function filterCalls(libc: Libc, rules: CallRules): void {
  const architecture = architectures[process.arch];
  if (architecture === undefined) throw new Error(`there is no filter for ${process.arch}`);
  const program = programOf(architecture, rules);
  const instructions = new DataView(new ArrayBuffer(program.length * 8));
  for (const [at, [code, value, whenTrue = 0, whenFalse = 0]] of program.entries()) {
    instructions.setUint16(at * 8, code, true);
    instructions.setUint8(at * 8 + 2, whenTrue);
    instructions.setUint8(at * 8 + 3, whenFalse);
    instructions.setUint32(at * 8 + 4, value, true);
  }
  const head = new BigUint64Array([BigInt(program.length), BigInt(ptr(instructions))]);
  if (libc.prctl(seccompOption, filterMode, ptr(head)) !== 0) throw new Error("seccomp refused the filter");
}

function programOf(architecture: Architecture, { network, host }: CallRules): Instruction[] {
  const refuse: Instruction = [answer, refusedWith | notPermitted];
  const whole = (number: number, errno = notPermitted): Instruction[] => [
    [ifEqual, number, 0, 1],
    [answer, refusedWith | errno],
  ];
  /** `checks` look at an argument of that call; falling through them refuses it. */
  const byArgument = (number: number, index: number, checks: readonly Instruction[]): Instruction[] => [
    [ifEqual, number, 0, checks.length + 3],
    [load, argumentAt(index)],
    ...checks,
    refuse,
    [load, numberAt],
  ];
  const unlessOneOf = (values: readonly number[], code = ifEqual): Instruction[] =>
    values.map((value, at) => [code, value, values.length - at, 0]);
  const ifOneOf = (values: readonly number[]): Instruction[] => [
    ...values.map((value, at): Instruction => [ifEqual, value >>> 0, values.length - at, 0]),
    [skip, 1],
  ];
  return [
    [load, architectureAt],
    [ifEqual, architecture.audit, 1, 0],
    [answer, killed],
    [load, numberAt],
    [ifAtLeast, x32Calls, 0, 1],
    [answer, killed],
    ...architecture.refused.flatMap((number) => whole(number)),
    ...architecture.pretended.flatMap((number) => whole(number, 0)),
    ...whole(common.clone3, noSuchCall),
    ...byArgument(architecture.socket, 0, unlessOneOf(network ? internetFamilies : [])),
    ...byArgument(architecture.prlimit, 0, unlessOneOf([0])),
    ...architecture.signals.flatMap((number) => byArgument(number, 0, ifOneOf([host, -host, -1]))),
    ...architecture.forks.flatMap((number) => whole(number)),
    ...byArgument(architecture.clone, 0, unlessOneOf([cloneThread], ifSet)),
    [answer, allowed],
  ];
}
