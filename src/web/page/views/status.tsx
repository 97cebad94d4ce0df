import type { ComponentChildren } from "preact";
import type { Check } from "../../health.ts";
import { formatCount, formatDuration } from "../format.ts";
import { health } from "../host.ts";
import { Banner } from "../parts/banner.tsx";
import { State, stateOf } from "../parts/state.tsx";

/** What anybody may see: how each bot does, without the names of rooms and people; and the way in, which stands beside it. */
export function Status({ entry }: { readonly entry: ComponentChildren }) {
  const { status, notes, checks } = health.value;
  const bots = Object.entries(checks).filter(([key]) => key.startsWith("instance:"));
  return (
    <>
      <Banner status={status} sentence={notes[0]} />
      {entry}
      <section aria-labelledby="bots">
        <h2 id="bots">Bots</h2>
        <ul class="bots">
          {bots.map(([key, [check]]) => (
            <Bot key={key} name={key.slice("instance:".length)} check={check} />
          ))}
        </ul>
        {bots.length === 0 && (
          <p class="card note">
            Nothing here yet. Add a bot under <code>instances:</code> in the config file, then restart Roost.
          </p>
        )}
      </section>
    </>
  );
}

function Bot({ name, check }: { readonly name: string; readonly check: Check }) {
  const state = stateOf(String(check.observedValue));
  const nowMs = Date.parse(check.time);
  const leftMs = check.nextAttempt === undefined ? undefined : Date.parse(check.nextAttempt) - nowMs;
  return (
    <li class="card bot" data-state={state}>
      <div>
        <h3>{name}</h3>
        <p class="soft">{check.plugin}</p>
      </div>
      <p>
        <State state={state} />{" "}
        <span class="soft">for {formatDuration(nowMs - Date.parse(check.since ?? check.time))}</span>
      </p>
      <p class="soft">
        {formatCount(check.handled ?? 0)} handled, {formatCount(check.queued ?? 0)} queued,{" "}
        {formatCount(check.failed ?? 0)} failed
      </p>
      {check.output !== undefined && <p class="cause">{check.output}</p>}
      {leftMs !== undefined && (
        <p class="soft">{leftMs < 1000 ? "Next attempt now" : `Next attempt in ${formatDuration(leftMs)}`}</p>
      )}
    </li>
  );
}
