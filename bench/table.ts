import type { Load, Result } from "./measure.ts";

interface Row {
  readonly name: string;
  readonly value: (result: Result) => number;
  readonly digits: number;
}

const rows: readonly Row[] = [
  {
    name: "event to reply at 40/s from the start on, p50, 1 account (ms)",
    value: ({ one }) => one.steady.p50Ms,
    digits: 2,
  },
  { name: "the same, p99 (ms)", value: ({ one }) => one.steady.p99Ms, digits: 2 },
  { name: "the same, p50, 10 accounts (ms)", value: ({ ten }) => ten.steady.p50Ms, digits: 2 },
  { name: "the same, p99 (ms)", value: ({ ten }) => ten.steady.p99Ms, digits: 2 },
  {
    name: "event to reply at 40/s after the bursts, p50, 1 account (ms)",
    value: ({ one }) => one.steadyAgain.p50Ms,
    digits: 2,
  },
  { name: "the same, p99 (ms)", value: ({ one }) => one.steadyAgain.p99Ms, digits: 2 },
  { name: "the same, p50, 10 accounts (ms)", value: ({ ten }) => ten.steadyAgain.p50Ms, digits: 2 },
  { name: "the same, p99 (ms)", value: ({ ten }) => ten.steadyAgain.p99Ms, digits: 2 },
  {
    name: "processor time per event at 40/s, 1 account (ms)",
    value: ({ one }) => one.steady.cpuMsPerEvent,
    digits: 2,
  },
  { name: "the same, 10 accounts (ms)", value: ({ ten }) => ten.steady.cpuMsPerEvent, digits: 2 },
  {
    name: "as fast as they go, 1 account, 1 room (per s)",
    value: ({ one }) => one.burstOneRoom.perSecond,
    digits: 0,
  },
  { name: "the same, over 10 rooms (per s)", value: ({ one }) => one.burstAllRooms.perSecond, digits: 0 },
  {
    name: "the same, 10 accounts, a room each (per s)",
    value: ({ ten }) => ten.burstAllRooms.perSecond,
    digits: 0,
  },
  {
    name: "processor time per event of these, 1 room (ms)",
    value: ({ one }) => one.burstOneRoom.cpuMsPerEvent,
    digits: 3,
  },
  { name: "the same, over 10 rooms (ms)", value: ({ one }) => one.burstAllRooms.cpuMsPerEvent, digits: 3 },
  { name: "the same, 10 accounts (ms)", value: ({ ten }) => ten.burstAllRooms.cpuMsPerEvent, digits: 3 },
  { name: "resident memory, idle, 1 account (MB)", value: ({ one }) => one.idleMegabytes, digits: 1 },
  { name: "the same, 10 accounts (MB)", value: ({ ten }) => ten.idleMegabytes, digits: 1 },
  { name: "process start to first sync, 1 account (ms)", value: ({ one }) => one.startMs, digits: 0 },
  { name: "process start to last first sync, 10 accounts (ms)", value: ({ ten }) => ten.startMs, digits: 0 },
  { name: "replies lost or doubled, all runs", value: countFaults, digits: 0 },
];

/** A Markdown table with a column for each contender, and the ratios that the project has goals for. */
export function renderTable(results: readonly Result[]): string {
  const byName = new Map(results.map((result) => [result.name, result]));
  const ratios = [
    ["roost", "bare loop"],
    ["maubot", "roost"],
    ["maubot", "roost, process"],
    ["maubot", "roost, Python"],
  ].flatMap(([above = "", below = ""]) => {
    const [first, second] = [byName.get(above), byName.get(below)];
    return first === undefined || second === undefined
      ? []
      : [{ name: `${above} / ${below}`, first, second }];
  });
  const header = ["figure", ...results.map(({ name }) => name), ...ratios.map(({ name }) => name)];
  const lines = rows.map(({ name, value, digits }) => [
    name,
    ...results.map((result) => value(result).toFixed(digits)),
    ...ratios.map(({ first, second }) => formatRatio(value(first) / value(second))),
  ]);
  return [header, header.map(() => "---"), ...lines].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

function formatRatio(ratio: number): string {
  return Number.isFinite(ratio) ? ratio.toFixed(2) : "";
}

function countFaults({ one, ten }: Result): number {
  const loads: readonly Load[] = [one, ten].flatMap((each) => [
    each.steady,
    each.burstOneRoom,
    each.burstAllRooms,
    each.steadyAgain,
  ]);
  return loads.reduce((sum, { lost, doubled }) => sum + lost + doubled, 0);
}
