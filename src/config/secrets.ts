import { dirname } from "node:path";
import { Secret, type SecretValue } from "../core/secret.ts";
import { secretFileOf } from "./credentials.ts";
import type { ConfigFile } from "./file.ts";
import type { Path } from "./finding.ts";
import type { SecretSetting } from "./schema.ts";
import { readText, type Texts } from "./text.ts";

const maxBytes = 64 * 1024;
/** `/run/secrets/x`, `./secrets/x`, `~/x`: text of this shape is hardly a secret. */
const pathShape = /^(?:(?:\/[a-z][a-z0-9_-]*){1,}|\.{1,2}|~)(?:\/[\w.-]+)+$/;
const pathWarning = {
  message: "looks like a path, but is taken as the secret itself",
  hint: "write { file: PATH } to read the secret from a file",
};

/** Reads the secrets that the config asks for, each once, and remembers which and from where. */
export class SecretReader {
  readonly secrets: Secret[] = [];
  readonly files = new Set<string>();
  readonly #env: Readonly<Record<string, string | undefined>>;
  readonly #texts: Texts | undefined;

  /** The texts on disk are another machine's, where the secrets are not: files and variables are not looked for. */
  readonly leftOut: boolean;

  constructor(
    env: Readonly<Record<string, string | undefined>>,
    options: { readonly texts?: Texts | undefined; readonly leftOut?: boolean | undefined } = {},
  ) {
    this.#env = env;
    this.#texts = options.texts;
    this.leftOut = options.leftOut ?? false;
  }

  /** The secret of a setting at a path of a file; one that is missing, or wrongly written, is a problem there. */
  read(file: ConfigFile, path: Path, setting: SecretSetting | undefined): SecretValue | undefined {
    const [wrong] = file.errorsAt(path);
    if (wrong !== undefined) return { missing: `${wrong.path} ${wrong.message}` };
    if (setting === undefined) return undefined;
    if (typeof setting === "string") {
      if (looksLikePath(setting)) file.report({ path, severity: "warning", ...pathWarning });
      return this.#keep(setting);
    }
    if (this.leftOut) return { missing: "secrets are left out" };
    const found = "file" in setting ? this.#readFile(file, path, setting.file) : this.#readEnv(setting.env);
    if ("missing" in found) file.report({ path, message: found.missing });
    return found;
  }

  #readFile(file: ConfigFile, path: Path, name: string): SecretValue {
    const place = secretFileOf(name, dirname(file.name), this.#env);
    if ("missing" in place) return place;
    const secretFile = place.file;
    this.files.add(secretFile);
    const content = readText(secretFile, maxBytes, this.#texts);
    if ("sentence" in content) return { missing: `the secret file ${secretFile} ${content.sentence}` };
    const value = /^[^\r\n]*/.exec(content.text)?.[0] ?? "";
    if (value === "") return { missing: `the secret file ${secretFile} is empty (its first line counts)` };
    if (content.worldReadable) {
      const message = `every user of this machine may read ${secretFile}`;
      file.report({ path, severity: "warning", message, hint: `chmod o= ${secretFile}` });
    }
    return this.#keep(value);
  }

  #readEnv(name: string): SecretValue {
    const value = this.#env[name];
    return value ? this.#keep(value) : { missing: `the environment variable ${name} is not set` };
  }

  #keep(value: string): SecretValue {
    const secret = new Secret(value);
    this.secrets.push(secret);
    // Of an address with a login in it, an error may show the password alone.
    const password = URL.canParse(value) ? new URL(value).password : "";
    if (password !== "") this.secrets.push(new Secret(password));
    return { secret };
  }
}

function looksLikePath(text: string): boolean {
  return text.length <= 4096 && pathShape.test(text);
}

/** The secret itself, for comparing and hashing only. */
export function revealed(value: SecretValue | undefined): string | undefined {
  return value !== undefined && "secret" in value ? value.secret.reveal() : undefined;
}
