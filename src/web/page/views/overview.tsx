import type { InstanceSnapshot } from "../../../core/status.ts";
import type { InstanceHistory } from "../../roost/contract.ts";
import { formatBytes, formatCount, formatDuration, formatMilliseconds } from "../format.ts";
import { health, overview } from "../host.ts";
import { Banner } from "../parts/banner.tsx";
import { UptimeBars } from "../parts/bars.tsx";
import { Line } from "../parts/line.tsx";
import { State } from "../parts/state.tsx";
import { linkTo } from "../route.ts";

/** Every bot with how it does: what is wrong is to be seen in two seconds. */
export function Overview() {
  const now = overview.value;
  if (now === null) return null;
  const { snapshot, history } = now;
  return (
    <>
      <Banner status={health.value.status} sentence={health.value.notes[0]} />
      <section aria-labelledby="bots">
        <h2 id="bots">Bots</h2>
        <ul class="bots">
          {snapshot.instances.map((instance) => (
            <Bot
              key={instance.id}
              instance={instance}
              history={history[instance.id]}
              nowMs={snapshot.nowMs}
            />
          ))}
        </ul>
        <a class="button" href={linkTo(["new"])}>
          Create a bot
        </a>
      </section>
    </>
  );
}

interface BotProps {
  readonly instance: InstanceSnapshot;
  readonly history: InstanceHistory | undefined;
  readonly nowMs: number;
}

function Bot({ instance, history, nowMs }: BotProps) {
  const { id, plugin, observed, handled, queued, resources } = instance;
  const p50Ms = history?.replyP50Ms.findLast((value) => value !== null);
  return (
    <li class="card bot" data-state={observed.state}>
      <div>
        <h3>
          <a href={linkTo(["bots", id])}>{id}</a>
        </h3>
        <p class="soft">{plugin}</p>
      </div>
      <p>
        <State state={observed.state} />{" "}
        <span class="soft">for {formatDuration(nowMs - observed.sinceMs)}</span>
      </p>
      {history !== undefined && (
        <>
          <UptimeBars history={history} />
          <Line label="Messages" value={formatCount(handled)} points={history.messages} />
          <Line
            label="Reply"
            value={p50Ms == null ? "–" : formatMilliseconds(p50Ms)}
            points={history.replyP50Ms}
          />
          <Line
            label="Memory"
            value={resources.memoryBytes === undefined ? "–" : formatBytes(resources.memoryBytes)}
            points={history.memoryBytes}
          />
        </>
      )}
      {"cause" in observed && observed.cause !== "" && <p class="cause">{observed.cause}</p>}
      {queued > 0 && <p class="soft">{formatCount(queued)} queued</p>}
    </li>
  );
}
