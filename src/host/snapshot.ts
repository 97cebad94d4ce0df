import type { InstanceId, UserId } from "../core/id.ts";
import type { RoomStanding } from "../core/matrix.ts";
import type { HostSnapshot, InstanceResources, InstanceSnapshot } from "../core/status.ts";
import type { Roster } from "../delivery/roster.ts";
import type { MatrixAccount } from "../matrix/account.ts";
import type { Counts } from "../store/host-counts.ts";
import type { Supervisor } from "../supervisor/supervisor.ts";
import type { Vitals } from "../vitals/vitals.ts";
import type { Tally } from "./tally.ts";

export function snapshotInstance(
  id: InstanceId,
  parts: {
    readonly plugin: string;
    readonly account: UserId | undefined;
    readonly supervisor: Supervisor;
    readonly vitals: Vitals;
    readonly standings: readonly RoomStanding[];
    /** Why messages wait, as sentences. */
    readonly troubles: readonly (string | undefined)[];
    readonly tally: Tally;
    readonly resources: InstanceResources;
    readonly isolation: InstanceSnapshot["isolation"];
    readonly counts: Counts;
    readonly restartNeeded: boolean;
  },
): InstanceSnapshot {
  const { plugin, supervisor, vitals, standings, troubles, tally, resources, isolation, counts } = parts;
  return {
    id,
    plugin,
    account: parts.account,
    desired: supervisor.desired(id),
    observed: supervisor.observed(id),
    warnings: [...troubles.filter((trouble) => trouble !== undefined), ...warningsOf(standings)],
    restartNeeded: parts.restartNeeded,
    queued: counts.queued.get(id) ?? 0,
    unsent: counts.unsent.get(id) ?? 0,
    received: tally.received,
    handled: tally.handled,
    failed: tally.failed,
    sent: tally.sent,
    restarts: supervisor.restarts(id),
    replyMedianMs: vitals.replyMedianMs(id),
    availability: vitals.availability(id),
    counted: Object.fromEntries(tally.counted),
    resources,
    isolation,
    week: counts.week.get(id) ?? {},
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

export function snapshotAccounts(
  accounts: readonly MatrixAccount[],
  roster: Roster,
): HostSnapshot["accounts"] {
  return accounts.map((account) => {
    const { state, sinceMs } = account.status();
    return { instances: roster.instancesOf(account.userId), state, sinceMs, lastSyncMs: account.lastSyncMs };
  });
}
