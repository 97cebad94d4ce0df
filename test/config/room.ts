import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { z } from "zod";
import { checkSettings, settingsSchemaOf } from "../../src/config/issues.ts";
import { loadConfig } from "../../src/config/load.ts";
import type { PluginSettings } from "../../src/config/plugins.ts";
import { formatProblem, type LoadedConfig, type Problem } from "../../src/core/config.ts";
import { secretSetting } from "../../src/core/plugin.ts";

const settings = z.strictObject({
  carousel: z.enum(["thread", "single"]).default("thread"),
  limit: z.number().int().max(10).optional(),
  names: z.array(z.string()).optional(),
  proxy: z.string().optional(),
  key: secretSetting().optional(),
  servers: z.array(z.strictObject({ url: z.string(), upstream: secretSetting() })).optional(),
  keys: z.record(z.string(), secretSetting()).optional(),
  token: secretSetting().optional().meta({ default: "CHANGEME" }),
  projects: z.record(z.string(), z.strictObject({ name: z.string() })).optional(),
});

/** Two plugins with one schema; each answers to its name as a command. */
export const plugins: PluginSettings = {
  names: () => ["instagram", "echo"],
  find: (name) =>
    name === "instagram" || name === "echo"
      ? {
          schema: settingsSchemaOf(settings),
          check: (config) => checkSettings(settings, config),
          answersTo: (prefix) => [`${prefix}${name}`],
        }
      : undefined,
};

/** A folder of config files that is gone at the end of the block. */
export class Folder {
  readonly path = mkdtempSync(join(tmpdir(), "roost-config-"));

  write(name: string, content: string | Uint8Array, mode = 0o600): string {
    const file = join(this.path, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content, { mode });
    return file;
  }
  /** Writes the text as the main file and loads it. */
  load(text: string | Uint8Array, env: Record<string, string> = {}): LoadedConfig {
    return loadConfig(this.write("config.yaml", text), { env, plugins });
  }
  reload(env: Record<string, string> = {}): LoadedConfig {
    return loadConfig(join(this.path, "config.yaml"), { env, plugins });
  }
  /** `config.yaml:3:5 path: message (hint)`, without the folder and the excerpt. */
  sentences({ problems }: { readonly problems: readonly Problem[] }): string[] {
    return problems.map((problem) =>
      formatProblem({ ...problem, excerpt: undefined }).replaceAll(`${this.path}/`, ""),
    );
  }
  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

export const head = 'homeserver: { url: https://m.example.org }\naccounts:\n  "@a:example.org":\n';
/** A config with one instance, whose further lines begin on line 8, indented by four. */
export const instance = (...lines: string[]): string =>
  `${head}instances:\n  insta:\n    plugin: instagram\n    account: "@a:example.org"\n${lines.map((line) => `    ${line}\n`).join("")}`;
