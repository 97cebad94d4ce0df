/** What maubot's requests and answers look like. */
import { z } from "@hono/zod-openapi";
import type { InstanceId } from "../../core/id.ts";
import type { AccountInfo, InstanceDefinition } from "../../core/management.ts";
import type { PluginInfo } from "../../core/plugin-info.ts";
import type { InstanceSnapshot } from "../../core/status.ts";
import { type ApiOptions, refusalSchema } from "../api.ts";

const sentence = z.string().optional();
/** In the body of a change, what only an answer has. */
export const answered = z
  .unknown()
  .optional()
  .describe("Answered, not taken: whoever sends an answer back may leave it in.");

export const instance = z
  .object({
    id: z.string(),
    type: z.string(),
    enabled: z.boolean(),
    started: z.boolean(),
    primary_user: z.string(),
    config: z
      .string()
      .describe("The plugin's settings as YAML; secrets are cut, and stay when they are sent back so."),
    base_config: z.string().nullable(),
    database: z.boolean(),
    database_interface: z.literal("sqlite"),
    database_engine: z.literal("sqlite"),
    rooms: z
      .union([z.array(z.string()), z.literal("any")])
      .describe("Where it works, deaf and mute everywhere else; any is every room of its account."),
    error: sentence.describe("Why it does not run though it should."),
    errcode: z.literal("instance_not_running").optional(),
    warning: sentence.describe("What to know, such as that it has no rooms."),
  })
  .openapi("MaubotInstance");
export const plugin = z
  .object({
    id: z.string(),
    version: z.string(),
    path: z.string(),
    instances: z.array(instance),
    warning: sentence,
  })
  .openapi("MaubotPlugin");
export const client = z
  .object({
    id: z.string(),
    homeserver: z.string(),
    access_token: z.literal("").describe("Never told."),
    device_id: z.string().nullable(),
    fingerprint: z.null(),
    enabled: z.literal(true),
    started: z.boolean(),
    sync: z.literal(true),
    sync_ok: z.boolean(),
    autojoin: z.literal(false),
    online: z.literal(true),
    displayname: z.string(),
    avatar_url: z.literal("disable"),
    remote_displayname: z.null(),
    remote_avatar_url: z.null(),
    instances: z.array(instance),
    trust_state: z.null(),
    error: sentence.describe("Why it does not sync."),
    warning: sentence,
  })
  .openapi("MaubotClient");

export type MaubotInstance = z.input<typeof instance>;
export type MaubotPlugin = z.input<typeof plugin>;
export type MaubotClient = z.input<typeof client>;

const refusals = {
  400: "What was asked is wrong, with a sentence that says what.",
  401: "Nobody is logged in.",
  403: "Refused.",
  404: "There is no such thing.",
  409: "It cannot be done as things stand, with a sentence that says why.",
  412: "It is in use.",
  413: "It is too large.",
  429: "Too much at once.",
  503: "Something that it depends on is away.",
} as const;

/** The answers of a route: the good ones by their status, and those that refuse. */
export function maubotAnswers(
  good: Readonly<Record<number, readonly [description: string, schema?: z.ZodType]>>,
): Record<number, { description: string }> {
  const refused = Object.entries(refusals).map(([status, description]) => [
    status,
    { description, content: { "application/json": { schema: refusalSchema } } },
  ]);
  const taken = Object.entries(good).map(([status, [description, schema]]) => [
    status,
    { description, ...(schema === undefined ? {} : { content: { "application/json": { schema } } }) },
  ]);
  return Object.fromEntries([...refused, ...taken]);
}

/** Reads the host once and answers its things as maubot shows them. */
export class MaubotView {
  readonly #options: Pick<ApiOptions, "control" | "management">;
  readonly #plugins: ReadonlyMap<string, PluginInfo>;
  readonly #snapshots: ReadonlyMap<InstanceId, InstanceSnapshot>;

  constructor(options: Pick<ApiOptions, "control" | "management">) {
    this.#options = options;
    this.#plugins = new Map(options.management.plugins().map((each) => [each.id, each]));
    this.#snapshots = new Map(options.control.snapshot().instances.map((each) => [each.id, each]));
  }

  plugins(): MaubotPlugin[] {
    return [...this.#plugins.keys()].flatMap((id) => this.plugin(id) ?? []);
  }

  plugin(id: string): MaubotPlugin | undefined {
    const found = this.#plugins.get(id);
    if (found === undefined) return undefined;
    return {
      id,
      version: found.version,
      path: found.file ?? "built in",
      instances: this.#instances(found.instances),
    };
  }

  instances(): MaubotInstance[] {
    return this.#instances([...this.#snapshots.keys()]);
  }

  instance(id: InstanceId): MaubotInstance | undefined {
    return this.#instances([id])[0];
  }

  #instances(ids: readonly InstanceId[]): MaubotInstance[] {
    const definitions = this.#options.management.definitions(ids);
    return ids.flatMap((id) => {
      const snapshot = this.#snapshots.get(id);
      return snapshot === undefined ? [] : [this.#instance(snapshot, definitions.get(id))];
    });
  }

  /** The definition is undefined for one whose YAML does not even tell its account. */
  #instance(snapshot: InstanceSnapshot, definition: InstanceDefinition | undefined): MaubotInstance {
    const info = this.#plugins.get(definition?.plugin ?? snapshot.plugin);
    const { id, observed, desired } = snapshot;
    const isWrong = desired === "running" && observed.state !== "running" && observed.state !== "starting";
    return {
      id,
      type: definition?.plugin ?? snapshot.plugin,
      enabled: definition?.enabled ?? true,
      started: observed.state === "running",
      primary_user: definition?.account ?? "",
      config: definition?.configYaml ?? "",
      base_config: info?.baseConfig ?? null,
      database: info?.hasDatabase ?? false,
      database_interface: "sqlite",
      database_engine: "sqlite",
      rooms: roomsOf(definition),
      ...(isWrong ? { error: observed.cause, errcode: "instance_not_running" } : {}),
    };
  }

  client(account: AccountInfo): MaubotClient {
    return {
      id: account.userId,
      homeserver: this.#options.management.homeserver().url,
      access_token: "",
      device_id: account.deviceId ?? null,
      fingerprint: null,
      enabled: true,
      started: account.state === "syncing" || account.state === "connecting" || account.state === "waiting",
      sync: true,
      sync_ok: account.state === "syncing",
      autojoin: false,
      online: true,
      displayname: account.displayname ?? "disable",
      avatar_url: "disable",
      remote_displayname: null,
      remote_avatar_url: null,
      instances: this.#instances(account.instances),
      trust_state: null,
      ...(account.cause === undefined ? {} : { error: account.cause }),
    };
  }
}

function roomsOf(definition: InstanceDefinition | undefined): MaubotInstance["rooms"] {
  const rooms = definition?.rooms ?? [];
  return rooms === "any" ? rooms : [...rooms];
}
