import type { InstanceSnapshot } from "../../../core/status.ts";
import type { Done } from "../../roost/contract.ts";
import { formatCount, formatDuration } from "../format.ts";
import { ask, overview } from "../host.ts";
import { Action } from "../parts/action.tsx";
import { Fact } from "../parts/fact.tsx";
import { State } from "../parts/state.tsx";

/** How a bot does, and what may be done about it. What stands where does not depend on its state. */
export function Summary({ id }: { readonly id: string }) {
  const snapshot = overview.value?.snapshot;
  const instance = snapshot?.instances.find((candidate) => candidate.id === id);
  if (snapshot === undefined || instance === undefined) return null;
  const { observed, desired, warnings } = instance;
  const isToRun = desired === "running";
  const act = (verb: string) => async () =>
    (await ask<Done>("POST", `/instances/${encodeURIComponent(id)}/${verb}`)).message;
  return (
    <section class="card bot-head" data-state={observed.state} aria-label={`State of ${id}`}>
      <div>
        <h1>{id}</h1>
        <p>
          <State state={observed.state} />
          <span class="soft">for {formatDuration(snapshot.nowMs - observed.sinceMs)}</span>
        </p>
        {"cause" in observed && observed.cause !== "" && <p>{observed.cause}</p>}
        {"nextAttemptMs" in observed && observed.nextAttemptMs !== undefined && (
          <p class="soft">Next attempt in {formatDuration(observed.nextAttemptMs - snapshot.nowMs)}</p>
        )}
        {warnings.map((warning) => (
          <p key={warning} class="soft">
            {warning}
          </p>
        ))}
      </div>
      <p class="buttons">
        <Action class="steady" onAct={act(isToRun ? "stop" : "start")}>
          {isToRun ? "Stop" : "Start"}
        </Action>
        <Action class="steady" disabled={!isToRun} onAct={act("restart")}>
          Restart
        </Action>
      </p>
      <Figures instance={instance} />
    </section>
  );
}

const weekMs = 7 * 24 * 3_600_000;
/** A share of less says nothing: a start takes a part of a second. */
const shortestMs = 60_000;

function Figures({ instance }: { readonly instance: InstanceSnapshot }) {
  const { received, sent, handled, queued, failed, restarts, availability } = instance;
  const { wantedMs, runningMs } = availability;
  // Of a week that is not over, only the time that it was to run counts.
  const span = wantedMs > weekMs * 0.99 ? "7 days" : formatDuration(wantedMs);
  const share = wantedMs > shortestMs ? `${((runningMs / wantedMs) * 100).toFixed(2)} % of ${span}` : "–";
  const figures = { Received: received, Sent: sent, Handled: handled, Queued: queued, Failed: failed };
  return (
    <dl class="facts">
      {Object.entries(figures).map(([name, count]) => (
        <Fact key={name} name={name}>
          {formatCount(count)}
        </Fact>
      ))}
      <Fact name="Restarts">{formatCount(restarts)}</Fact>
      <Fact name="Available">{share}</Fact>
    </dl>
  );
}
