/** Takes out of what a side did the parts that must differ: ids, ports, times, and which side it is. */
import { isObject } from "../../../src/core/json.ts";

interface Context {
  readonly origin: string;
  /** Event ids in the order of the room's timeline. */
  readonly ids: readonly string[];
  readonly isUnordered: boolean;
}

/** `known` keeps the names that ids were given, by order of appearance, from step to step. */
export function mask(
  { result, bot }: { result: unknown; bot: readonly unknown[] },
  known: Map<string, string>,
  { origin, ids, isUnordered }: Context,
): unknown {
  const nameOf = (id: string) => {
    const name = known.get(id) ?? `${id.charAt(0) === "m" ? "mxc" : id.charAt(0)}${known.size}`;
    known.set(id, name);
    return name;
  };
  if (!isUnordered) ids.forEach(nameOf);
  const maskText = (text: string) =>
    text
      .replaceAll(origin, "http://host")
      .replaceAll(/\b[mr]-(?=[a-z]+\b)/g, "bot-")
      .replaceAll(/\$[\w-]{43}|![\w-]{18,43}(?::roost\.test)?|mxc:\/\/[\w.]+\/\w+/g, (id) =>
        isUnordered && !known.has(id) ? "$new" : nameOf(id),
      )
      .replaceAll(/\b1[6-9]\d{11}\b/g, "time");
  const masked = bot.map((seen) => maskValue(seen, maskText));
  const ordered = isUnordered
    ? masked.sort((one, other) => (JSON.stringify(one) < JSON.stringify(other) ? -1 : 1))
    : masked;
  return { result: maskValue(result, maskText), bot: ordered };
}

function maskValue(value: unknown, maskText: (text: string) => string): unknown {
  if (typeof value === "string") return maskText(value);
  if (Array.isArray(value)) return value.map((item) => maskValue(item, maskText));
  if (!isObject(value)) return value;
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  return Object.fromEntries(entries.map(([key, item]) => [maskText(key), maskValue(item, maskText)]));
}
