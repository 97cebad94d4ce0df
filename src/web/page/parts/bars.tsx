import type { InstanceHistory } from "../../roost/contract.ts";
import { formatTime } from "../format.ts";
import { stateWord } from "./state.tsx";

const minuteMs = 60_000;

/** The state of the last 90 minutes, one bar a minute, the newest on the right. Height tells what colour tells. */
export function UptimeBars({ history }: { readonly history: InstanceHistory }) {
  const { states, endsAtMs } = history;
  const known = states.filter((state) => state !== null);
  const running = known.filter((state) => state === "running").length;
  const label =
    known.length === 0
      ? "Nothing is known yet of the last 90 minutes."
      : `Running in ${running} of the last ${known.length} minutes.`;
  return (
    <svg class="bars" viewBox="0 0 180 16" preserveAspectRatio="none" role="img" aria-label={label}>
      {states.map((state, index) => {
        const atMs = endsAtMs - (states.length - 1 - index) * minuteMs;
        const height = state === null ? 2 : state === "running" ? 16 : state === "stopped" ? 5 : 11;
        return (
          <rect
            key={index}
            x={index * 2}
            y={16 - height}
            width="1.5"
            height={height}
            data-state={state ?? "unknown"}
          >
            <title>{`${formatTime(atMs)} ${state === null ? "unknown" : stateWord(state)}`}</title>
          </rect>
        );
      })}
    </svg>
  );
}
