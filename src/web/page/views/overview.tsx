import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { OpenFault } from "../../../core/log.ts";
import type { KeptRecord } from "../../../core/record.ts";
import type { InstanceSnapshot } from "../../../core/status.ts";
import type { InstanceHistory } from "../../roost/contract.ts";
import {
  formatBytes,
  formatCount,
  formatDate,
  formatDuration,
  formatMilliseconds,
  formatSeverity,
} from "../format.ts";
import { ask, overview } from "../host.ts";
import { Banner } from "../parts/banner.tsx";
import { UptimeBars } from "../parts/bars.tsx";
import { Line } from "../parts/line.tsx";
import { State } from "../parts/state.tsx";
import { linkTo } from "../route.ts";

/** What the first frame shows; the others follow in the next, out of view. */
const firstScreenCount = 12;

/** Every bot with how it does: what is wrong is to be seen in two seconds. */
export function Overview() {
  const now = overview.value;
  const isFirstFrame = useSignal(true);
  useEffect(() => {
    const timer = setTimeout(() => {
      isFirstFrame.value = false;
    });
    return () => clearTimeout(timer);
  }, []);
  if (now === null) return null;
  const { snapshot, history, status, sentence } = now;
  return (
    <>
      <Banner status={status} sentence={sentence}>
        <p class="soft">
          Up {formatDuration(snapshot.nowMs - snapshot.startedAtMs)} ·{" "}
          {formatBytes(snapshot.resources.rssBytes)} of memory
          {snapshot.disk !== undefined && ` · ${formatBytes(snapshot.disk.freeBytes)} of disk free`}
        </p>
      </Banner>
      <Faults faults={snapshot.faults} nowMs={snapshot.nowMs} />
      <section aria-labelledby="bots">
        <div class="heading">
          <h2 id="bots">Bots</h2>
          <a class="button small primary" href={linkTo(["new"])}>
            Create a bot
          </a>
        </div>
        <ul class="bots">
          {snapshot.instances.slice(0, isFirstFrame.value ? firstScreenCount : undefined).map((instance) => (
            <Bot
              key={instance.id}
              instance={instance}
              history={history[instance.id]}
              nowMs={snapshot.nowMs}
            />
          ))}
        </ul>
        {snapshot.instances.length === 0 && <p class="card">Nothing here yet. Create the first bot.</p>}
      </section>
      <Alerts />
    </>
  );
}

/** What is wrong and not over. */
function Faults({ faults, nowMs }: { readonly faults: readonly OpenFault[]; readonly nowMs: number }) {
  if (faults.length === 0) return null;
  return (
    <section aria-labelledby="faults">
      <h2 id="faults">Needs attention</h2>
      <ul class="card list">
        {faults.map(({ instance, key, severity, message, sinceMs, command }) => (
          <li key={`${instance} ${key}`} data-status={severity === "WARN" ? "warn" : "fail"}>
            <i class="dot" aria-hidden="true" />
            <div>
              <p>
                <b>{instance ?? "The host"}:</b> {message}
              </p>
              <p class="soft">
                {formatSeverity(severity)} for {formatDuration(nowMs - sinceMs)}
                {command !== undefined && (
                  <>
                    {" · "}
                    <code>{command}</code>
                  </>
                )}
              </p>
            </div>
          </li>
        ))}
      </ul>
    </section>
  );
}

interface BotProps {
  readonly instance: InstanceSnapshot;
  readonly history: InstanceHistory | undefined;
  readonly nowMs: number;
}

