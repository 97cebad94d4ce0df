import { deflateRawSync } from "node:zlib";
import { numbers, type ZipEnd, zip } from "../zip.ts";
import { type Hostile, withEnd, withEntry } from "./base.ts";

const megabyte = 1_000_000;

export function* ends(): Generator<Hostile> {
  const locator = numbers([4, 0x07064b50], [4, 0], [4, 0], [4, 0], [4, 1]);
  const cases: readonly (readonly [string, ZipEnd, RegExp])[] = [
    ["something before it", { before: Buffer.from("#!/bin/sh\n") }, /before its first entry/],
    ["something before the list", { gap: new Uint8Array(9), directoryOffset: 5 }, /not where it says/],
    ["something after it", { after: new Uint8Array(1) }, /after its end/],
    ["a second zip after it", { after: withEnd({}) }, /disagree|not where|damaged/],
    ["a zip64 locator", { locator }, /zip64/],
    ["a zip64 count", { count: 0xffff }, /zip64/],
    ["a zip64 offset", { directoryOffset: 0xffffffff }, /zip64/],
    ["a zip64 size", { directoryBytes: 0xffffffff }, /zip64/],
    ["several disks", { disk: 1 }, /several/],
    ["fewer entries here", { countHere: 1 }, /several/],
    ["no entries", { count: 0 }, /empty/],
    ["one entry too many", { count: 5 }, /damaged at entry 5/],
    ["one entry too few", { count: 3 }, /longer than it says/],
    ["2,001 entries claimed", { count: 2001 }, /2001 entries/],
    ["a list elsewhere", { directoryOffset: 3 }, /not where/],
    ["a shorter list", { directoryBytes: 40 }, /not where/],
    [
      "an end in its comment",
      { comment: "PK\u0005\u0006 and so on, at least as long as an end" },
      /after its end/,
    ],
  ];
  for (const [what, end, says] of cases) yield { what, bytes: withEnd(end), says };
  const whole = withEnd({});
  for (let kept = 0; kept < whole.length; kept += Math.ceil(whole.length / 40)) {
    yield { what: `only ${kept} bytes of it`, bytes: whole.slice(0, kept), says: /cut short|not a zip/ };
  }
  yield { what: "a tar", bytes: new Uint8Array(10_240), says: /not a zip/ };
  yield { what: "a web page", bytes: Buffer.from("<!doctype html><p>Not found"), says: /not a zip/ };
}

export function* bombs(): Generator<Hostile> {
  const zeros = new Uint8Array(20 * megabyte);
  yield { what: "20 MB of zeros", bytes: withEntry({ name: "x", data: zeros }), says: /100 times/ };
  yield {
    what: "20 MB of zeros that claim to be 10 bytes",
    bytes: withEntry({ name: "x", data: zeros, sizeBytes: 10 }),
    says: /more than it says/,
  };
  yield {
    what: "a claim of 49 MB",
    bytes: withEntry({ name: "x", data: "y", sizeBytes: 49 * megabyte }),
    says: /100 times/,
  };
  const noise = crypto.getRandomValues(new Uint8Array(65_536));
  const dense = Buffer.concat(Array.from({ length: 60 }, () => [Buffer.alloc(900_000), noise]).flat());
  yield {
    what: "59 MB below the ratio",
    bytes: withEntry({ name: "x", data: dense, packed: deflateRawSync(dense, { level: 1 }) }),
    says: /MB is the limit/,
  };
  const many = Array.from({ length: 2001 }, (_, index) => ({ name: `f${index}` }));
  yield { what: "2,001 files", bytes: zip(many), says: /2001 entries/ };
  const pages = Array.from({ length: 1900 }, (_, index) => ({
    name: `f${index}`,
    data: zeros.subarray(0, 65_000),
  }));
  yield { what: "1,900 small bombs", bytes: withEntry(...pages), says: /MB is the limit/ };
  yield {
    what: "less than it claims",
    bytes: withEntry({ name: "x", data: "y", sizeBytes: 20, method: 8, packed: deflateRawSync("y") }),
    says: /less than it says/,
  };
}

export function* damage(): Generator<Hostile> {
  const data = "words and more words\n".repeat(40);
  const packed = deflateRawSync(data);
  yield { what: "a wrong checksum", bytes: withEntry({ name: "x", data, crc32: 7 }), says: /checksum/ };
  yield {
    what: "a wrong checksum, uncompressed",
    bytes: withEntry({ name: "x", data, deflate: false, crc32: 7 }),
    says: /checksum/,
  };
  for (const kept of [0, 1, 5, packed.length - 2]) {
    yield {
      what: `${kept} bytes of packed data`,
      bytes: withEntry({ name: "x", data, packed: packed.subarray(0, kept) }),
      says: /damaged|less than/,
    };
  }
  for (const byte of [0x06, 0x07, 0xff]) {
    yield {
      what: `packed data of ${byte}`,
      bytes: withEntry({ name: "x", data, packed: new Uint8Array(20).fill(byte) }),
      says: /damaged|less than/,
    };
  }
}
