/**
 * What a person may do to the host from the page or the API: the port between the web room, which speaks HTTP, and the rooms that
 * carry it out. Every method throws RoostErrors whose message is the sentence to show.
 */
import type { Problem } from "./config.ts";
import type { InstanceId, RoomAlias, RoomId, UserId } from "./id.ts";
import type { Json, JsonObject } from "./json.ts";
import type { RoomReference } from "./matrix.ts";
import type { PluginInfo } from "./plugin-info.ts";
import type { RoomRule } from "./room-rule.ts";
import type { Secret } from "./secret.ts";

/** An instance as the YAML defines it, for editing. */
export interface InstanceDefinition {
  readonly id: InstanceId;
  readonly plugin: string;
  readonly account: UserId;
  readonly rooms: RoomRule;
  readonly enabled: boolean;
  readonly prefix: string;
  /** The plugin's settings as they are written, without secrets: those show as `{ file: PATH }`, or `"[redacted]"` for literals. */
  readonly config: JsonObject;
  /** The same as YAML text, comments kept. */
  readonly configYaml: string;
  /** The whole instance as the YAML that defines it, secrets cut. */
  readonly yaml: string;
  /** Changes when the definition on disk does: what an edit has to name. */
  readonly revision: string;
  /** Why it cannot be edited here, as a sentence: what the main file defines is the administrator's alone. */
  readonly readOnly: string | undefined;
}

/** What to write; fields left out stay as they are. */
export interface InstanceChange {
  readonly plugin?: string | undefined;
  readonly account?: UserId | undefined;
  readonly rooms?: RoomRule | undefined;
  readonly enabled?: boolean | undefined;
  readonly prefix?: string | undefined;
  /** The plugin's settings, whole: as data (a secret left out stays as it is; one given goes to a file of its own) or as YAML text. */
  readonly config?: JsonObject | { readonly yaml: string } | undefined;
  /** What the editor saw: another revision on disk is refused as `conflict`, with the difference. */
  readonly revision?: string | undefined;
}

/** What an edit would write, and what is wrong with it: one validation for the form and for the YAML beside it. */
export interface InstancePreview {
  /** The whole instance, and its difference to what is there; without secrets, and empty for YAML that cannot be read. */
  readonly yaml: string;
  readonly diff: string;
  /** Its settings as text, and as data unless the text cannot be read. */
  readonly configYaml: string;
  readonly config: JsonObject | undefined;
  /** Those in the settings have their paths, and the lines of `configYaml`. */
  readonly problems: readonly Problem[];
  /** Whether it writes a secret that was given. */
  readonly writesSecrets: boolean;
}

/** One setting that a plugin saved itself, over what the YAML says. */
export interface SavedSetting {
  /** Dotted, such as `limits.daily`. */
  readonly path: string;
  /** Secrets cut. */
  readonly value: Json;
}

export interface Saved {
  readonly isNew: boolean;
  readonly definition: InstanceDefinition;
  /** What to know, as sentences: such as that it has no rooms yet. */
  readonly warnings: readonly string[];
}

export interface AccountInfo {
  readonly userId: UserId;
  readonly displayname: string | undefined;
  readonly state: "unused" | "connecting" | "syncing" | "waiting" | "failed" | "stopped";
  readonly cause: string | undefined;
  readonly sinceMs: number;
  readonly deviceId: string | undefined;
  /** How it gets in: with what its definition says, or registered by Roost. */
  readonly login: "password" | "access-token" | "registration";
  readonly instances: readonly InstanceId[];
  readonly readOnly: string | undefined;
}

/** How a new account gets in. A password or token is kept in a file of its own (0600) in the data folder. */
export type AccountLogin =
  | { readonly by: "registration" }
  | { readonly by: "password"; readonly password: Secret }
  | { readonly by: "access-token"; readonly accessToken: Secret };