function Bot({ instance, history, nowMs }: BotProps) {
  const { id, plugin, account, observed, received, sent, handled, queued, failed } = instance;
  const { resources, replyMedianMs, warnings } = instance;
  const share = resources.cpuSeconds;
  return (
    <li class="card bot" data-state={observed.state}>
      <div class="title">
        <h3>
          <a href={linkTo(["bots", id])}>{id}</a>
        </h3>
        <p class="soft">{plugin}</p>
        {account !== undefined && <p class="soft">{account}</p>}
      </div>
      <p>
        <State state={observed.state} />
        <span class="soft">for {formatDuration(nowMs - observed.sinceMs)}</span>
      </p>
      {history === undefined ? <span /> : <UptimeBars history={history} />}
      <div class="lines">
        <Line label="Received" value={formatCount(received)} points={history?.received ?? []} />
        <Line label="Sent" value={formatCount(sent)} points={history?.sent ?? []} />
        <Line
          label="Reply"
          value={replyMedianMs === undefined ? "–" : formatMilliseconds(replyMedianMs)}
          points={history?.replyP50Ms ?? []}
        />
        <Line
          label="Memory"
          value={resources.memoryBytes === undefined ? "–" : formatBytes(resources.memoryBytes)}
          points={history?.memoryBytes ?? []}
        />
      </div>
      {"cause" in observed && observed.cause !== "" && <p class="cause">{observed.cause}</p>}
      {"nextAttemptMs" in observed && observed.nextAttemptMs !== undefined && (
        <p class="cause soft">Next attempt in {formatDuration(observed.nextAttemptMs - nowMs)}</p>
      )}
      {warnings.map((warning) => (
        <p key={warning} class="cause soft">
          {warning}
        </p>
      ))}
      <p class="cause soft figures">
        {formatCount(handled)} handled · {formatCount(queued)} queued · {formatCount(failed)} failed
        {share !== undefined && ` · ${formatDuration(share * 1000)} of processor time`}
        {instance.restartNeeded && " · its settings on disk have changed: restart it to apply them"}
      </p>
    </li>
  );
}

const visitKey = "roost-last-visit";

/** Warnings and errors since somebody last looked here. */
function Alerts() {
  const alerts = useSignal<readonly KeptRecord[] | undefined>(undefined);
  const sinceMs = useSignal(0);
  useEffect(() => {
    sinceMs.value = Number(localStorage.getItem(visitKey) ?? 0);
    const since = sinceMs.value === 0 ? "7d" : new Date(sinceMs.value).toISOString();
    ask<readonly KeptRecord[]>("GET", `/alerts?since=${since}`).then(
      (found) => {
        alerts.value = found;
      },
      () => {},
    );
  }, []);
  if (alerts.value === undefined || alerts.value.length === 0) return null;
  const folded = fold(alerts.value);
  const seen = () => {
    localStorage.setItem(visitKey, String(Date.now()));
    alerts.value = [];
  };
  return (
    <section aria-labelledby="alerts">
      <div class="heading">
        <h2 id="alerts">{sinceMs.value === 0 ? "Lately" : `Since ${formatDate(sinceMs.value)}`}</h2>
        <button type="button" class="small" onClick={seen}>
          Mark as seen
        </button>
      </div>
      <ul class="card list">
        {folded.slice(0, 8).map(({ newest: { id, timeMs, severity, instance, message }, count }) => (
          <li key={id} data-status={severity === "WARN" ? "warn" : "fail"}>
            <i class="dot" aria-hidden="true" />
            <div>
              <a href={linkTo(["logs"], { id: String(id) })}>{message}</a>
              <p class="soft">
                {formatSeverity(severity)} · {instance ?? "the host"} · {formatDate(timeMs)}
                {count > 1 && ` · ${formatCount(count)} times`}
              </p>
            </div>
          </li>
        ))}
        {folded.length > 8 && (
          <li>
            <a href={linkTo(["logs"], { severity: "WARN" })}>{folded.length - 8} more in the log</a>
          </li>
        )}
      </ul>
    </section>
  );
}

/** What was said again and again stands once, where it was said last. The newest come first. */
function fold(records: readonly KeptRecord[]): { readonly newest: KeptRecord; readonly count: number }[] {
  const same = Map.groupBy(
    records,
    ({ instance, severity, message }) => `${instance} ${severity} ${message}`,
  );
  return [...same.values()].flatMap(([newest, ...others]) =>
    newest === undefined ? [] : [{ newest, count: 1 + others.length }],
  );
}
