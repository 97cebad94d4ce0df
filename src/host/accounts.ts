import { hostname } from "node:os";
import { join } from "node:path";
import type { AccountConfig, Config } from "../core/config.ts";
import type { InstanceId, RoomId, UserId } from "../core/id.ts";
import type { HostLogger } from "../core/log.ts";
import type {
  AccountStatus,
  InvitationStore,
  RoomReference,
  RoomStanding,
  SyncBatch,
  SyncState,
} from "../core/matrix.ts";
import { adminRooms } from "../core/room-rule.ts";
import type { Secret } from "../core/secret.ts";
import { MatrixAccount } from "../matrix/account.ts";

export interface AccountsOptions {
  readonly log: HostLogger;
  readonly loadSyncState: (account: UserId) => SyncState | undefined;
  readonly onBatch: (batch: SyncBatch) => void;
  readonly listedRooms: (account: UserId) => readonly RoomReference[];
  readonly worksAnywhere: (account: UserId) => boolean;
  readonly onRooms: (
    account: UserId,
    standings: readonly RoomStanding[],
    forbidden: ReadonlySet<RoomReference>,
  ) => void;
  readonly onStatus: (account: UserId, status: AccountStatus) => void;
  readonly onSecret: (secret: Secret) => void;
  readonly invitationsOf: (account: UserId) => InvitationStore;
  readonly loadSuccessors: () => ReadonlyMap<RoomId, RoomId>;
  readonly saveSuccessor: (room: RoomId, successor: RoomId) => void;
  readonly isWanted: (account: UserId) => boolean;
  readonly instancesOf: (account: UserId) => readonly InstanceId[];
}

/** The accounts that the host is logged in as: one sync loop each, made as instances need them. */
export class Accounts {
  readonly #options: AccountsOptions;
  readonly #accounts = new Map<UserId, { readonly account: MatrixAccount; readonly login: string }>();
  readonly #turns = new Map<UserId, Promise<void>>();

  constructor(options: AccountsOptions) {
    this.#options = options;
  }

  get(userId: UserId): MatrixAccount | undefined {
    return this.#accounts.get(userId)?.account;
  }

  list(): MatrixAccount[] {
    return [...this.#accounts.values()].map(({ account }) => account);
  }

  /** Opens the account, or again with other credentials or after a failure; one that follows its rooms only looks at them again. */
  ensure(wanted: AccountConfig, config: Config): Promise<void> {
    // One after the other: two at once would leave an account behind that nobody knows of.
    const last = this.#turns.get(wanted.userId) ?? Promise.resolve();
    const next = last.catch(() => {}).then(() => this.#ensure(wanted, config));
    this.#turns.set(wanted.userId, next);
    return next;
  }

  async #ensure(wanted: AccountConfig, config: Config): Promise<void> {
    const login = fingerprint(wanted, config);
    const known = this.#accounts.get(wanted.userId);
    const state = known?.account.status().state;
    if (known?.login === login && (state === "syncing" || state === "connecting")) {
      known.account.refreshRooms();
      return;
    }
    await known?.account.close();
    const account = this.#create(wanted, config);
    this.#accounts.set(wanted.userId, { account, login });
    account.open();
  }

  /** Logs it off; what it knows stays on disk. */
  async dismiss(userId: UserId): Promise<void> {
    const known = this.#accounts.get(userId);
    this.#accounts.delete(userId);
    await known?.account.close();
  }

  async close(): Promise<void> {
    await Promise.all(this.list().map((account) => account.close()));
  }

  #create(wanted: AccountConfig, config: Config): MatrixAccount {
    const { log, loadSyncState, onBatch, listedRooms, worksAnywhere, onRooms, onStatus, onSecret } =
      this.#options;
    const { invitationsOf, loadSuccessors, saveSuccessor, isWanted, instancesOf } = this.#options;
    const { userId } = wanted;
    return new MatrixAccount({
      config: wanted,
      homeserverUrl: config.homeserver.url,
      registrationToken: config.homeserver.registrationToken,
      credentialsFolder: join(config.dataDir, "credentials"),
      log,
      deviceName: `Roost on ${hostname()}`,
      hooks: {
        loadSyncState: () => loadSyncState(userId),
        onBatch,
        listedRooms: () => listedRooms(userId),
        worksAnywhere: () => worksAnywhere(userId),
        forbiddenRooms: () => adminRooms(config.admin.room, userId),
        onRooms: (standings, forbidden) => onRooms(userId, standings, forbidden),
        onStatus: (status) => onStatus(userId, status),
        onSecret,
        isWanted: () => isWanted(userId),
        invitations: invitationsOf(userId),
        loadSuccessors,
        saveSuccessor,
        retryCommand: () => {
          const [instance] = instancesOf(userId);
          return instance === undefined ? undefined : `roost restart ${instance}`;
        },
      },
    });
  }
}

/** Equal when a login made for the one serves the other. */
function fingerprint(account: AccountConfig, config: Config): string {
  const secrets = [account.password, account.accessToken].map((value) =>
    value !== undefined && "secret" in value ? Bun.hash(value.secret.reveal()).toString() : "",
  );
  return [config.homeserver.url, account.displayname ?? "", ...secrets].join(" ");
}
