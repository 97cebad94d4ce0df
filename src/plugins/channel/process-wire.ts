/**
 * The protocol as lines, for runtimes in processes of their own, in whatever language: each line is a JSON array of messages as
 * `protocol.ts` describes them, UTF-8, ended by a newline. Bytes stand as base64 text: the `bytes` of an upload, the `body` of a request and of its answer. A child is not
 * trusted: what it says is checked here, field by field, before the host sees it.
 */
import { z } from "zod";
import type { ErrorCode } from "../../core/error.ts";
import { asRoomId } from "../../core/id.ts";
import type { JsonObject } from "../../core/json.ts";
import type { ToHost, ToRuntime } from "./protocol.ts";

/** What a child may say went wrong; anything else counts as a fault of its own code. */
const codes = [
  "plugin-config",
  "plugin-refused",
  "migration-failed",
  "plugin-missing",
  "too-large",
  "bad-request",
  "not-found",
  "room-forbidden",
  "network",
  "rate-limited",
  "homeserver-unreachable",
  "homeserver-busy",
  "database",
  "database-busy",
  "database-lost",
  "handler-timeout",
  "cancelled",
  "internal",
] as const satisfies readonly ErrorCode[];

const count = z.number().int().nonnegative();
const text = z.string().max(100_000);
const short = z.string().max(1_000);
const bytes = z.base64().transform((encoded) => Buffer.from(encoded, "base64"));
/** JSON.parse made it, so it is JSON all the way down. */
const json = z.custom<JsonObject>(
  (value) => typeof value === "object" && value !== null && !Array.isArray(value),
);
const error = z.object({
  code: z.enum(codes).catch("internal"),
  message: text,
  causes: z.array(text).max(50),
  retryAfterMs: count.optional(),
});
const subscription = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("command"), prefix: short }),
  z.object({ kind: z.literal("contains"), literals: z.array(short).max(1_000) }),
  z.object({
    kind: z.literal("events"),
    types: z.union([z.literal("*"), z.array(short).max(1_000)]),
    own: z.boolean(),
  }),
]);
function refuse(context: z.RefinementCtx): never {
  context.addIssue({ code: "custom", message: "no room id" });
  return z.NEVER;
}
const call = z.object({ say: z.literal("call"), call: count });
const request = z.discriminatedUnion("ask", [
  call.extend({
    ask: z.literal("send"),
    run: count,
    type: z.enum(["m.room.message", "m.reaction", "m.room.redaction"]),
    content: json,
    key: short,
  }),
  call.extend({
    ask: z.literal("post"),
    roomId: z.string().transform((id, context) => asRoomId(id) ?? refuse(context)),
    content: json,
  }),
  call.extend({ ask: z.literal("defer"), run: count, key: short, atMs: z.number() }),
  call.extend({
    ask: z.literal("turn"),
    run: count,
    request: z.object({ allowance: short, burst: count, everyMs: count, ticket: short }),
  }),
  call.extend({ ask: z.literal("hold"), allowance: short, untilMs: z.number() }),
  call.extend({
    ask: z.literal("matrix"),
    run: count.optional(),
    key: short.optional(),
    method: z.string().max(10),
    path: z.string().max(10_000),
    query: z.record(short, z.string().max(10_000)),
    body: z.unknown().optional(),
  }),
  call.extend({
    ask: z.literal("download"),
    kind: z.enum(["download", "thumbnail"]),
    server: short,
    media: short,
    query: z.record(short, short),
    path: z.string().max(4_096),
  }),
  call.extend({ ask: z.literal("rooms") }),
  call.extend({ ask: z.literal("upload-limit") }),
  call.extend({
    ask: z.literal("fetch"),
    url: text,
    method: z.string().regex(/^[A-Z]{1,20}$/),
    headers: z.record(short, text),
    body: z.base64().optional(),
    timeoutMs: count,
    maxBytes: count,
  }),
]);
const context = z.record(short, z.union([text, z.number(), z.boolean()]));
/** Told apart by a word before anything else is looked at: this is on every message's way. */
const told = z.discriminatedUnion("say", [
  request,
  z.object({
    say: z.literal("ready"),
    subscriptions: z.array(subscription).max(10_000),
    redactsReplies: z.boolean(),
  }),
  z.object({ say: z.literal("wishes"), subscriptions: z.array(subscription).max(10_000) }),
  z.object({ say: z.literal("count"), what: short }),
  z.object({
    say: z.literal("respond"),
    request: count,
    answer: z.object({
      status: z.int().min(200).max(599),
      headers: z.record(short, text),
      body: bytes,
    }),
  }),
  z.object({ say: z.literal("refused"), error }),
  z.object({ say: z.literal("typing"), run: count, typing: z.boolean() }),
  z.object({ say: z.literal("settled"), run: count, error: error.optional() }),
  z.object({
    say: z.literal("log"),
    severity: z.enum(["DEBUG", "INFO", "WARN", "ERROR", "CRITICAL"]),
    message: text,
    context,
    causes: z.array(text).max(50),
  }),
  z.object({ say: z.literal("pong"), memoryBytes: count }),
  z.object({ say: z.literal("stopped") }),
]);
const upload = call.extend({ ask: z.literal("upload"), mimetype: short, filename: short });
const line = z.array(z.union([told, upload.extend({ bytes }), upload.extend({ path: short })])).max(10_000);

const plainLength = 200_000;
const maxMarks = 100_000;

/**
 * Whether so long a line is made of so many pieces that reading it would take many times its size: large are only the texts of
 * files, which are one piece each.
 */
function isIntricate(text: string): boolean {
  let marks = 0;
  for (const mark of ["{", "[", ","])
    for (let at = text.indexOf(mark); at >= 0; at = text.indexOf(mark, at + 1))
      if (++marks > maxMarks) return true;
  return false;
}

/** The messages of one line; undefined when it holds anything that no runtime says. */
export function readToHost(text: string): readonly ToHost[] | undefined {
  if (text.length > plainLength && isIntricate(text)) return undefined;
  try {
    const read = line.safeParse(JSON.parse(text));
    return read.success ? read.data : undefined;
  } catch {
    return undefined;
  }
}

export function writeToRuntime(messages: readonly ToRuntime[]): string {
  return `${JSON.stringify(
    messages.map((message) =>
      message.say === "request"
        ? { ...message, asked: { ...message.asked, body: base64(message.asked.body) } }
        : message,
    ),
  )}\n`;
}

/** The child's side of the same, in TypeScript. */
export function readToRuntime(text: string): readonly ToRuntime[] {
  // Said by the host that started this process.
  const messages: readonly ToRuntime[] = JSON.parse(text);
  return messages.map((message) =>
    message.say === "request"
      ? { ...message, asked: { ...message.asked, body: Buffer.from(String(message.asked.body), "base64") } }
      : message,
  );
}

export function writeToHost(messages: readonly ToHost[]): string {
  return `${JSON.stringify(messages.map(withTextForBytes))}\n`;
}

function withTextForBytes(message: ToHost): unknown {
  if (message.say === "respond")
    return { ...message, answer: { ...message.answer, body: base64(message.answer.body) } };
  if (message.say !== "call" || message.ask !== "upload" || !("bytes" in message)) return message;
  return { ...message, bytes: base64(message.bytes) };
}

function base64(data: Uint8Array): string {
  return Buffer.from(data).toString("base64");
}
