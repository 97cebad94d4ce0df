import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Severity } from "../../../core/log.ts";
import type { KeptRecord } from "../../../core/record.ts";
import type { LogPage } from "../../roost/contract.ts";
import { ask, onEvent, overview } from "../host.ts";
import { useLoaded, Waiting } from "../parts/loaded.tsx";
import { LogList } from "../parts/log-list.tsx";
import { LogRecordCard } from "../parts/log-record.tsx";
import { act } from "../parts/message.tsx";
import { keptRecords, type LogFilter, lineOf, passes, queryOf, severities } from "../records.ts";
import { go, linkTo, route } from "../route.ts";

/** The log of all instances, with the filter in the address. */
export function Logs() {
  const { query } = route.value;
  const id = query.get("id");
  if (id !== null) return <OneRecord id={id} />;
  const filter: LogFilter = {
    instance: query.get("instance") ?? "",
    severity: severities.find((severity) => severity === query.get("severity")) ?? "INFO",
    text: query.get("text") ?? "",
    since: query.get("since") ?? "",
  };
  return (
    <section aria-labelledby="log">
      <h2 id="log">Log</h2>
      <Filter filter={filter} />
      <Log filter={filter} />
    </section>
  );
}

function OneRecord({ id }: { readonly id: string }) {
  const { now } = useLoaded<KeptRecord>(`/logs/${encodeURIComponent(id)}`);
  return (
    <section aria-labelledby="log">
      <h2 id="log">One record of the log</h2>
      <Waiting loading={now.value} />
      {now.value.state === "there" && <LogRecordCard record={now.value.answer} />}
      <p>
        <a href={linkTo(["logs"])}>The whole log</a>
      </p>
    </section>
  );
}

function Filter({ filter }: { readonly filter: LogFilter }) {
  const change = (part: Partial<LogFilter>) => {
    const next = Object.entries({ ...filter, ...part }).filter(([, value]) => value !== "");
    go(linkTo(["logs"], Object.fromEntries(next)));
  };
  const instances = overview.value?.snapshot.instances ?? [];
  return (
    <form class="filter" onSubmit={(event) => event.preventDefault()}>
      <label>
        Severity
        <select
          value={filter.severity}
          onChange={({ currentTarget }) => change({ severity: currentTarget.value as Severity })}
        >
          {severities.map((severity) => (
            <option key={severity} value={severity}>
              {severity === "CRITICAL" ? severity : `${severity} and worse`}
            </option>
          ))}
        </select>
      </label>
      <label>
        From
        <select
          value={filter.instance}
          onChange={({ currentTarget }) => change({ instance: currentTarget.value })}
        >
          <option value="">everything</option>
          <option value="host">the host itself</option>
          {instances.map(({ id }) => (
            <option key={id} value={id}>
              {id}
            </option>
          ))}
        </select>
      </label>
      <label>
        Since
        <select value={filter.since} onChange={({ currentTarget }) => change({ since: currentTarget.value })}>
          <option value="">ever</option>
          <option value="10m">10 minutes ago</option>
          <option value="1h">an hour ago</option>
          <option value="1d">a day ago</option>
        </select>
      </label>
      <label>
        Text
        <input
          type="search"
          value={filter.text}
          onChange={({ currentTarget }) => change({ text: currentTarget.value })}
        />
      </label>
    </form>
  );
}

/** The records of a filter, live. While one reads further up, those that come are counted instead of pulling the list away. */
export function Log({ filter }: { readonly filter: LogFilter }) {
  const records = useSignal<readonly KeptRecord[]>([]);
  const isAtEnd = useSignal(true);
  const isPaused = useSignal(false);
  const unseen = useSignal(0);
  const key = queryOf(filter);
  useEffect(() => {
    let arrived: KeptRecord[] = [];
    let frame = 0;
    const take = () => {
      frame = 0;
      // What one reads while it is paused stays where it is.
      if (isPaused.value) {
        unseen.value = arrived.length;
        arrived = arrived.slice(-keptRecords);
        return;
      }
      const merged = [...records.value, ...arrived.filter(({ id }) => id > (records.value.at(-1)?.id ?? 0))];
      if (!isAtEnd.value) unseen.value += arrived.length;
      records.value = merged.slice(-keptRecords);
      arrived = [];
    };
    records.value = [];
    void act(async () => {
      const page = await ask<LogPage>("GET", `/logs?${queryOf(filter, { limit: "1000" })}`);
      records.value = page.records;
      return undefined;
    });
    const stop = onEvent("record", (data) => {
      const record = data as KeptRecord;
      if (!passes(record, filter)) return;
      arrived.push(record);
      if (frame === 0) frame = requestAnimationFrame(take);
    });
    const leavePause = isPaused.subscribe((paused) => {
      if (!paused && arrived.length > 0) take();
    });
    return () => {
      stop();
      leavePause();
      cancelAnimationFrame(frame);
    };
  }, [key]);
  const older = () =>
    act(async () => {
      const before = records.value[0]?.id;
      if (before === undefined || records.value.length >= keptRecords) return undefined;
      const page = await ask<LogPage>(
        "GET",
        `/logs?${queryOf(filter, { limit: "1000", before: String(before) })}`,
      );
      records.value = [...page.records, ...records.value];
      return undefined;
    });
  const isFollowing = isAtEnd.value && !isPaused.value;
  return (
    <LogList
      records={records.value}
      isFollowing={isFollowing}
      onTop={() => void older()}
      onScroll={(atEnd) => {
        isAtEnd.value = atEnd;
        if (atEnd && !isPaused.value) unseen.value = 0;
      }}
    >
      <p class="buttons">
        <button
          type="button"
          class="small steady"
          aria-pressed={isPaused.value}
          onClick={() => {
            isPaused.value = !isPaused.value;
            if (!isPaused.value) unseen.value = 0;
          }}
        >
          {isPaused.value ? "Go on" : "Pause"}
        </button>
        {!isFollowing && (
          <button
            type="button"
            class="small"
            onClick={() => {
              isPaused.value = false;
              isAtEnd.value = true;
              unseen.value = 0;
            }}
          >
            Jump to newest{unseen.value > 0 ? ` (${unseen.value} new)` : ""}
          </button>
        )}
        <button type="button" class="small" onClick={() => void copyAll(records.value)}>
          Copy all as text
        </button>
        <span class="soft">
          {records.value.length} {records.value.length === 1 ? "record" : "records"}
        </span>
      </p>
    </LogList>
  );
}

function copyAll(records: readonly KeptRecord[]): Promise<boolean> {
  return act(async () => {
    await navigator.clipboard.writeText(records.map(lineOf).join("\n"));
    return `Copied ${records.length} records.`;
  });
}
