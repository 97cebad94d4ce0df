import { pluginLimits, quote, refuse } from "./refusal.ts";

/** The name of an entry; refused unless every reader of zip archives decodes it alike. */
export function decodeName(bytes: Uint8Array, isUtf8: boolean): string {
  let name: string;
  try {
    name = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    const shown = quote(new TextDecoder("latin1").decode(bytes));
    return refuse(
      `The name of the entry ${shown} is not UTF-8. Rename the file with plain letters and pack again.`,
    );
  }
  if (!isUtf8 && bytes.some((byte) => byte > 0x7f)) {
    refuse(
      `The name of the entry ${quote(name)} is not marked as UTF-8. Rename the file with plain letters, or pack with \`mbc build\`.`,
    );
  }
  return name;
}

/** Refuses a name that could lead out of the folder it is unpacked into, or that systems read differently. */
export function checkName(name: string): void {
  const reason = faultOf(name);
  if (reason !== undefined) {
    refuse(`The entry ${quote(name)} ${reason}. Pack the plugin again with plain relative names.`);
  }
}

function faultOf(name: string): string | undefined {
  if (name === "" || name === "/") return "has no name";
  if (Buffer.byteLength(name) > pluginLimits.nameBytes) {
    return `has a name of more than ${pluginLimits.nameBytes} bytes`;
  }
  if (name.includes("\0")) return "has a NUL character in its name";
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (/[\u0001-\u001f\u007f-\u009f]/.test(name)) return "has a control character in its name";
  if (name.includes("\\")) return "has a backslash in its name";
  if (name.startsWith("/")) return "has an absolute name";
  if (/^[A-Za-z]:/.test(name)) return "begins with a drive letter";
  const parts = name.replace(/\/$/, "").split("/");
  if (parts.includes("..")) return 'leads out of the archive with ".."';
  if (parts.includes(".") || parts.includes("")) return "has an empty part in its name";
  if (parts.some((part) => Buffer.byteLength(part) > 255))
    return "has a part of more than 255 bytes in its name";
  return undefined;
}

/**
 * Refuses names that are the same file somewhere: twice the same, the same but for letter case or the way accents are written,
 * or a file where another entry needs a folder. Folders end with `/`.
 */
export function checkClashes(names: readonly string[]): void {
  const files = new Set<string>();
  const spellings = new Map<string, string>();
  const folders = new Set<string>();
  for (const name of names) {
    if (files.has(name)) refuse(`The entry ${quote(name)} is there twice. Pack the plugin again.`);
    files.add(name);
    const parts = name.replace(/\/$/, "").split("/");
    for (let depth = 1; depth <= parts.length; depth++) {
      const path = parts.slice(0, depth).join("/");
      const folded = path.normalize("NFKC").toLowerCase().normalize("NFKC");
      const spelling = spellings.get(folded);
      if (spelling !== undefined && spelling !== path) {
        refuse(
          `The entries ${quote(spelling)} and ${quote(path)} differ only in letter case or accents. Rename one of them and pack again.`,
        );
      }
      spellings.set(folded, path);
      if (depth < parts.length || name.endsWith("/")) folders.add(path);
    }
  }
  for (const folder of folders) {
    if (files.has(folder))
      refuse(`The entry ${quote(folder)} is a file and a folder at once. Pack the plugin again.`);
  }
}
