import type { ZipEntry } from "../zip.ts";
import { numbers, zip } from "../zip.ts";
import { type Hostile, withEntry } from "./base.ts";

export function* kinds(): Generator<Hostile> {
  const types = {
    link: 0o120777,
    socket: 0o140755,
    block: 0o060644,
    character: 0o020644,
    fifo: 0o010644,
    door: 0o150644,
  };
  for (const [kind, mode] of Object.entries(types)) {
    for (const madeBy of [(3 << 8) | 20, (19 << 8) | 20, 20]) {
      const says = kind === "link" ? /symbolic link/ : /device/;
      yield {
        what: `a ${kind} of system ${madeBy >> 8}`,
        bytes: withEntry({ name: "x", data: "/etc/passwd", mode, madeBy }),
        says,
      };
    }
  }
  yield {
    what: "a folder that is no folder by name",
    bytes: withEntry({ name: "x", mode: 0o40755 }),
    says: /device/,
  };
  yield {
    what: "a folder with contents",
    bytes: withEntry({ name: "x/", data: "y", mode: 0o40755 }),
    says: /contents/,
  };
  for (const flags of [1, 0x41, 0x40, 0x2000, 0x2001]) {
    yield {
      what: `the flags ${flags}`,
      bytes: withEntry({ name: "x", data: "y", flags }),
      says: /encrypted/,
    };
  }
  yield { what: "AES", bytes: withEntry({ name: "x", data: "y", method: 99 }), says: /encrypted/ };
  for (const method of [1, 6, 9, 12, 14, 93, 95, 98, 0xffff]) {
    yield {
      what: `the method ${method}`,
      bytes: withEntry({ name: "x", data: "y", method }),
      says: /does not read/,
    };
  }
  const extras = { 1: /zip64/, 28789: /second name/, 39169: /encrypted/ };
  for (const [id, says] of Object.entries(extras)) {
    const extra = numbers([2, Number(id)], [2, 4], [4, 0]);
    yield { what: `the extra field ${id}`, bytes: withEntry({ name: "x", data: "y", extra }), says };
    yield {
      what: `the local extra field ${id}`,
      bytes: withEntry({ name: "x", data: "y", local: { extra } }),
      says,
    };
  }
}

export function* headers(): Generator<Hostile> {
  const local: Readonly<Record<string, ZipEntry["local"]>> = {
    name: { name: "y" },
    "longer name": { name: "xx" },
    method: { method: 0 },
    flags: { flags: 0x800 },
    encryption: { flags: 1 },
    checksum: { crc32: 1 },
    size: { sizeBytes: 1 },
    "packed size": { packedBytes: 1 },
    signature: { signature: 0x04034b51 },
    "descriptor flag": { flags: 8 },
  };
  for (const [what, header] of Object.entries(local)) {
    yield {
      what: `a local header with another ${what}`,
      bytes: withEntry({ name: "x", data: "y".repeat(99), local: header ?? {} }),
      says: /damaged/,
    };
  }
  yield {
    what: "a wrong descriptor",
    bytes: withEntry({ name: "x", data: "y", descriptor: "wrong" }),
    says: /damaged/,
  };
  yield {
    what: "a descriptor flag without one",
    bytes: withEntry({ name: "x", data: "y", flags: 8 }),
    says: /damaged/,
  };
  for (const offset of [1, 29, 100_000, 0x7fffffff, 0xfffffffe]) {
    yield {
      what: `a header at ${offset}`,
      bytes: withEntry({ name: "x", data: "y", offset }),
      says: /damaged/,
    };
  }
  yield {
    what: "a header at the zip64 mark",
    bytes: withEntry({ name: "x", data: "y", offset: 0xffffffff }),
    says: /zip64/,
  };
  yield {
    what: "an entry on another disk",
    bytes: withEntry({ name: "x", data: "y", disk: 1 }),
    says: /disk/,
  };
  yield {
    what: "an uncompressed entry of two sizes",
    bytes: withEntry({ name: "x", data: "y", deflate: false, sizeBytes: 2 }),
    says: /two sizes/,
  };
  const twin = { name: "x", data: "y".repeat(50) };
  const offset = zip([twin]).length;
  yield {
    what: "overlapping entries",
    bytes: zip([twin, { ...twin, name: "z", offset: 0, local: { name: "x" } }]),
    says: /damaged|overlap/,
  };
  yield { what: "an entry inside another", bytes: overlapping(), says: /overlap/ };
  for (const size of [offset, 1_000_000, 0xfffffffe]) {
    yield {
      what: `${size} packed bytes`,
      bytes: withEntry({ name: "x", data: "y", packedBytes: size }),
      says: /cut short/,
    };
  }
  yield {
    what: "a packed size of zip64",
    bytes: withEntry({ name: "x", data: "y", packedBytes: 0xffffffff }),
    says: /zip64/,
  };
  yield {
    what: "a size of zip64",
    bytes: withEntry({ name: "x", data: "y", sizeBytes: 0xffffffff }),
    says: /zip64/,
  };
}

/** Two entries, the second of which is stored inside the data of the first. */
function overlapping(): Uint8Array {
  const inner = { name: "b", data: "inner", deflate: false };
  const packed = zip([inner]);
  const body = packed.subarray(0, 30 + 1 + 5);
  return zip([
    { name: "a", data: body, deflate: false },
    { ...inner, offset: 31 },
  ]).slice();
}
