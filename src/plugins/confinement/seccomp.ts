import { ptr } from "bun:ffi";
import type { Libc } from "./libc.ts";
import { type CallName, callNumbers } from "./seccomp-calls.ts";

/** What Landlock does not know of: sockets other than TCP, new processes, and the host's own process. */
export interface CallRules {
  readonly network: boolean;
  readonly host: number;
}

/** Those whose first argument is a process. */
const signals: readonly CallName[] = ["kill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo"];
/** Refused whatever their arguments: other processes' memory and descriptors, namespaces, mounts, the kernel's keys and filters. */
const refused: readonly CallName[] = [
  ...(["ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "tkill"] as const),
  ...(["pidfd_send_signal", "pidfd_getfd", "unshare", "setns", "chroot", "pivot_root"] as const),
  ...(["mount", "umount2", "move_mount", "open_tree", "fsopen", "mount_setattr"] as const),
  ...(["add_key", "request_key", "keyctl", "bpf", "perf_event_open", "userfaultfd"] as const),
  ...(["io_uring_setup", "open_by_handle_at"] as const),
];
/** Answered as if done: Landlock lets them change files outside, and libraries that copy files do not go on without. */
const pretended: readonly CallName[] = [
  ...(["chmod", "fchmodat", "fchmodat2", "chown", "lchown", "fchownat", "file_setattr"] as const),
  ...(["setxattr", "lsetxattr", "setxattrat", "removexattr", "lremovexattr", "removexattrat"] as const),
];
/** Ways of starting a process that a program without `clone` might use. */
const forks: readonly CallName[] = ["fork", "vfork"];

interface Architecture {
  /** As `seccomp_data.arch` says it. */
  readonly audit: number;
  readonly numbers: Readonly<Partial<Record<CallName, number>>>;
}

/** By `process.arch`. */
const architectures: Readonly<Record<string, Architecture>> = {
  x64: { audit: 0xc000003e, numbers: callNumbers.x64 },
  arm64: { audit: 0xc00000b7, numbers: callNumbers.arm64 },
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

function programOf({ audit, numbers }: Architecture, { network, host }: CallRules): Instruction[] {
  const refuse: Instruction = [answer, refusedWith | notPermitted];
  /** Not every architecture has each of them. */
  const each = (names: readonly CallName[], rule: (number: number) => Instruction[]): Instruction[] =>
    names.flatMap((name) => numbers[name] ?? []).flatMap(rule);
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
    [ifEqual, audit, 1, 0],
    [answer, killed],
    [load, numberAt],
    [ifAtLeast, x32Calls, 0, 1],
    [answer, killed],
    ...each([...refused, ...forks], (call) => whole(call)),
    ...each(pretended, (call) => whole(call, 0)),
    ...each(["clone3"], (call) => whole(call, noSuchCall)),
    ...each(["socket"], (call) => byArgument(call, 0, unlessOneOf(network ? internetFamilies : []))),
    ...each(["prlimit64"], (call) => byArgument(call, 0, unlessOneOf([0]))),
    ...each(signals, (call) => byArgument(call, 0, ifOneOf([host, -host, -1]))),
    ...each(["clone"], (call) => byArgument(call, 0, unlessOneOf([cloneThread], ifSet))),
    [answer, allowed],
  ];
}
