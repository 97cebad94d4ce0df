/** Becomes the program that its arguments name, on a kernel that seems to have no Landlock. */
import { ptr } from "bun:ffi";
import { become, openLibc } from "../../src/plugins/confinement/libc.ts";

const createRuleset = 444;
const [load, ifEqual, answer] = [0x20, 0x15, 0x06];
const [noSuchCall, allowed] = [0x0005_0000 | 38, 0x7fff_0000];
const program = [
  [load, 0, 0, 0],
  [ifEqual, 0, 1, createRuleset],
  [answer, 0, 0, noSuchCall],
  [answer, 0, 0, allowed],
] as const;

const instructions = new DataView(new ArrayBuffer(program.length * 8));
for (const [at, [code, whenTrue, whenFalse, value]] of program.entries()) {
  instructions.setUint16(at * 8, code, true);
  instructions.setUint8(at * 8 + 2, whenTrue);
  instructions.setUint8(at * 8 + 3, whenFalse);
  instructions.setUint32(at * 8 + 4, value, true);
}
const head = new BigUint64Array([BigInt(program.length), BigInt(ptr(instructions))]);
const libc = openLibc();
libc.prctl(38, 1);
if (libc.prctl(22, 2, ptr(head)) !== 0) throw new Error("seccomp refused the filter");
become(libc, process.argv.slice(2), process.env);
