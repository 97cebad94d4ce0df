/** What both APIs are described and checked with. */
import { z } from "@hono/zod-openapi";
import { asInstanceId, asRoomAlias, asRoomId, asUserId } from "../core/id.ts";
import { refusalSchema } from "./api.ts";

/** Text that has to be read by `read` to mean anything. */
function readAs<Value>(read: (text: string) => Value | undefined, sentence: string, example: string) {
  return z
    .string()
    .max(255)
    .transform((text, context) => {
      const value = read(text);
      if (value !== undefined) return value;
      context.addIssue({ code: "custom", message: sentence });
      return z.NEVER;
    })
    .openapi({ type: "string", example });
}

export const instanceId = readAs(
  asInstanceId,
  "must be a name of up to 63 lower-case letters, digits, - and _, beginning with a letter or digit",
  "weather",
);
export const userId = readAs(
  asUserId,
  'must be a user id such as "@bot:example.org"',
  "@weather:example.org",
);
export const roomReference = readAs(
  (text) => asRoomId(text) ?? asRoomAlias(text),
  'must be a room id such as "!abc:example.org" or an alias such as "#ops:example.org"',
  "#weather:example.org",
);

export const roomRule = z
  .union([z.array(roomReference).max(1000), z.literal("any")], {
    error: "must list room ids and aliases, or be any for every room that the account is in",
  })
  .openapi("RoomRule");

export const idParams = z.object({ id: instanceId.openapi({ param: { name: "id", in: "path" } }) });
export const nameParams = (name: string) =>
  z.object({
    [name]: z
      .string()
      .min(1)
      .max(255)
      .openapi({ param: { name, in: "path" } }),
  });

const refusals = {
  400: "What was asked is wrong, with a sentence that says what.",
  401: "Nobody is logged in.",
  404: "There is no such thing.",
  409: "It cannot be done as things stand, with a sentence that says why.",
  413: "It is too large.",
  429: "Too much at once.",
  503: "Something that it depends on is away.",
} as const;

/**
 * The answers of a route: the good one, and those that refuse. Its type leaves the contents out, so that a handler may answer what
 * the port gives as it is.
 */
export function answers(
  description: string,
  schema: z.ZodType,
  type = "application/json",
): Record<number, { description: string }> {
  const good = { description, content: { [type]: { schema } } };
  const refused = Object.entries(refusals).map(([status, why]) => [
    status,
    { description: why, content: { "application/json": { schema: refusalSchema } } },
  ]);
  return { 200: good, ...Object.fromEntries(refused) };
}

/** An answer without the secrets that a cause or a setting may quote. */
export function json(value: unknown, cutSecrets: (text: string) => string, status = 200): Response {
  return new Response(cutSecrets(JSON.stringify(value)), {
    status,
    headers: { "content-type": "application/json" },
  });
}

export function jsonBody<Shape extends z.ZodType>(schema: Shape) {
  return { required: true, content: { "application/json": { schema } } };
}
