import type { InstanceId } from "./core/id.ts";
import type { Account, RoomStanding } from "./core/matrix.ts";
import type { HostSnapshot, InstanceResources, InstanceSnapshot } from "./core/status.ts";
import type { Roster } from "./delivery/roster.ts";
import type { Tally } from "./instances.ts";
import type { Supervisor } from "./supervisor/supervisor.ts";

export function snapshotInstance(
  id: InstanceId,
  parts: {
    readonly plugin: string;
    readonly supervisor: Supervisor;
    readonly standings: readonly RoomStanding[];
    /** Why messages wait, as sentences. */
    readonly troubles: readonly (string | undefined)[];
    readonly tally: Tally;
    readonly resources: InstanceResources;
    readonly queued: number;
    readonly restartNeeded: boolean;
    readonly week: ReadonlyMap<string, number>;
  },
): InstanceSnapshot {
  const { plugin, supervisor, standings, troubles, tally, resources, queued, restartNeeded, week } = parts;
  return {
    id,
    plugin,
    desired: supervisor.desired(id),
    observed: supervisor.observed(id),
    warnings: [...troubles.filter((trouble) => trouble !== undefined), ...warningsOf(standings)],
    restartNeeded,
    queued,
    handled: tally.handled,
    failed: tally.failed,
    resources,
    week: Object.fromEntries(week),
  };
}

/** Counts only: health names no rooms. Which rooms they are is in the log, with what to do. */
function warningsOf(standings: readonly RoomStanding[]): string[] {
  const encrypted = standings.filter((standing) => standing.encrypted).length;
  const outside = standings.filter((standing) => standing.membership !== "joined").length;
  const replaced = standings.filter(({ membership, encrypted, advice }) => {
    return membership === "joined" && !encrypted && advice !== undefined;
  }).length;
  const rooms = (count: number) => (count === 1 ? "1 room" : `${count} rooms`);
  return [
    ...(encrypted > 0
      ? [`${rooms(encrypted)} encrypted: the bot cannot read what is said there yet. The log says which.`]
      : []),
    ...(replaced > 0
      ? [`${rooms(replaced)} closed, or replaced by another. The log says which, and what to do.`]
      : []),
    ...(outside > 0 ? [`${rooms(outside)} not joined. The log says which, and what to do.`] : []),
  ];
}

export function snapshotAccounts(accounts: readonly Account[], roster: Roster): HostSnapshot["accounts"] {
  return accounts.map((account) => {
    const { state, sinceMs } = account.status();
    return { instances: roster.instancesOf(account.userId), state, sinceMs };
  });
}
