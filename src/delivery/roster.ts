import type { InstanceConfig } from "../core/config.ts";
import { asRoomId, type InstanceId, type UserId } from "../core/id.ts";
import type { RoomReference, RoomStanding } from "../core/matrix.ts";
import type { Subscription } from "../core/plugin.ts";
import { listedRooms, type RoomScope } from "../core/room-rule.ts";
import type { Listener } from "./gate.ts";

interface Member {
  readonly config: InstanceConfig;
  listening: boolean;
  subscriptions: readonly Subscription[] | undefined;
  redactsReplies: boolean;
}

/** Who listens where: the instances in force, and what became of their rooms. */
export class Roster {
  readonly #members = new Map<InstanceId, Member>();
  readonly #standings = new Map<UserId, ReadonlyMap<RoomReference, RoomStanding>>();
  readonly #forbidden = new Map<UserId, ReadonlySet<RoomReference>>();
  #listeners: readonly Listener[] | undefined;

  /** `keepsWishes`: the same run goes on, and listens to what it did. */
  put(config: InstanceConfig, { keepsWishes = false } = {}): void {
    const known = this.#members.get(config.id);
    this.#members.set(config.id, {
      config,
      listening: known?.listening ?? false,
      subscriptions: keepsWishes ? known?.subscriptions : undefined,
      redactsReplies: known?.redactsReplies ?? false,
    });
    this.#listeners = undefined;
  }

  remove(id: InstanceId): void {
    this.#members.delete(id);
    this.#listeners = undefined;
  }

  config(id: InstanceId): InstanceConfig | undefined {
    return this.#members.get(id)?.config;
  }

  setListening(id: InstanceId, listening: boolean): void {
    const member = this.#members.get(id);
    if (member !== undefined) member.listening = listening;
    this.#listeners = undefined;
  }

  setWishes(
    id: InstanceId,
    { subscriptions, redactsReplies }: Pick<Listener, "subscriptions" | "redactsReplies">,
  ): void {
    const member = this.#members.get(id);
    if (member !== undefined) Object.assign(member, { subscriptions, redactsReplies });
    this.#listeners = undefined;
  }

  setStandings(
    account: UserId,
    standings: readonly RoomStanding[],
    forbidden: ReadonlySet<RoomReference>,
  ): void {
    this.#forbidden.set(account, forbidden);
    this.#standings.set(account, new Map(standings.map((standing) => [standing.reference, standing])));
    this.#listeners = undefined;
  }

  /** Every room that an instance of this account lists. */
  listedRooms(account: UserId): RoomReference[] {
    const rooms = new Set<RoomReference>();
    for (const { config } of this.#members.values()) {
      if (config.account === account) for (const room of listedRooms(config.rooms)) rooms.add(room);
    }
    return [...rooms];
  }

  /** Whether an instance of this account works in every room that it is in. */
  worksAnywhere(account: UserId): boolean {
    return [...this.#members.values()].some(
      ({ config }) => config.account === account && config.rooms === "any",
    );
  }

  instancesOf(account: UserId): InstanceId[] {
    return [...this.#members.values()]
      .filter(({ config }) => config.account === account)
      .map(({ config }) => config.id);
  }

  standingsOf(id: InstanceId): RoomStanding[] {
    const config = this.config(id);
    const known = config === undefined ? undefined : this.#standings.get(config.account);
    if (config?.rooms === "any") return [...(known?.values() ?? [])];
    return listedRooms(config?.rooms ?? []).flatMap((room) => known?.get(room) ?? []);
  }

  listeners(): readonly Listener[] {
    this.#listeners ??= [...this.#members.values()].map(
      ({ config, listening, subscriptions, redactsReplies }) => ({
        instance: config.id,
        account: config.account,
        rooms: this.#roomsOf(config),
        listening,
        subscriptions,
        redactsReplies,
      }),
    );
    return this.#listeners;
  }

  /** The instance's rooms by id: those given as ids, what aliases stand for, and what took the place of a closed room. */
  #roomsOf(config: InstanceConfig): RoomScope {
    const forbidden = this.#forbidden.get(config.account) ?? new Set();
    if (config.rooms === "any") return { except: forbidden };
    const known = this.#standings.get(config.account);
    const ids = config.rooms.flatMap((room) => [asRoomId(room), known?.get(room)?.roomId]);
    return new Set(ids.filter((id) => id !== undefined).filter((id) => !forbidden.has(id)));
  }
}
