/**
 * What Roost's own API answers, as the page reads it. Times are Unix milliseconds. Base path: `/_roost/v1`.
 *
 * | method path | body | answer |
 * |---|---|---|
 * | GET POST DELETE `/session` | `{username, password}` | Session (the only routes without login) |
 * | GET `/overview` | | Overview |
 * | GET `/events` | | server-sent events: HostEvent, each with an id; `Last-Event-ID` resumes |
 * | GET `/instances/{id}` | | InstanceDetail |
 * | POST `/instances/{id}/start`, `stop`, `restart` | | Done |
 * | POST `/instances/{id}/preview` | InstanceChange | InstancePreview |
 * | PUT `/instances/{id}` | InstanceChange | one JSON line a Step, the last one `{saved}` or `{error, errcode, problems?, diff?}` |
 * | DELETE `/instances/{id}/saved` | | Done |
 * | DELETE `/instances/{id}` | | TrashedInstance |
 * | GET `/instances/{id}/rooms` | | RoomView[] |
 * | GET `/instances/{id}/tables`; POST `/instances/{id}/query` | `{sql, mayWrite?, limit?}` | DatabaseTable[]; QueryResult |
 * | GET `/trash`; POST `/trash/{folder}/recover` | | TrashedInstance[]; Done |
 * | GET `/logs?instance&severity&text&since&until&before&limit`; GET `/logs/{id}` | | LogPage; the record |
 * | GET `/alerts?since` | | records of WARN and worse since then, newest first |
 * | GET `/plugins`; POST `/plugins?replace=1`; DELETE `/plugins/{id}`; POST `/plugins/{id}/reload` | the archive itself | PluginInfo[]; `{plugin, isNew, warnings}`; Done |
 * | GET `/accounts`; PUT `/accounts/{userId}`; PATCH; DELETE | `{login, displayname?}` | AccountInfo[]; JSON lines as for instances, ending in `{account}` |
 * | GET `/homeserver` | | `{url, serverName, canRegister}` |
 * | POST `/rooms` | `{account, references}` | RoomView[] |
 * | GET `/pending`; POST `/pending/apply` | | Pending; Done |
 * | GET POST `/backups`; GET `/backups/{id}`; POST `/backups/{id}/restore` | `{what}` | BackupInfo[], BackupInfo; a tar file; Done |
 * | GET `/openapi.json` | | this, as OpenAPI 3.1 |
 */
import type { InstanceId } from "../../core/id.ts";
import type {
  InstanceDefinition,
  PendingDifference,
  Saved,
  SavedSetting,
  Step,
} from "../../core/management.ts";
import type { PluginInfo } from "../../core/plugin-info.ts";
import type { KeptRecord } from "../../core/record.ts";
import type { HostSnapshot, InstanceSnapshot, PendingConfig } from "../../core/status.ts";
import type { Health, HealthStatus } from "../health.ts";

/** What an action did, as a sentence. */
export interface Done {
  readonly message: string;
}

export interface Session {
  readonly user: string | null;
  readonly canLogIn: boolean;
}

/** What the page's document brings along, so that its first paint waits for nothing. */
export interface FirstAnswer {
  readonly session: Session;
  /** What anybody may see. */
  readonly health: Health;
  /** What only who is logged in may see. */
  readonly overview: Overview | null;
}

export interface Overview {
  /** How it all stands, as in health. */
  readonly status: HealthStatus;
  readonly sentence: string;
  /** Its `faults` are what is wrong and not over. */
  readonly snapshot: HostSnapshot;
  /** By instance, from memory only. */
  readonly history: Readonly<Record<InstanceId, InstanceHistory>>;
}

/** The last 90 samples of the state and the last hour's figures, oldest first, one a minute; null where none was taken. */
export interface InstanceHistory {
  readonly endsAtMs: number;
  readonly states: readonly (InstanceSnapshot["observed"]["state"] | null)[];
  /** Messages taken in, and sent. */
  readonly received: readonly (number | null)[];
  readonly sent: readonly (number | null)[];
  readonly replyP50Ms: readonly (number | null)[];
  readonly memoryBytes: readonly (number | null)[];
}

export interface InstanceDetail {
  readonly snapshot: InstanceSnapshot;
  readonly definition: InstanceDefinition;
  readonly plugin: PluginInfo | undefined;
  /** What restarting it would change. */
  readonly pending: PendingDifference | undefined;
  /** What its plugin saved over the YAML's settings. */
  readonly saved: readonly SavedSetting[];
}

export interface Pending extends Omit<PendingConfig, "problems"> {
  /** Each as `file:line:col path: sentence`, with its source line. */
  readonly problems: readonly string[];
  readonly differences: readonly PendingDifference[];
}

export interface LogPage {
  /** Oldest first. */
  readonly records: readonly KeptRecord[];
}

export type HostEvent =
  /** Sent when anything in it changes, at most four times a second. */
  | { readonly event: "overview"; readonly data: Overview }
  /** Every record that the log keeps; the event's id is the record's. */
  | { readonly event: "record"; readonly data: unknown };

export type SaveLine = Step | { readonly saved: Saved };
