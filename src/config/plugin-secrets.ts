import { isObject, type Json, type JsonObject } from "../core/json.ts";
import type { ConfigFile } from "./file.ts";
import type { Path } from "./finding.ts";
import { isDefaultAt, isWriteOnlyAt, writeOnlyNames } from "./json-schema.ts";
import type { PluginSettings } from "./plugins.ts";
import { secretSchema, secretSentence } from "./schema.ts";
import type { SecretReader } from "./secrets.ts";

/** The names under which any plugin keeps secrets. */
export function pluginSecretNames(plugins: PluginSettings): ReadonlySet<string | undefined> {
  const schemas = plugins.names().map((name) => plugins.find(name)?.schema);
  return new Set(schemas.flatMap((schema) => (schema === undefined ? [] : [...writeOnlyNames(schema)])));
}

/**
 * A plugin's settings with their secrets in plain text, as the plugin gets them. What cannot be read is reported at its place in
 * the file, which lies at `path`.
 */
export function resolveSecrets(
  config: JsonObject,
  schema: JsonObject | undefined,
  at: { readonly file: ConfigFile; readonly path: Path; readonly secrets: SecretReader },
): JsonObject {
  if (schema === undefined || writeOnlyNames(schema).size === 0) return config;
  const visit = (value: Json | undefined, inner: Path): Json | undefined => {
    if (value !== undefined && value !== null && isWriteOnlyAt(schema, inner)) {
      if (isDefaultAt(schema, inner, value)) return value;
      return readSecret(value, [...at.path, ...inner], at);
    }
    if (Array.isArray(value)) return value.map((item, index) => visit(item, [...inner, index]) ?? null);
    if (!isObject(value)) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, visit(item, [...inner, key])]),
    );
  };
  const resolved = visit(config, []);
  return isObject(resolved) ? resolved : config;
}

function readSecret(
  value: Json,
  path: Path,
  { file, secrets }: { readonly file: ConfigFile; readonly secrets: SecretReader },
): Json {
  const setting = secretSchema.safeParse(value);
  // Anything else is left for the plugin's own schema to refuse, which a mapping is sure to meet.
  if (!setting.success) {
    if (typeof value === "object") file.report({ path, message: secretSentence });
    return value;
  }
  const found = secrets.read(file, path, setting.data);
  return found !== undefined && "secret" in found ? found.secret.reveal() : value;
}