/** A room as one account sees it now. */
export interface RoomView {
  readonly reference: RoomReference;
  readonly roomId: RoomId | undefined;
  readonly alias: RoomAlias | undefined;
  readonly name: string | undefined;
  readonly membership: "joined" | "invite-needed" | "joinable" | "unresolved" | "banned" | "left";
  readonly mayPost: boolean;
  readonly encrypted: boolean;
  /** What an admin should do, as a sentence. */
  readonly advice: string | undefined;
}

export interface DatabaseTable {
  readonly name: string;
  readonly columns: readonly {
    readonly name: string;
    readonly type: string;
    readonly isPrimary: boolean;
    readonly isUnique: boolean;
    readonly isNullable: boolean;
    readonly defaultValue: string | null;
  }[];
  readonly rows: number;
}

export type QueryResult =
  | {
      readonly kind: "rows";
      readonly columns: readonly string[];
      readonly rows: readonly (readonly Cell[])[];
    }
  | { readonly kind: "changed"; readonly rowCount: number };
export type Cell = string | number | null;

/** Something taken away that can be brought back. */
export interface TrashedInstance {
  readonly id: InstanceId;
  readonly folder: string;
  readonly deletedAtMs: number;
}

export interface BackupInfo {
  /** Its folder's name: the UTC time it was made. */
  readonly id: string;
  readonly madeAtMs: number;
  readonly sizeBytes: number;
  readonly instances: readonly InstanceId[];
}

/** How one instance differs between what runs and what the files say. */
export interface PendingDifference {
  readonly instance: InstanceId;
  readonly sentence: string;
  /** Unified diff of its YAML, secrets cut; empty where only a secret changed. */
  readonly diff: string;
}

/** A step of something that takes a while, told as it happens. */
export interface Step {
  readonly what: string;
  readonly state: "running" | "done" | "failed";
  /** The error, and what to do, when it failed. */
  readonly detail: string | undefined;
}

/** Who asks: for the audit record that every change leaves in the log. */
export interface Actor {
  readonly name: string;
  readonly via: "page" | "token" | "command line";
}

export interface Management {
  plugins(): readonly PluginInfo[];
  /** Takes in a valid archive, with `replace` instead of another (which comes back if this does not start); `agree` permits what it asks. */
  addPlugin(
    file: string,
    options: {
      readonly replace: boolean;
      readonly agree?: boolean;
      readonly expectedId?: string | undefined;
    },
    actor: Actor,
  ): Promise<{ readonly plugin: PluginInfo; readonly isNew: boolean; readonly warnings: readonly string[] }>;
  /** Refused with `conflict` while instances use it, naming them. */
  removePlugin(id: string, actor: Actor): Promise<void>;
  /** Agrees to the permissions it asks for now, and restarts the instances that use it. Answers the sentence to show. */
  agreeToPlugin(id: string, actor: Actor): Promise<string>;
  /** Reads the archive again and restarts the instances that use it. */
  reloadPlugin(id: string, actor: Actor): Promise<void>;
  /** Takes up what was dropped into the plugins folder, changed or removed there. Never fails: what it finds is in the log. */
  lookAtPluginFolder(): Promise<void>;
  /** Looks again for packages that Python plugins lacked and starts what failed; answers what came of it, as sentences. */
  lookForMissing(): Promise<readonly string[]>;

  /** Throws `not-found`. Quarantined ones have a definition too. */
  definition(id: InstanceId): InstanceDefinition;
  /** The same for several, read at once; those that cannot be told are left out. */
  definitions(ids: readonly InstanceId[]): ReadonlyMap<InstanceId, InstanceDefinition>;
  /** Writes nothing. Refused with `conflict` or `bad-request` as `saveInstance` is; what else is wrong is told. */
  previewInstance(id: InstanceId, change: InstanceChange): InstancePreview;
  /** Writes the YAML and applies it: creates or restarts the instance, telling each step. */
  saveInstance(
    id: InstanceId,
    change: InstanceChange,
    actor: Actor,
    onStep?: (step: Step) => void,
  ): Promise<Saved>;
  /** What its plugin saved over the YAML's settings; none for one that cannot be read. */
  savedSettings(id: InstanceId): readonly SavedSetting[];
  /** Forgets them, in a fresh run: the YAML's count again. Answers the sentence to show. */
  discardSavedSettings(id: InstanceId, actor: Actor): Promise<string>;
  /** Gives it another name; its data goes with it. */
  renameInstance(id: InstanceId, to: InstanceId, actor: Actor): Promise<void>;
  /** Stops it, takes it out of the YAML, and moves its data to a dated folder, from which `recoverInstance` brings both back. */
  deleteInstance(id: InstanceId, actor: Actor): Promise<TrashedInstance>;
  trashedInstances(): readonly TrashedInstance[];
  recoverInstance(folder: string, actor: Actor): Promise<void>;

