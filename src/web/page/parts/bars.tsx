import { useSignal } from "@preact/signals";
import type { InstanceHistory } from "../../roost/contract.ts";
import { formatTime } from "../format.ts";
import { stateWord } from "./state.tsx";

const minuteMs = 60_000;
const fullHeight = 16;

/** The state of the last 90 minutes, one bar a minute, the newest on the right. Height tells what colour tells. */
export function UptimeBars({ history }: { readonly history: InstanceHistory }) {
  const { states } = history;
  const pointed = useSignal("");
  const known = states.filter((state) => state !== null);
  const running = known.filter((state) => state === "running").length;
  const label =
    known.length === 0
      ? "Nothing is known yet of the last 90 minutes."
      : `Running in ${running} of the last ${known.length} minutes.`;
  return (
    <svg
      class="bars"
      viewBox={`0 0 ${states.length * 2} ${fullHeight}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={label}
      onPointerMove={({ currentTarget, offsetX }) => {
        const index = Math.floor((offsetX / currentTarget.clientWidth) * states.length);
        pointed.value = sentenceAt(history, Math.min(Math.max(index, 0), states.length - 1));
      }}
    >
      <title>{pointed}</title>
      {[...new Set(states)].map((state) => (
        <path key={state} d={barsOf(states, state)} data-state={state ?? "unknown"} />
      ))}
    </svg>
  );
}

/** All bars of one state as one shape: fifty bots with ninety elements each would take half a second to draw. */
function barsOf(states: InstanceHistory["states"], drawn: InstanceHistory["states"][number]): string {
  const height = drawn === null || drawn === "running" ? fullHeight : drawn === "stopped" ? 5 : 11;
  const bar = `v${height}h1.5v-${height}z`;
  return states
    .map((state, index) => (state === drawn ? `M${index * 2} ${fullHeight - height}${bar}` : ""))
    .join("");
}

function sentenceAt({ states, endsAtMs }: InstanceHistory, index: number): string {
  const state = states[index] ?? null;
  const atMs = endsAtMs - (states.length - 1 - index) * minuteMs;
  return `${formatTime(atMs)} ${state === null ? "unknown" : stateWord(state)}`;
}
