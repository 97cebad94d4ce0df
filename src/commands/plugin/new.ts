import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { gunzipSync } from "node:zlib";
import { builtInLoaders } from "../../bots/index.ts";
import { packAuthorFolder } from "../../plugins/author/author-folder.ts" with { type: "macro" };
import { exitCode, type Terminal } from "../terminal.ts";
import type { PluginOptions } from "./plugin.ts";
import { templateOf } from "./template.ts";

/** `roost plugin new NAME`: a plugin that works, with a test that passes, in a new folder. */
export async function create(
  id: string | undefined,
  { json }: PluginOptions,
  terminal: Terminal,
): Promise<number> {
  if (id === undefined || !/^[A-Za-z][A-Za-z0-9]*(?:[._-][A-Za-z0-9]+)*$/.test(id)) {
    terminal.err(
      "Give it a name such as hello or org.example.hello: letters and digits, joined by . _ or -. See: roost plugin --help",
    );
    return exitCode.usage;
  }
  if (builtInLoaders.has(id.toLowerCase())) {
    terminal.err(`${id} is built into Roost. Choose another name.`);
    return exitCode.problem;
  }
  if (existsSync(id)) {
    terminal.err(`${id} is there already. Choose another name, or remove it.`);
    return exitCode.problem;
  }
  const module = (id.split(".").at(-1) ?? id).replace(/^(?=\d)/, "_");
  writeAll(id, templateOf(id, module));
  writeAll(join(id, "roost"), authorFolder());
  if (json) terminal.out(JSON.stringify({ id, folder: id, module: `${module}.ts` }));
  else
    terminal.out(
      `${id}/${module}.ts answers !hello. Try it in a room of its own: roost plugin dev ${id}\nRun its test: roost plugin test ${id}. Pack it: roost plugin build ${id}`,
    );
  return exitCode.fine;
}

function authorFolder(): Readonly<Record<string, string>> {
  // Only Roost's own build made it.
  return JSON.parse(gunzipSync(Buffer.from(packAuthorFolder(), "base64")).toString()) as Record<
    string,
    string
  >;
}

function writeAll(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
}
