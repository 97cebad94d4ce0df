import { useSignal } from "@preact/signals";
import type { TrashedInstance } from "../../../core/management.ts";
import type { InstanceDetail } from "../../roost/contract.ts";
import { ask, overview } from "../host.ts";
import { Confirm } from "../parts/confirm.tsx";
import { Diff } from "../parts/diff.tsx";
import { Fact } from "../parts/fact.tsx";
import { useLoadedWith, Waiting } from "../parts/loaded.tsx";
import { go, linkTo, route } from "../route.ts";
import { Database } from "./instance-database.tsx";
import { Rooms } from "./instance-rooms.tsx";
import { Settings } from "./instance-settings.tsx";
import { Summary } from "./instance-summary.tsx";
import { Log } from "./logs.tsx";

const tabs = ["Overview", "Settings", "Database", "Log"] as const;

/** One bot: how it does, its rooms, its settings, its database, its log. */
export function Instance({ id }: { readonly id: string }) {
  const loaded = useLoadedWith<InstanceDetail>(`/instances/${encodeURIComponent(id)}`, id);
  const loading = loaded.now.value;
  const tab = tabs.find((name) => name.toLowerCase() === route.value.path[2]) ?? "Overview";
  return (
    <>
      <nav class="crumbs" aria-label="Where you are">
        <a href={linkTo([])}>Bots</a> / <b>{id}</b>
      </nav>
      <Summary id={id} />
      {loading.state !== "refused" && (
        <nav class="tabs" aria-label="Parts of this bot">
          {tabs.map((name) => (
            <a
              key={name}
              href={linkTo(["bots", id, name.toLowerCase()])}
              data-name={name}
              aria-current={tab === name ? "page" : undefined}
            >
              {name}
            </a>
          ))}
        </nav>
      )}
      <Waiting loading={loading} />
      {loading.state === "there" && <Part tab={tab} id={id} detail={loading.answer} reload={loaded.reload} />}
    </>
  );
}

interface PartProps {
  readonly tab: (typeof tabs)[number];
  readonly id: string;
  readonly detail: InstanceDetail;
  readonly reload: () => Promise<void>;
}

function Part({ tab, id, detail, reload }: PartProps) {
  switch (tab) {
    case "Overview":
      return <Details detail={detail} />;
    case "Settings":
      return <Settings detail={detail} reload={reload} />;
    case "Database":
      return <Database id={id} />;
    case "Log":
      return (
        <section aria-label={`Log of ${id}`}>
          <Log filter={{ instance: id, severity: "INFO", text: "", since: "" }} />
          <p class="soft after">
            <a href={linkTo(["logs"], { instance: id, severity: "DEBUG" })}>
              With its details, to be filtered
            </a>
          </p>
        </section>
      );
  }
}

/** What stands between the bot's code and the machine. */
const isolations = {
  worker: "inside Roost, which trusts its code",
  confined: "in a process of its own that reaches only its own folder",
  unconfined: "in a process of its own that is not confined: this kernel has no Landlock",
} as const;

function Details({ detail }: { readonly detail: InstanceDetail }) {
  const { definition, pending } = detail;
  const { id, plugin, account, prefix } = definition;
  const isolation = overview.value?.snapshot.instances.find((instance) => instance.id === id)?.isolation;
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
        <Fact name="Plugin">{plugin}</Fact>
        <Fact name="Account">{account}</Fact>
        <Fact name="Commands begin with">{prefix}</Fact>
        {isolation !== undefined && <Fact name="Runs">{isolations[isolation]}</Fact>}
      </dl>
      <Rooms definition={definition} />
      <Danger id={id} readOnly={definition.readOnly} />
    </>
  );
}

function Danger({ id, readOnly }: { readonly id: string; readonly readOnly: string | undefined }) {
  const isDeleted = useSignal(false);
  if (isDeleted.value) return null;
  if (readOnly !== undefined) return <p class="soft">{readOnly}</p>;
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
