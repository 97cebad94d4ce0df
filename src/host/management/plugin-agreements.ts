import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { z } from "zod";
import { RoostError, sentenceOf } from "../../core/error.ts";
import type { Permissions } from "../../plugins/archive/manifest.ts";

const schema = z.record(z.string(), z.object({ network: z.union([z.boolean(), z.array(z.string())]) }));

/** Which permissions an admin has agreed to for each plugin: a file beside the archives, read at each question. */
export class PluginAgreements {
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
  }

  /** Whether all that is asked for was agreed to; a plugin that asks for nothing needs no agreement. */
  covers(id: string, { network }: Permissions): boolean {
    const agreed = this.#read()[id]?.network ?? false;
    if (network === false || agreed === true) return true;
    return Array.isArray(agreed) && Array.isArray(network) && network.every((host) => agreed.includes(host));
  }

  /** @throws RoostError `internal` when it cannot be written down. */
  agree(id: string, { network }: Permissions): void {
    try {
      mkdirSync(dirname(this.#file), { recursive: true, mode: 0o700 });
      const temporary = `${this.#file}.new`;
      writeFileSync(temporary, `${JSON.stringify({ ...this.#read(), [id]: { network } }, undefined, 2)}\n`);
      renameSync(temporary, this.#file);
    } catch (cause) {
      const sentence = `What was agreed could not be written to ${this.#file}: ${sentenceOf(cause)}. Check that it belongs to Roost's user.`;
      throw new RoostError("internal", sentence, { cause });
    }
  }

  /** Without a file that can be read, nothing was agreed. */
  #read(): z.output<typeof schema> {
    try {
      return schema.parse(JSON.parse(readFileSync(this.#file, "utf8")));
    } catch {
      return {};
    }
  }
}

/** What a plugin asks for, as the end of a sentence; undefined when it asks for nothing. */
export function askedFor({ network }: Permissions): string | undefined {
  if (network === false) return undefined;
  return network === true ? "to open connections anywhere" : `to reach ${network.join(", ")}`;
}
