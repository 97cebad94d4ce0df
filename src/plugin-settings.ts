import { builtInPlugins } from "./bots/index.ts";
import type { JsonObject } from "./core/json.ts";

type Checked =
  | { readonly value: JsonObject }
  | { readonly issues: readonly { readonly path: (string | number)[]; readonly message: string }[] };

/** What the config needs to know of the plugins: their names, whether settings fit, and what each answers to. */
export const pluginSettings = {
  names: (): string[] => [...builtInPlugins.keys()],
  find: (name: string) => {
    const plugin = builtInPlugins.get(name);
    if (plugin === undefined) return undefined;
    return {
      check: (config: unknown): Checked => {
        const result = plugin.config.safeParse(config);
        if (result.success) return { value: result.data as JsonObject };
        const issues = result.error.issues.map(({ path, message }) => ({
          path: path.map((part) => (typeof part === "symbol" ? String(part) : part)),
          message,
        }));
        return { issues };
      },
      answersTo: (prefix: string) => plugin.answersTo(prefix),
    };
  },
};
