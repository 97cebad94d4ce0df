import type { PluginDependency } from "../../core/plugin-info.ts";
import type { PluginFiles } from "./archive.ts";
import { listDependencies, obstacleOf, platformModules, softWarnings } from "./dependencies.ts";
import { askPython, type PythonReport } from "./dependencies-python.ts";
import type { Manifest } from "./manifest.ts";
import { quote, refuse } from "./refusal.ts";

/** What the code of a plugin turned out to be, without a line of it having run. */
export interface CodeReport {
  readonly language: "typescript" | "python";
  /** The file of the main module. */
  readonly mainFile: string;
  readonly dependencies: readonly PluginDependency[];
  /** What makes it answer, with the usual prefix; empty where that cannot be told without running it. */
  readonly answersTo: readonly string[];
  /** Why no instance can run here, as a sentence. */
  readonly obstacle: string | undefined;
  readonly warnings: readonly string[];
}

const endings = {
  python: [".py", "/__init__.py"],
  typescript: [".ts", ".js", ".tsx", ".jsx", ".mjs", ".mts", "/index.ts", "/index.js", "/index.mjs"],
} as const;
const loaders = { ts: "ts", mts: "ts", js: "js", mjs: "js", tsx: "tsx", jsx: "jsx" } as const;
const pythonLimitBytes = 5_000_000;
const scriptLimitBytes = 10_000_000;

/**
 * Checks that every module is there and its code is well-formed, that the main class is where the manifest says, and what it
 * depends on. `python` is the absolute path of the interpreter that would run it; undefined when there is none.
 *
 * @throws RoostError `plugin-refused` naming the module, or the file and line.
 */
export async function checkCode(
  files: PluginFiles,
  manifest: Manifest,
  python: string | undefined,
): Promise<CodeReport> {
  const language =
    manifest.language ?? (fileOf(files, manifest.mainModule, "python") ? "python" : "typescript");
  for (const module of manifest.modules) {
    if (fileOf(files, module, language) === undefined) {
      const places = endings[language].map((ending) => quote(module.replaceAll(".", "/") + ending));
      refuse(
        `modules in maubot.yaml names ${quote(module)}, but none of ${places.join(", ")} is in the plugin. Correct the name or add the file.`,
      );
    }
  }
  const mainFile = fileOf(files, manifest.mainModule, language) ?? "";
  if (language === "python") return checkPython(files, manifest, mainFile, python);
  await checkScripts(files, manifest, mainFile);
  return {
    language,
    mainFile,
    dependencies: [],
    answersTo: manifest.answersTo,
    obstacle: undefined,
    warnings: [],
  };
}

function fileOf(files: PluginFiles, module: string, language: keyof typeof endings): string | undefined {
  const path = module.replaceAll(".", "/");
  return endings[language].map((ending) => path + ending).find((name) => files.names.includes(name));
}

async function checkScripts(files: PluginFiles, manifest: Manifest, mainFile: string): Promise<void> {
  for (const name of files.names) {
    const loader = loaderOf(name);
    if (loader === undefined) continue;
    const source = await readText(files, name);
    const transpiler = new Bun.Transpiler({ loader, target: "bun" });
    try {
      await transpiler.transform(source);
      if (name !== mainFile) continue;
    } catch (error) {
      refuse(
        `${name}${lineOf(error)}: ${quote(messageOf(error))}. Correct it and build the plugin again.`,
        error,
      );
    }
    const { exports } = transpiler.scan(source);
    if (!exports.includes("default") && !exports.includes(manifest.mainClass)) {
      refuse(
        `${name} exports neither a default nor ${quote(manifest.mainClass)}, the main_class. Write \`export default definePlugin(...)\` there.`,
      );
    }
  }
}

function loaderOf(name: string): (typeof loaders)[keyof typeof loaders] | undefined {
  if (name.endsWith(".d.ts")) return undefined;
  const ending = name.slice(name.lastIndexOf(".") + 1);
  return ending in loaders ? loaders[ending as keyof typeof loaders] : undefined;
}

async function readText(files: PluginFiles, name: string): Promise<string> {
  const bytes = await files.read(name);
  if (bytes.byteLength > scriptLimitBytes) {
    refuse(
      `${name} has more than ${scriptLimitBytes / 1e6} MB, which is too much for a program. Leave it out.`,
    );
  }
  return new TextDecoder().decode(bytes);
}

function lineOf(error: unknown): string {
  const position = error instanceof BuildMessage ? error.position : null;
  return position === null ? "" : ` line ${position.line}`;
}

function messageOf(error: unknown): string {
  return error instanceof Error || error instanceof BuildMessage ? error.message : String(error);
}

async function checkPython(
  files: PluginFiles,
  manifest: Manifest,
  mainFile: string,
  python: string | undefined,
): Promise<CodeReport> {
  const unchecked = (reason: string): CodeReport => ({
    language: "python",
    mainFile,
    dependencies: [],
    answersTo: [],
    obstacle: `It is written in Python, and Python is not here: ${reason}. Install Python 3.11 or newer, then run: roost plugin python`,
    warnings: ["Its code and dependencies were not checked, because Python is not here."],
  });
  if (python === undefined) return unchecked("no python3 was found");
  const answer = await askPython(python, {
    sources: await readPython(files),
    modules: manifest.modules,
    mainModule: manifest.mainModule,
    mainClass: manifest.mainClass,
    required: manifest.dependencies,
    soft: manifest.softDependencies,
    platform: platformModules,
  });
  if (answer.kind === "unavailable") return unchecked(answer.reason);
  if (answer.kind === "failed") {
    return refuse(
      `Python could not compile the plugin's code: ${quote(answer.reason)}. Simplify it and build it again.`,
    );
  }
  checkReport(answer.report, manifest, mainFile);
  const dependencies = listDependencies(python, answer.report);
  const obstacle = obstacleOf(dependencies);
  const isUncompared = !answer.report.comparesVersions && dependencies.some(({ wanted }) => wanted !== "");
  const warnings = [
    ...softWarnings(dependencies),
    ...(isUncompared
      ? [
          `Its dependencies were checked by name only: ${python} has no packaging module to compare versions with.`,
        ]
      : []),
  ];
  const answersTo = answer.report.commands.map((name) => `!${name}`);
  return { language: "python", mainFile, dependencies, answersTo, obstacle, warnings };
}

async function readPython(files: PluginFiles): Promise<Map<string, Uint8Array>> {
  const sources = new Map<string, Uint8Array>();
  let totalBytes = 0;
  for (const name of files.names) {
    if (!name.endsWith(".py")) continue;
    const source = await files.read(name);
    totalBytes += source.byteLength;
    if (totalBytes > pythonLimitBytes) {
      refuse(
        `The plugin holds more than ${pythonLimitBytes / 1e6} MB of Python code. Leave out what it does not need.`,
      );
    }
    sources.set(name, source);
  }
  return sources;
}

function checkReport(report: PythonReport, manifest: Manifest, mainFile: string): void {
  const [fault, ...more] = report.faults;
  if (fault !== undefined) {
    const others = more.length === 0 ? "" : ` (and ${more.length} more)`;
    refuse(
      `${fault.file} line ${fault.line}: ${quote(fault.message)}${others}, says Python ${report.version}. Correct it, or if it is written for a newer Python, name that as "python:" in the config.`,
    );
  }
  if (!report.hasMain) {
    refuse(
      `${mainFile} neither defines nor imports ${quote(manifest.mainClass)}, the main_class in maubot.yaml. Correct one of them.`,
    );
  }
}
