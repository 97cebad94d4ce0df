import { dlopen, ptr } from "bun:ffi";

/** Linux's own calls, for what Bun has no function for. */
export interface Libc {
  /** By number; pointers are addresses. Negative when the kernel refuses. */
  syscall(number: number, ...args: readonly number[]): number;
  prctl(option: number, ...args: readonly number[]): number;
  setrlimit(resource: number, address: number): number;
  execve(path: number, args: number, env: number): number;
}

/** @throws Error where there is no glibc, as on systems other than Linux. */
export function openLibc(): Libc {
  const { symbols } = dlopen("libc.so.6", {
    syscall: { args: ["i64", "u64", "u64", "u64", "u64", "u64"], returns: "i64" },
    prctl: { args: ["i32", "u64", "u64", "u64", "u64"], returns: "i32" },
    setrlimit: { args: ["i32", "u64"], returns: "i32" },
    execve: { args: ["u64", "u64", "u64"], returns: "i32" },
  });
  return {
    syscall: (number, a = 0, b = 0, c = 0, d = 0, e = 0) => Number(symbols.syscall(number, a, b, c, d, e)),
    prctl: (option, a = 0, b = 0, c = 0, d = 0) => symbols.prctl(option, a, b, c, d),
    setrlimit: (resource, address) => symbols.setrlimit(resource, address),
    execve: (path, args, env) => symbols.execve(path, args, env),
  };
}

/** Becomes another program with the descriptors 0 to 3 and nothing else of this one. Returns only by throwing. */
export function become(
  libc: Libc,
  command: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): never {
  const texts: Buffer[] = [];
  const list = (items: readonly string[]) => {
    const addresses = new BigUint64Array(items.length + 1);
    for (const [at, item] of items.entries()) {
      const text = Buffer.from(`${item}\0`);
      texts.push(text);
      addresses[at] = BigInt(ptr(text));
    }
    return addresses;
  };
  const args = list(command);
  const variables = list(Object.entries(env).map(([name, value]) => `${name}=${value ?? ""}`));
  libc.syscall(closeRange, 4, 0xffff_ffff, closeOnExec);
  libc.execve(Number(args[0]), ptr(args), ptr(variables));
  throw new Error(`${command[0]} cannot be run`);
}

const closeRange = 436;
const closeOnExec = 4;