  accounts(): readonly AccountInfo[];
  /** Adds the account, logs it in, and answers how it stands after at most 20 s. */
  addAccount(
    userId: UserId,
    login: AccountLogin,
    options: { readonly displayname?: string | undefined },
    actor: Actor,
    onStep?: (step: Step) => void,
  ): Promise<AccountInfo>;
  editAccount(
    userId: UserId,
    change: { readonly displayname?: string | undefined; readonly accessToken?: Secret | undefined },
    actor: Actor,
  ): Promise<AccountInfo>;
  /** Refused with `conflict` while instances use it, naming them. */
  removeAccount(userId: UserId, actor: Actor): Promise<void>;
  /** A session for somebody else's use: made on the homeserver, kept nowhere by Roost. */
  makeSession(
    user: string,
    password: Secret,
    options: { readonly register: boolean; readonly deviceName: string },
    actor: Actor,
  ): Promise<{
    readonly userId: UserId;
    readonly accessToken: Secret;
    readonly deviceId: string;
    readonly homeserver: string;
  }>;
  /** Whose an access token is, and of which device. Throws `token-revoked` for one that is worth nothing. */
  whoIs(accessToken: Secret): Promise<{ readonly userId: UserId; readonly deviceId: string | undefined }>;
  homeserver(): {
    readonly url: string;
    readonly serverName: string | undefined;
    readonly canRegister: boolean;
  };

  viewRooms(userId: UserId, references: readonly RoomReference[]): Promise<readonly RoomView[]>;
  /** The rooms that an instance lists, or with `any` those that its account is in (200 at most). */
  viewRoomsOf(id: InstanceId): Promise<readonly RoomView[]>;

  databaseTables(id: InstanceId): Promise<readonly DatabaseTable[]>;
  /** Runs in a process of its own that is killed after `timeoutMs`. Read-only unless `mayWrite`. */
  queryDatabase(
    id: InstanceId,
    sql: string,
    options: { readonly mayWrite: boolean; readonly limit: number },
    actor: Actor,
  ): Promise<QueryResult>;

  pendingDifferences(): readonly PendingDifference[];
  /** Restarts every instance that differs from its YAML. */
  applyPending(actor: Actor): Promise<string>;

  backups(): readonly BackupInfo[];
  makeBackup(actor: Actor): Promise<BackupInfo>;
  /** The backup as one tar file, read piece by piece. Credentials are not in it. */
  openBackup(id: string): ReadableStream<Uint8Array>;
  restoreBackup(id: string, what: InstanceId | "host" | "all", actor: Actor): Promise<string>;
}

/** Signed-in sessions, kept so that they outlive a restart of the host. Tokens are stored as hashes. */
export interface SessionStore {
  loadSession(tokenHash: string): StoredSession | undefined;
  saveSession(tokenHash: string, session: StoredSession): void;
  deleteSession(tokenHash: string): void;
  /** Those last used, or made, before these times. */
  deleteSessionsBefore(limits: { readonly usedMs: number; readonly madeMs: number }): void;
}

export interface StoredSession {
  readonly user: string;
  /** A cookie of the page, or a bearer token of a script. */
  readonly kind: "page" | "token";
  readonly madeAtMs: number;
  readonly usedAtMs: number;
  /** Of the password hash it was made under: another password ends it. */
  readonly passwordFingerprint: string;
}
