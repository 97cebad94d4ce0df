import { z } from "zod";
import { durationMs } from "../core/duration.ts";
import { asInstanceId, asRoomAlias, asRoomId, asUserId } from "../core/id.ts";
import type { JsonObject } from "../core/json.ts";
import type { RoomReference } from "../core/matrix.ts";
import { quote } from "./excerpt.ts";
import type { Path } from "./finding.ts";
import type { SecretPlace } from "./tree.ts";

/** Text that `read` turns into something better; `sentence` says what is wrong with text it cannot read. */
function readAs<T>(
  read: (text: string) => T | undefined,
  sentence: (text: string) => string,
  base = z.string(),
) {
  return base.transform((text, context) => {
    const value = read(text);
    if (value !== undefined) return value;
    context.addIssue({ code: "custom", message: text === "" ? "is empty" : sentence(text) });
    return z.NEVER;
  });
}

const text = z.string().min(1);
const userId = readAs(asUserId, userIdSentence);
const room = readAs<RoomReference>((id) => asRoomId(id) ?? asRoomAlias(id), roomSentence);
const roomsSentence =
  'must be a list (begin each item on a line of its own with "- "), or any for every room that the account is in';
export const secretSentence = "must be the secret itself in quotes, { file: PATH } or { env: NAME }";
/** How any secret may be written. */
export const secretSchema = z.union(
  [
    text,
    z.strictObject({ file: text.describe("A file that holds it, relative to this one.") }),
    z.strictObject({ env: text.describe("An environment variable that holds it.") }),
  ],
  { error: secretSentence },
);
export type SecretSetting = z.output<typeof secretSchema>;

const homeserver = z.strictObject({
  url: readAs(homeserverUrl, homeserverUrlSentence).describe(
    "Where the homeserver answers clients, such as https://matrix.example.org.",
  ),
  registration_token: secretSchema
    .optional()
    .describe("Registers the accounts below that have neither password nor access token."),
});

const durationSentence = 'must be a time such as "30m", "1h" or "2d"';
const duration = readAs(durationMs, () => durationSentence, z.string({ error: durationSentence }));

export const adminSchema = z.strictObject({
  account: userId
    .optional()
    .describe(
      "Who writes to the admin room. It runs no bot: whoever is in that room may command the homeserver.",
    ),
  room: room.optional().describe("Where errors are reported: a room id or alias."),
  messages_per_hour: z
    .int()
    .min(1)
    .max(1000)
    .default(30)
    .describe("The most messages an hour to the admin room, CRITICAL ones aside; the others come bundled."),
  message_interval: duration.prefault("10s").describe("The least time from one such message to the next."),
  username: secretSchema.optional().describe("Who may log in to the page."),
  password_hash: secretSchema.optional().describe("The page's password as `roost hash-password` prints it."),
});

export const serverSchema = z.strictObject({
  host: text.default("127.0.0.1").describe("The address that page, health and management listen on."),
  port: z.int().min(0).max(65_535).default(29_316).describe("Their port; 0 takes a free one."),
  allow_remote: z
    .boolean()
    .default(false)
    .describe("Must be true for a host that other machines can reach. Prefer an SSH tunnel."),
  public_url: z
    .url({ protocol: /^https?$/, error: "write an address such as https://bots.example.org" })
    .optional()
    .describe(
      "Where a reverse proxy shows the pages of plugins to the world; nothing else is answered there.",
    ),
});

export const backupSchema = z.strictObject({
  enabled: z.boolean().default(true).describe("false makes none by itself; `roost backup` still does."),
  at: z
    .string()
    .regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be a time of day such as "03:30", in quotes')
    .default("03:30")
    .describe("When, by the machine's clock; one that was missed is made soon after the start."),
  keep: z.int().min(1).max(1000).default(7).describe("How many are kept."),
});

const account = z.strictObject({
  displayname: text.optional().describe("The name that rooms show."),
  password: secretSchema.optional().describe("Logs in with this password instead of registering."),
  access_token: secretSchema.optional().describe("Uses this access token instead of logging in."),
});

const instance = z.strictObject({
  plugin: text.describe("Which bot this is, such as instagram."),
  account: userId.describe("Whom it speaks as: one of the accounts."),
  rooms: z
    .union([z.array(room), z.literal("any")], { error: roomsSentence })
    .nullish()
    .describe(
      "Where it works, as ids or aliases in quotes; everywhere else it neither listens nor speaks. Or any: every room its account is in, and the account then accepts all invitations.",
    ),
  enabled: z.boolean().default(true).describe("false stops it, whatever the page says."),
  prefix: z
    .string()
    .regex(/^\S{1,16}$/, 'must be 1 to 16 characters without spaces, such as "!"')
    .default("!")
    .describe("What its commands begin with."),
  sends_per_minute: z
    .int()
    .min(1)
    .max(1_000_000)
    .default(600)
    .describe(
      "How many messages it answers within a minute: the rest waits, and nothing is dropped. A carousel counts as one.",
    ),
  memory_mb: z
    .int()
    .min(16)
    .max(4096)
    .default(128)
    .describe(
      "A plugin in a process of its own is restarted above this; of one in a worker, built-in or trusted, it is reported.",
    ),
  trusted: z
    .boolean()
    .default(false)
    .describe(
      "true runs an uploaded TypeScript plugin in a worker of the host: faster to start, and able to read all that the host can.",
    ),
  network: z
    .boolean()
    .optional()
    .describe(
      "Whether an uploaded plugin may open connections. Left out, it may if it asks to and that was agreed at its upload.",
    ),
  log_level: z
    .enum(["info", "debug"])
    .default("info")
    .describe("debug keeps and prints its DEBUG records too."),
  config: z.record(z.string(), z.unknown()).nullish().describe("The plugin's own settings."),
});
export type InstanceSetting = z.output<typeof instance>;

