/**
 * Keeps the house's walls (ARCHITECTURE.md): a folder under src/ is a room, and imports core, itself and packages only; the
 * files directly under src/, in src/commands and in src/host bring rooms together, and host knows no command. No import cycles, one home for the Matrix SDK, files one can read at a sitting.
 */
import { readFileSync } from "node:fs";
import { dirname, extname, join, normalize, relative } from "node:path";

export interface Finding {
  /** Relative to the root. */
  readonly file: string;
  readonly line: number;
  readonly sentence: string;
}

interface Import {
  readonly line: number;
  readonly specifier: string;
  /** Kept at run time, so it can close a cycle. */
  readonly value: boolean;
  /** The file meant, relative to the root; undefined for packages. */
  readonly target: string | undefined;
}

interface Source {
  readonly file: string;
  readonly lineCount: number;
  readonly imports: readonly Import[];
}

const maxLines = 300;
const code = "**/*.{ts,tsx,js,mjs,py,css,html,sql}";
/** `import`/`export ... from` and bare imports at the start of a line, and `import(...)` anywhere. */
const importPattern =
  /^(?:import|export)\b(\s+type\b)?(?:[^"'`;]*?\bfrom)?\s*["']([^"'\n]+)["']|\bimport\(\s*["']([^"'\n]+)["']/gm;

/** Every broken rule in `root`/src, in the order of files and lines. */
export function checkRooms(root: string): Finding[] {
  const files = [...new Bun.Glob(code).scanSync(join(root, "src"))].map((file) => join("src", file)).sort();
  const sources = files.map((file) => readSource(root, file));
  return [
    ...sources.flatMap((source) => [...checkLength(source), ...checkImports(source, new Set(files))]),
    ...findCycles(sources),
  ];
}

function readSource(root: string, file: string): Source {
  const text = readFileSync(join(root, file), "utf8");
  const imports = /\.tsx?$/.test(file) ? [...text.matchAll(importPattern)] : [];
  return {
    file,
    lineCount: text.trimEnd().split("\n").length,
    imports: imports.map((match) => {
      const specifier = match[2] ?? match[3] ?? "";
      return {
        line: text.slice(0, match.index).split("\n").length,
        specifier,
        value: match[1] === undefined,
        target: specifier.startsWith(".") ? normalize(join(dirname(file), specifier)) : undefined,
      };
    }),
  };
}

function checkLength({ file, lineCount }: Source): Finding[] {
  if (lineCount <= maxLines) return [];
  const sentence = `the file has ${lineCount} lines; ${maxLines} is the limit, so give one of its parts a file of its own`;
  return [{ file, line: maxLines + 1, sentence }];
}

function checkImports(source: Source, files: ReadonlySet<string>): Finding[] {
  return source.imports.flatMap((found) => {
    const sentence = faultOf(source.file, found, files);
    return sentence === undefined ? [] : [{ file: source.file, line: found.line, sentence }];
  });
}

function faultOf(
  file: string,
  { specifier, target }: Import,
  files: ReadonlySet<string>,
): string | undefined {
  const room = roomOf(file);
  if (target === undefined) {
    const isSdk = /^matrix-bot-sdk(\/|$)/.test(specifier);
    return isSdk && room !== "matrix" ? "matrix-bot-sdk is imported in src/matrix only" : undefined;
  }
  if (extname(target) === "" || files.has(`${target}.ts`))
    return `"${specifier}" lacks its ending; write "${specifier}.ts"`;
  if (file.startsWith("src/host/") && target.startsWith("src/commands/"))
    return `host imports ${target}; commands use the host, never the other way round`;
  if (room === undefined) return undefined;
  if (!target.startsWith("src/")) return `room ${room} imports "${specifier}" from outside src`;
  const other = roomOf(target);
  if (other === room || other === "core") return undefined;
  return other === undefined
    ? `room ${room} imports ${target}; only main, commands and host see the whole house`
    : `room ${room} imports room ${other}; let app hand over what it needs as a type of core`;
}

/** Folders whose files introduce the rooms to each other. */
const composing = new Set(["commands", "host"]);

/** The room that holds the file; undefined for the files that compose. */
function roomOf(file: string): string | undefined {
  const parts = file.split("/");
  const folder = parts.length > 2 ? parts[1] : undefined;
  return folder !== undefined && composing.has(folder) ? undefined : folder;
}

/** One finding for each import that leads back to a file on the way to it. */
function findCycles(sources: readonly Source[]): Finding[] {
  const byFile = new Map(sources.map((source) => [source.file, source]));
  const visited = new Set<string>();
  const findings: Finding[] = [];
  const walk = (source: Source, path: readonly string[]): void => {
    visited.add(source.file);
    const here = [...path, source.file];
    for (const { target, value, line } of source.imports) {
      const next = target === undefined || !value ? undefined : byFile.get(target);
      if (next === undefined) continue;
      const start = here.indexOf(next.file);
      if (start >= 0) {
        const circle = [...here.slice(start), next.file].join(" -> ");
        findings.push({ file: source.file, line, sentence: `this import closes a circle: ${circle}` });
      } else if (!visited.has(next.file)) {
        walk(next, here);
      }
    }
  };
  for (const source of sources) if (!visited.has(source.file)) walk(source, []);
  return findings;
}

if (import.meta.main) {
  const root = dirname(import.meta.dir);
  const findings = checkRooms(root);
  for (const { file, line, sentence } of findings) {
    console.error(`${relative(process.cwd(), join(root, file))}:${line}: ${sentence}`);
  }
  process.exit(findings.length === 0 ? 0 : 1);
}
