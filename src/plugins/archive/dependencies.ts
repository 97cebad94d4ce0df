import type { PluginDependency } from "../../core/plugin-info.ts";
import type { PythonReport } from "./dependencies-python.ts";
import { quote, refuse } from "./refusal.ts";

/** Import names that the Python runtime brings itself or through maubot's own requirements: no plugin has to declare them. */
export const platformModules: readonly string[] = [
  ...["maubot", "mautrix", "aiohttp", "yarl", "multidict", "attr", "attrs", "ruamel", "aiosqlite", "asyncpg"],
  ...[
    "commonmark",
    "jinja2",
    "packaging",
    "bcrypt",
    "click",
    "colorama",
    "questionary",
    "setuptools",
    "pkg_resources",
  ],
];

/** What to install for an import name, where the two differ or the newest version would not do. */
const distributions: { readonly [importName: string]: string } = {
  bs4: "beautifulsoup4",
  Crypto: "pycryptodome",
  cv2: "opencv-python-headless",
  dateutil: "python-dateutil",
  dotenv: "python-dotenv",
  github: "PyGithub",
  gitlab: "python-gitlab",
  google: "google-api-python-client",
  ldap: "python-ldap",
  magic: "python-magic",
  nio: "matrix-nio",
  OpenSSL: "pyOpenSSL",
  PIL: "pillow",
  serial: "pyserial",
  sklearn: "scikit-learn",
  slugify: "python-slugify",
  // maubot's plugin databases are written for the API of 1.3.
  sqlalchemy: "sqlalchemy<1.4",
  telegram: "python-telegram-bot",
  yaml: "pyyaml",
};

/**
 * What a Python plugin needs, declared and imported, and what of it is there. An import that a declared requirement brings is
 * not listed again.
 *
 * @throws RoostError `plugin-refused` when a declared requirement is none.
 */
export function listDependencies(python: string, report: PythonReport): PluginDependency[] {
  const broken = report.requirements.find(({ fault, isRequired }) => fault !== null && isRequired);
  if (broken !== undefined) {
    refuse(
      `dependencies in maubot.yaml holds ${quote(broken.name)}, which is no requirement: ${broken.fault}. Write it like "pillow>=10".`,
    );
  }
  const imported = report.imports.map(({ name, distribution, found, isRequired }) => {
    const known = Object.hasOwn(distributions, name) ? distributions[name] : undefined;
    const [plain = name, wanted = ""] = (known ?? name).split(/(?=[<=>])/);
    const remedy = found === null ? installCommand(python, plain + wanted) : undefined;
    return { name: distribution ?? plain, wanted: "", found: found ?? undefined, isRequired, remedy };
  });
  const unavoidable = new Set(
    imported.filter(({ isRequired }) => isRequired).map(({ name }) => canonical(name)),
  );
  const declared = report.requirements
    .filter(({ name, fault }) => fault === null && canonical(name) !== "maubot")
    .map(({ name, wanted, found, isMet, isRequired }) => ({
      name,
      wanted,
      found: found ?? undefined,
      // Whatever its author hoped: what is imported in any case is missed in any case.
      isRequired: isRequired || unavoidable.has(canonical(name)),
      remedy: isMet ? undefined : installCommand(python, name + wanted),
    }));
  const listed = new Set(declared.map(({ name }) => canonical(name)));
  return [...declared, ...imported.filter(({ name }) => !listed.has(canonical(name)))];
}

/** Why the plugin cannot run, when something it cannot do without is missing. */
export function obstacleOf(dependencies: readonly PluginDependency[]): string | undefined {
  const missing = dependencies.filter(({ isRequired, remedy }) => isRequired && remedy !== undefined);
  if (missing.length === 0) return undefined;
  return `It needs ${missing.map(describe).join(" and ")}. Install with: ${missing.map(({ remedy }) => remedy).join(" && ")}`;
}

/** One warning for each thing it would like to have and does not. */
export function softWarnings(dependencies: readonly PluginDependency[]): string[] {
  return dependencies
    .filter(({ isRequired, remedy }) => !isRequired && remedy !== undefined)
    .map((missing) => `It can do more with ${describe(missing)}. Install with: ${missing.remedy}`);
}

function describe({ name, wanted, found }: PluginDependency): string {
  const state = found === undefined ? "which is not installed" : `but ${found} is installed`;
  return `the Python package ${name}${wanted} (${state})`;
}

function installCommand(python: string, requirement: string): string {
  return [python, "-m", "pip", "install", requirement]
    .map((word) => (/^[\w./:@%+=-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`))
    .join(" ");
}

/** Names of distributions are equal but for case and `-`, `_`, `.` (PEP 503). */
function canonical(name: string): string {
  return name.toLowerCase().replace(/[-_.]+/g, "-");
}