const accounts = z
  .record(
    z
      .string()
      .refine((id) => asUserId(id) !== undefined, { error: ({ input }) => userIdSentence(String(input)) }),
    account.nullish(),
  )
  .nullish()
  .describe(
    "The Matrix users that Roost logs in as. One without settings is registered with the token above.",
  );

const instances = z
  .record(
    z.string().refine((id) => asInstanceId(id) !== undefined, {
      error:
        "must be a name of up to 63 lower-case letters, digits, - and _, beginning with a letter or digit",
    }),
    instance,
  )
  .nullish()
  .describe("The bots: each is a plugin that speaks as an account in some rooms.");

/** The main config file. */
export const mainSchema = z.strictObject({
  homeserver: homeserver.describe("The Matrix server that the bots live on."),
  admin: adminSchema.nullish().describe("Who looks after this host, and where."),
  server: serverSchema.nullish().describe("The page, health and management, on this machine."),
  data_dir: text
    .optional()
    .describe(
      "Databases, credentials and plugins; default $STATE_DIRECTORY, else the folder data beside this file.",
    ),
  python: text
    .optional()
    .describe(
      "The interpreter that runs Python plugins; default the environment that `roost plugin python` made, else python3.",
    ),
  accounts,
  instances,
  backup: backupSchema
    .nullish()
    .describe("The daily copies of all databases and logins, in DATA_DIR/backups."),
  include: z
    .array(text)
    .optional()
    .describe(
      "More files with accounts and instances; file names may hold *. Default: DATA_DIR/instances.d/*.yaml.",
    ),
  catch_up: duration
    .prefault("1h")
    .describe("Messages that arrived while Roost was down are answered if younger than this."),
  reload: z
    .enum(["manual", "automatic"])
    .default("manual")
    .describe("Whether an edit of these files waits for a restart or applies at once."),
});
/** The same for reading what is left of a file with errors. */
export const mainRest = mainSchema.extend({ homeserver: homeserver.partial().nullish() });

/** A file named by `include`. */
export const includeSchema = z.strictObject({ accounts, instances });
export type Sections = z.output<typeof includeSchema>;

/** The JSON Schema (draft-07) of the main file, for editors. */
export function configSchema(): JsonObject {
  const schema = z.toJSONSchema(mainSchema, { target: "draft-07", io: "input" });
  return { title: "Roost configuration", ...z.record(z.string(), z.json()).parse(schema) };
}

const knownKeys = new Set(
  [mainSchema, homeserver, adminSchema, serverSchema, backupSchema, account, instance].flatMap((section) =>
    Object.keys(section.shape),
  ),
);
const secretName = /pass|pwd|secret|token|hash|cookie|session|credential|auth|api.?key|proxy|username/i;

/**
 * A value may be a secret if it is named like one, or like a secret setting of any plugin, or stands where no setting is known.
 */
export function secretPlaces(pluginSecrets: ReadonlySet<string | undefined>): SecretPlace {
  return (path, value) => {
    const named = path[0] === "accounts" || path[0] === "instances";
    const keys = path.slice(named ? 2 : 0).filter((step) => typeof step === "string");
    if (keys.length === 0) return path.length === 2 && value === "scalar" ? "secret" : "open";
    if (/^(file|env)$/.test(keys.at(-1) ?? "")) return "open";
    const isNamedSecret = keys.some((key) => secretName.test(key));
    if (path[0] === "instances" && path[2] === "config") {
      const isSetting = pluginSecrets.has(undefined) || keys.slice(1).some((key) => pluginSecrets.has(key));
      return isNamedSecret || (isSetting && keys.length > 1) ? "secret" : "open";
    }
    if (!isNamedSecret && keys.every((key) => knownKeys.has(key))) return "open";
    return value === "scalar" ? "secret" : "sealed";
  };
}

/** Whether a setting of a plugin whose settings nobody describes is named like a secret. */
export function isNamedSecret(path: Path): boolean {
  return path.some((step) => typeof step === "string" && secretName.test(step));
}

function userIdSentence(text: string): string {
  if (!text.startsWith("@")) return `must be a user id such as "@bot:example.org", not ${quote(text)}`;
  if (!text.includes(":"))
    return `lacks its server: write ${quote(`${text}:example.org`)} with your server's name`;
  return `is not a user id such as "@bot:example.org": ${quote(text)}`;
}

function roomSentence(text: string): string {
  if (text.startsWith("@")) return `must be a room, but ${quote(text)} is a user`;
  if (/^[!#][^:\s]+$/.test(text)) {
    return `lacks its server: write ${quote(`${text}:example.org`)} with your server's name`;
  }
  return `must be a room id such as "!abc:example.org" or an alias such as "#ops:example.org", not ${quote(text)}`;
}

/** The address without its last slash; undefined if it is no bare http(s) address. */
function homeserverUrl(text: string): string | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.username !== "" || url.password !== "")
    return undefined;
  return url.pathname === "/" && url.search === "" && url.hash === "" ? url.origin : undefined;
}

function homeserverUrlSentence(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    return 'must be an address that begins with https:// or http://, such as "https://matrix.example.org"';
  }
  if (url.username !== "" || url.password !== "") {
    return "must not contain a user name or password: give accounts their own under accounts";
  }
  return "must end after the server's name (and port): remove the path";
}
