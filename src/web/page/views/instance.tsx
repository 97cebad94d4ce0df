import { useSignal } from "@preact/signals";
import type { TrashedInstance } from "../../../core/management.ts";
import type { Done, InstanceDetail } from "../../roost/contract.ts";
import { formatCount, formatDuration } from "../format.ts";
import { ask, overview } from "../host.ts";
import { Action } from "../parts/action.tsx";
import { Confirm } from "../parts/confirm.tsx";
import { Diff } from "../parts/diff.tsx";
import { useLoadedWith, Waiting } from "../parts/loaded.tsx";
import { State } from "../parts/state.tsx";
import { go, linkTo, route } from "../route.ts";
import { Database } from "./instance-database.tsx";
import { Rooms } from "./instance-rooms.tsx";
import { Settings } from "./instance-settings.tsx";
import { Log } from "./logs.tsx";

const tabs = ["overview", "settings", "database", "log"] as const;

/** One bot: how it does, its rooms, its settings, its database, its log. */
export function Instance({ id }: { readonly id: string }) {
  const loaded = useLoadedWith<InstanceDetail>(`/instances/${encodeURIComponent(id)}`, id);
  const loading = loaded.now.value;
  const tab = tabs.find((name) => name === route.value.path[2]) ?? "overview";
  return (
    <>
      <nav class="crumbs" aria-label="Where you are">
        <a href={linkTo([])}>Bots</a> / <b>{id}</b>
      </nav>
      <Summary id={id} />
      <Waiting loading={loading} />
      {loading.state === "there" && (
        <>
          <nav class="tabs" aria-label="Parts of this bot">
            {tabs.map((name) => (
              <a
                key={name}
                href={linkTo(["bots", id, name])}
                aria-current={tab === name ? "page" : undefined}
              >
                {name[0]?.toUpperCase() + name.slice(1)}
              </a>
            ))}
          </nav>
          {tab === "overview" && <Details detail={loading.answer} />}
          {tab === "settings" && <Settings detail={loading.answer} reload={loaded.reload} />}
          {tab === "database" && <Database id={id} />}
          {tab === "log" && <Log filter={{ instance: id, severity: "INFO", text: "", since: "" }} />}
        </>
      )}
    </>
  );
}

const isolations = {
  worker: "in a worker of the host, which can read what the host can",
  confined: "in a process confined to its folder",
  unconfined: "in a process of its own, not confined: this kernel has no Landlock",
} as const;

function Summary({ id }: { readonly id: string }) {
  const snapshot = overview.value?.snapshot;
  const instance = snapshot?.instances.find((candidate) => candidate.id === id);
  if (snapshot === undefined || instance === undefined) return null;
  const { observed, desired, warnings, availability, isolation } = instance;
  const share = availability.wantedMs > 0 ? availability.runningMs / availability.wantedMs : undefined;
  const path = `/instances/${encodeURIComponent(id)}`;
  const act = (verb: string) => async () => (await ask<Done>("POST", `${path}/${verb}`)).message;
  return (
    <section class="card bot-head" data-state={observed.state} aria-label={`State of ${id}`}>
      <div>
        <h1 class="name">{id}</h1>
        <p>
          <State state={observed.state} />
          <span class="soft">for {formatDuration(snapshot.nowMs - observed.sinceMs)}</span>
        </p>
        {"cause" in observed && observed.cause !== "" && <p>{observed.cause}</p>}
        {warnings.map((warning) => (
          <p key={warning} class="soft">
            {warning}
          </p>
        ))}
        <p class="soft">
          {formatCount(instance.received)} received · {formatCount(instance.sent)} sent ·{" "}
          {formatCount(instance.handled)} handled · {formatCount(instance.queued)} queued ·{" "}
          {formatCount(instance.failed)} failed · {formatCount(instance.restarts)}{" "}
          {instance.restarts === 1 ? "restart" : "restarts"}
          {isolation !== undefined && ` · ${isolations[isolation]}`}
          {share !== undefined && ` · ${(share * 100).toFixed(2)} % available over 7 days`}
        </p>
      </div>
      <p class="buttons">
        {desired === "running" ? (
          <Action onAct={act("stop")}>Stop</Action>
        ) : (
          <Action onAct={act("start")}>Start</Action>
        )}
        <Action onAct={act("restart")}>Restart</Action>
      </p>
    </section>
  );
}

function Details({ detail }: { readonly detail: InstanceDetail }) {
  const { definition, pending } = detail;
  const { id, plugin, account, prefix } = definition;
  return (
    <>
      {pending !== undefined && (
        <section aria-labelledby="pending">
          <h2 id="pending">Restarting it applies this</h2>
          <p>{pending.sentence}</p>
          <Diff text={pending.diff} />
        </section>
      )}
      <dl class="card facts">
        <Fact name="Plugin" value={plugin} />
        <Fact name="Account" value={account} />
        <Fact name="Commands begin with" value={prefix} />
      </dl>
      <Rooms definition={definition} />
      <Danger id={id} readOnly={definition.readOnly} />
    </>
  );
}

function Fact({ name, value }: { readonly name: string; readonly value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

function Danger({ id, readOnly }: { readonly id: string; readonly readOnly: string | undefined }) {
  const isDeleted = useSignal(false);
  if (readOnly !== undefined || isDeleted.value) return <p class="soft">{readOnly}</p>;
  const remove = async () => {
    const { folder } = await ask<TrashedInstance>("DELETE", `/instances/${encodeURIComponent(id)}`);
    isDeleted.value = true;
    go(linkTo([]));
    return `${id} is deleted. Its data lies in trash/${folder}; Config brings it back.`;
  };
  return (
    <section aria-labelledby="delete">
      <h2 id="delete">Delete</h2>
      <Confirm label={`Delete ${id}`} question={`Delete ${id}?`} name={id} onAct={remove}>
        <p>
          It stops, and its settings and data move to a dated folder, from which they can be brought back.
        </p>
      </Confirm>
    </section>
  );
}
