import { dlopen, FFIType } from "bun:ffi";
import { RoostError } from "../core/error.ts";

const unixFamily = 1;
const datagram = 2;
const closeOnExec = 0o2000000;
/** A full socket must not hold up the bots, nor one that was closed end them. */
const sendFlags = 0x40 /* MSG_DONTWAIT */ | 0x4000; /* MSG_NOSIGNAL */
const longestPath = 107;

const libc = {
  socket: { args: [FFIType.i32, FFIType.i32, FFIType.i32], returns: FFIType.i32 },
  sendto: {
    args: [FFIType.i32, FFIType.ptr, FFIType.u64, FFIType.i32, FFIType.ptr, FFIType.u32],
    returns: FFIType.i64,
  },
  close: { args: [FFIType.i32], returns: FFIType.i32 },
} as const;

/**
 * The way to the service manager, systemd's sd_notify(3): lines such as `READY=1` in one datagram to the socket that $NOTIFY_SOCKET
 * names (`@` begins an abstract one). Neither Node nor Bun speaks Unix datagrams, so it asks the C library.
 */
export class NotifySocket {
  readonly #address: Uint8Array;
  readonly #path: string;
  #open: { readonly library: ReturnType<typeof dlopen<typeof libc>>; readonly fd: number } | undefined;

  constructor(path: string) {
    this.#path = path;
    const bytes = Buffer.from(path);
    if (bytes[0] === 0x40) bytes[0] = 0;
    this.#address = Buffer.concat([Buffer.from(new Uint16Array([unixFamily]).buffer), bytes]);
  }

  /** Throws RoostError `internal`: a unit with a watchdog would be killed again and again if this were passed over. */
  open(): void {
    try {
      if (Buffer.byteLength(this.#path) > longestPath) throw new Error("the path is too long");
      const library = dlopen("libc.so.6", libc);
      const fd = library.symbols.socket(unixFamily, datagram | closeOnExec, 0);
      if (fd < 0) throw new Error("no socket could be made");
      this.#open = { library, fd };
    } catch (cause) {
      throw new RoostError(
        "internal",
        `The service manager's socket ${this.#path} cannot be used. Use Type=exec and no WatchdogSec= in the unit, or unset NOTIFY_SOCKET`,
        { cause },
      );
    }
  }

  /** Whether the service manager has taken it. */
  send(...lines: readonly string[]): boolean {
    if (this.#open === undefined) return false;
    const { library, fd } = this.#open;
    const text = Buffer.from(lines.join("\n"));
    const { byteLength } = this.#address;
    return (
      Number(library.symbols.sendto(fd, text, text.length, sendFlags, this.#address, byteLength)) ===
      text.length
    );
  }

  close(): void {
    this.#open?.library.symbols.close(this.#open.fd);
    this.#open?.library.close();
    this.#open = undefined;
  }
}
