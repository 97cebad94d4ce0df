import { z } from "zod";
import { isObject, type JsonObject } from "../core/json.ts";
import { quote } from "./excerpt.ts";
import { type Finding, isPlainName, type Path } from "./finding.ts";
import { keysAt } from "./json-schema.ts";
import { nearest, suggest } from "./suggestion.ts";

const nouns: { readonly [expected: string]: string } = {
  string: "text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  object: 'a mapping (lines of "key: value")',
  record: 'a mapping (lines of "key: value")',
  array: "a list",
};

type KeysOf = (path: Path) => string[];

/** What a schema finds wrong with a value, in words for people. No value is repeated: it may be a secret. */
export function findIssues(schema: z.ZodType, value: unknown): Finding[] {
  const result = schema.safeParse(value);
  if (result.success) return [];
  // Made at the first unknown key only: it takes longer than the check itself.
  let jsonSchema: JsonObject | undefined;
  const keysOf: KeysOf = (path) => {
    jsonSchema ??= settingsSchemaOf(schema);
    return keysAt(jsonSchema, path);
  };
  return result.error.issues.flatMap((issue) => explain(issue, keysOf, value));
}

/** The JSON Schema (draft-07) of what an admin may write. */
export function settingsSchemaOf(schema: z.ZodType): JsonObject {
  const options = { target: "draft-07", io: "input", unrepresentable: "any" } as const;
  return z.record(z.string(), z.json()).parse(z.toJSONSchema(schema, options));
}

/**
 * Checks a plugin's settings against its schema with the same words. `value` is completed with the schema's defaults; the
 * issues' paths begin inside the settings.
 */
export function checkSettings(
  schema: z.ZodType,
  settings: unknown,
): { readonly value: JsonObject } | { readonly issues: readonly Finding[] } {
  const result = schema.safeParse(settings);
  if (!result.success) return { issues: findIssues(schema, settings) };
  if (isObject(result.data)) return { value: result.data };
  return { issues: [{ path: [], message: "this plugin's settings are no mapping: its schema is at fault" }] };
}

function explain(issue: z.core.$ZodIssue, keysOf: KeysOf, root: unknown): Finding[] {
  const path = issue.path.filter((step) => typeof step !== "symbol");
  const found = valueAt(root, path);
  switch (issue.code) {
    case "invalid_type":
      return [
        issue.message.startsWith("Invalid input")
          ? explainType(path, issue.expected, found)
          : { path, message: issue.message },
      ];
    case "unrecognized_keys":
      return issue.keys.map((key) => ({
        path: [...path, key],
        message: isPlainName(key) ? `unknown key ${quote(key)}` : 'unknown key: is a ": " missing?',
        hint: suggest(key, keysOf(path), "known keys"),
        atKey: true,
      }));
    case "invalid_key":
      return [{ path, message: issue.issues[0]?.message ?? "is not a valid name here", atKey: true }];
    case "invalid_union":
      return explainUnion(issue, path, keysOf, root);
    case "invalid_value": {
      const near = typeof found === "string" ? nearest(found, issue.values.map(String)) : undefined;
      const hint = near === undefined ? undefined : `did you mean "${near}"?`;
      return [{ path, message: found === null ? "is empty" : `must be ${issue.values.join(" or ")}`, hint }];
    }
    case "too_small":
      if (found === "") return [{ path, message: "is empty" }];
      return [
        {
          path,
          message: `must ${sizeVerb(issue.origin)} at least ${issue.minimum}${sizeUnit(issue.origin)}`,
        },
      ];
    case "too_big":
      return [
        { path, message: `must ${sizeVerb(issue.origin)} at most ${issue.maximum}${sizeUnit(issue.origin)}` },
      ];
    default:
      return [{ path, message: issue.message }];
  }
}

function explainType(path: Path, expected: string, found: unknown): Finding {
  const noun = nouns[expected] ?? expected;
  if (found === undefined) return { path, message: "is missing" };
  if (found === null) return { path, message: `is empty: it must be ${noun}` };
  const isFraction = typeof found === "number" && !Number.isInteger(found);
  const message = `must be ${noun}, not ${expected === "int" && isFraction ? "a fraction" : describe(found)}`;
  if (expected === "string" && (typeof found === "number" || typeof found === "boolean")) {
    return { path, message: `must be text, but YAML reads this as ${describe(found)}`, quoteIt: true };
  }
  if (expected === "boolean" && typeof found === "string") {
    if (/^(yes|on|y)$/i.test(found)) return { path, message, hint: "write true" };
    if (/^(no|off|n)$/i.test(found)) return { path, message, hint: "write false" };
  }
  if (expected === "number" && typeof found === "string" && /^\d+$/.test(found)) {
    return { path, message, hint: "remove the quotes" };
  }
  if (expected === "array") return { path, message, hint: 'begin each item on a line of its own with "- "' };
  return { path, message };
}

function explainUnion(
  issue: z.core.$ZodIssueInvalidUnion,
  path: Path,
  keysOf: KeysOf,
  root: unknown,
): Finding[] {
  const found = valueAt(root, path);
  if (found === null) return [{ path, message: "is empty" }];
  const items = Array.isArray(found)
    ? issue.errors.find((issues) => issues.every(({ path }) => path.length > 0))
    : undefined;
  if (issue.message !== "Invalid input" && items === undefined) {
    const quoteIt = typeof found === "number" || typeof found === "boolean";
    return [{ path, message: issue.message, ...(quoteIt && { quoteIt }) }];
  }
  // The branch of the right type says it best; without one, all the types are named.
  const branch =
    items ??
    issue.errors.find((issues) =>
      issues.every(({ code, path }) => code !== "invalid_type" || path.length > 0),
    );
  if (branch !== undefined) {
    return branch.flatMap((inner) => explain({ ...inner, path: [...path, ...inner.path] }, keysOf, root));
  }
  const wanted = issue.errors.flatMap(([first]) =>
    first?.code === "invalid_type" ? [nouns[first.expected] ?? first.expected] : [],
  );
  return [{ path, message: `must be ${[...new Set(wanted)].join(" or ")}, not ${describe(found)}` }];
}

function describe(value: unknown): string {
  if (typeof value === "string") return value === "" ? "empty" : "text";
  if (typeof value === "number") return "a number";
  if (typeof value === "boolean") return "true or false";
  return Array.isArray(value) ? "a list" : "a mapping";
}

function sizeVerb(origin: string): string {
  return origin === "string" || origin === "array" ? "have" : "be";
}

function sizeUnit(origin: string): string {
  if (origin === "string") return " characters";
  return origin === "array" ? " items" : "";
}

function valueAt(value: unknown, path: Path): unknown {
  let found = value;
  for (const step of path) {
    if (typeof step === "number") found = Array.isArray(found) ? found[step] : undefined;
    else found = isObject(found) && Object.hasOwn(found, step) ? found[step] : undefined;
  }
  return found;
}
