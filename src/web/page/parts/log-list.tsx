import { useSignal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import type { KeptRecord } from "../../../core/record.ts";
import { formatDate } from "../format.ts";
import { lineOf, timeOf } from "../records.ts";
import { linkTo } from "../route.ts";
import { Copy } from "./copy.tsx";

interface LogListProps {
  /** Oldest first. */
  readonly records: readonly KeptRecord[];
  /** The newest stays in sight while it is at the end. */
  readonly isFollowing: boolean;
  readonly onScroll: (isAtEnd: boolean) => void;
  /** Asked when the top is reached. */
  readonly onTop: () => void;
}

const rowHeight = 28;
const margin = 12;

/**
 * A list of any length of which only what is in sight is in the document: rows are of one height, and a record that is opened shows
 * itself below the list's frame instead of pushing the others away.
 */
export function LogList({ records, isFollowing, onScroll, onTop }: LogListProps) {
  const frame = useRef<HTMLElement>(null);
  const top = useSignal(0);
  const openId = useSignal<number | undefined>(undefined);
  const visible = Math.ceil((frame.current?.clientHeight ?? 500) / rowHeight);
  // A filter may have left fewer than it was scrolled past.
  const topRow = Math.min(Math.floor(top.value / rowHeight), records.length - visible);
  const first = Math.max(0, topRow - margin);
  const shown = records.slice(first, first + visible + 2 * margin);
  const oldestId = useRef<number | undefined>(undefined);
  useLayoutEffect(() => {
    // Older ones came in above: what is in sight stays there.
    const added = records.findIndex(({ id }) => id === oldestId.current);
    if (added > 0 && frame.current !== null) frame.current.scrollTop += added * rowHeight;
    oldestId.current = records[0]?.id;
    if (isFollowing && frame.current !== null) frame.current.scrollTop = frame.current.scrollHeight;
  }, [records, isFollowing]);
  const scrolled = () => {
    const element = frame.current;
    if (element === null) return;
    top.value = element.scrollTop;
    onScroll(element.scrollHeight - element.scrollTop - element.clientHeight < rowHeight);
    if (element.scrollTop === 0) onTop();
  };
  const open = records.find(({ id }) => id === openId.value);
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard */}
      <section class="log" ref={frame} onScroll={scrolled} tabIndex={0} aria-label="Log records">
        <ol style={{ height: `${records.length * rowHeight}px`, paddingTop: `${first * rowHeight}px` }}>
          {shown.map((record) => (
            <li key={record.id} data-severity={record.severity}>
              <button
                type="button"
                aria-expanded={openId.value === record.id}
                onClick={() => {
                  openId.value = openId.value === record.id ? undefined : record.id;
                }}
              >
                <time>{timeOf(record)}</time> <b>{record.severity}</b>{" "}
                <span class="who">{record.instance ?? "host"}</span>{" "}
                <span class="what">{record.message}</span>
              </button>
            </li>
          ))}
        </ol>
      </section>
      {open !== undefined && <LogRecordCard record={open} />}
    </>
  );
}

/** A record with all it holds. */
export function LogRecordCard({ record }: { readonly record: KeptRecord }) {
  const { timeMs, severity, instance, message, context, causes, fault } = record;
  return (
    <article class="card record" data-severity={severity} aria-label="Log record">
      <p class="soft">
        {formatDate(timeMs)} · <b>{severity}</b> · {instance ?? "host"}
        {fault !== undefined && ` · ${fault.state}${fault.count > 1 ? `, ${fault.count} times` : ""}`}
      </p>
      <p>{message}</p>
      {Object.keys(context).length > 0 && (
        <dl>
          {Object.entries(context).map(([key, value]) => (
            <div key={key}>
              <dt>{key}</dt>
              <dd>{String(value)}</dd>
            </div>
          ))}
        </dl>
      )}
      {causes.length > 0 && (
        <ol class="causes">
          {causes.map((cause, index) => (
            <li key={index}>{cause}</li>
          ))}
        </ol>
      )}
      {fault?.command !== undefined && (
        <p>
          What mends it or tells more: <code>{fault.command}</code>
        </p>
      )}
      <p class="buttons">
        <Copy text={lineOf(record)} label="Copy as text" />
        <a class="button small" href={linkTo(["logs"], { id: String(record.id) })}>
          Link to this record
        </a>
      </p>
    </article>
  );
}
