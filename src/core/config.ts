import type { InstanceId, UserId } from "./id.ts";
import type { JsonObject } from "./json.ts";
import type { RoomReference } from "./matrix.ts";
import type { RoomRule } from "./room-rule.ts";
import type { Secret, SecretValue } from "./secret.ts";

/** One finding about the config. Printed as `file:line:column path: message`. Lines and columns count from 1. */
export interface Problem {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** Dotted path of the key, such as `instances.insta.rooms[0]`; empty for the whole file. */
  readonly path: string;
  readonly severity: "error" | "warning";
  readonly message: string;
  /** What to write instead, where it can be guessed. */
  readonly hint?: string | undefined;
  /** The source line with a caret under the column, without trailing newline. */
  readonly excerpt?: string | undefined;
}

export interface AccountConfig {
  readonly userId: UserId;
  readonly displayname: string | undefined;
  /** Neither password nor token: the account is registered with the homeserver's registration token. */
  readonly password: SecretValue | undefined;
  readonly accessToken: SecretValue | undefined;
}

export interface InstanceConfig {
  readonly id: InstanceId;
  readonly plugin: string;
  readonly account: UserId;
  readonly rooms: RoomRule;
  readonly enabled: boolean;
  /** What a command begins with. */
  readonly prefix: string;
  /** How many messages it may answer within a minute before the rest has to wait. */
  readonly sendsPerMinute: number;
  /** What its plugin's process, or its worker's heap, may grow to. */
  readonly memoryMb: number;
  /** An uploaded plugin shares the host's process, and all that it can read. */
  readonly trusted: boolean;
  /** Whether an uploaded plugin may open connections; undefined leaves it to what was agreed at its upload. */
  readonly network: boolean | undefined;
  /** Whether its DEBUG records are kept and printed too. */
  readonly logLevel: "info" | "debug";
  /** The plugin's own settings, checked against its schema and completed with its defaults. */
  readonly config: JsonObject;
  /** The file that defines it. */
  readonly file: string;
  /** Changes when anything that needs a restart of this instance changes. */
  readonly digest: string;
}

/** What the YAML says: the desired state of the host. Frozen; a reload makes a new one. */
export interface Config {
  readonly file: string;
  readonly homeserver: { readonly url: string; readonly registrationToken: SecretValue | undefined };
  readonly admin: {
    readonly account: UserId | undefined;
    readonly room: RoomReference | undefined;
    /** The most messages an hour to the admin room, and the least time between two of them; CRITICAL ones are exempt. */
    readonly messagesPerHour: number;
    readonly messageIntervalMs: number;
    readonly username: SecretValue | undefined;
    readonly passwordHash: SecretValue | undefined;
  };
  readonly server: {
    readonly host: string;
    readonly port: number;
    readonly allowRemote: boolean;
    /** Without a slash at its end. */
    readonly publicUrl: string | undefined;
  };
  /** Absolute path. */
  readonly dataDir: string;
  /** `at` is a time of day such as "03:30". */
  readonly backup: { readonly enabled: boolean; readonly at: string; readonly keep: number };
  /** Messages that arrived while the host was down are answered if younger than this. */
  readonly catchUpMs: number;
  readonly reload: "manual" | "automatic";
  readonly accounts: ReadonlyMap<UserId, AccountConfig>;
  /** The instances that can run. */
  readonly instances: ReadonlyMap<InstanceId, InstanceConfig>;
  /** The instances whose own section has a problem: they are shown as failed, the rest run. */
  readonly quarantined: ReadonlyMap<InstanceId, readonly Problem[]>;
  /** The YAML that defines each instance, also of those with problems, as far as it can be read; secrets cut. */
  readonly definitions: ReadonlyMap<InstanceId, () => string>;
}

/** A reading of the config file: a config when the file could be understood at all, and every problem found. */
export interface LoadedConfig {
  readonly config: Config | undefined;
  readonly problems: readonly Problem[];
  /** Every secret read, to be cut from logs and answers by value. */
  readonly secrets: readonly Secret[];
  /** Files whose change means that the config changed. */
  readonly watched: readonly string[];
}

export function formatProblem(problem: Problem): string {
  const place = `${problem.file}:${problem.line}:${problem.column}`;
  const path = problem.path === "" ? "" : ` ${problem.path}`;
  const severity = problem.severity === "warning" ? "warning: " : "";
  const hint = problem.hint === undefined ? "" : ` (${problem.hint})`;
  const excerpt = problem.excerpt === undefined ? "" : `\n${problem.excerpt}`;
  return `${place}${path}: ${severity}${problem.message}${hint}${excerpt}`;
}
