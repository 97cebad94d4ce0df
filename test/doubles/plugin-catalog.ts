import { PluginCatalog } from "../../src/plugins/catalog/catalog.ts";
import { CollectingLogger } from "./delivery.ts";

/** A catalog of this folder; without an interpreter unless one is named. */
export function catalogOf(
  folder: string,
  python?: string,
): { readonly catalog: PluginCatalog; readonly log: CollectingLogger } {
  const log = new CollectingLogger();
  return { catalog: new PluginCatalog({ folder, log, python: () => python, builtIn: ["echo"] }), log };
}

/** The bytes as an upload brings them, piece by piece. */
export async function* streamOf(bytes: Uint8Array, pieceBytes = 10_000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
}
