import { exitCode, type Terminal } from "./terminal.ts";

const minLength = 12;

/** `roost hash-password`: reads a password from stdin and prints the hash for `admin.password_hash` (argon2id, OWASP's first choice). */
export async function hashPassword(input: ReadableStream<Uint8Array>, terminal: Terminal): Promise<number> {
  if (terminal.isTerminal) terminal.err("Type the password and press Enter; it is shown as you type.");
  let text = "";
  const decoder = new TextDecoder();
  for await (const chunk of input) {
    text += decoder.decode(chunk, { stream: true });
    if (text.includes("\n")) break;
  }
  const password = text.split(/\r?\n/, 1)[0] ?? "";
  if (password.length < minLength) {
    terminal.err(`A password needs at least ${minLength} characters. Nothing was printed; try a longer one.`);
    return exitCode.problem;
  }
  terminal.out(await Bun.password.hash(password, { algorithm: "argon2id", memoryCost: 19_456, timeCost: 2 }));
  return exitCode.fine;
}
