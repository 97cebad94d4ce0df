import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useMemo, useRef } from "preact/hooks";
import type { KeptRecord } from "../../../core/record.ts";
import { heightsOf, indexAt, rowOf } from "../log-rows.ts";
import { timeOf } from "../records.ts";
import { LogRecordCard } from "./log-record.tsx";
import { Scroller } from "./scroller.tsx";

interface LogListProps {
  /** Oldest first. */
  readonly records: readonly KeptRecord[];
  /** The newest stays in sight while it is at the end. */
  readonly isFollowing: boolean;
  readonly onScroll: (isAtEnd: boolean) => void;
  /** Asked when the top is reached. */
  readonly onTop: () => void;
  /** What stands below the list, and stays there when a record is opened. */
  readonly children: ComponentChildren;
}

const margin = 12;
const nearEnd = 28;

/**
 * A list of any length of which only what is in sight is in the document: how high a row is follows from its text, and a record that
 * is opened shows itself below the list's frame instead of pushing the others away.
 */
export function LogList({ records, isFollowing, onScroll, onTop, children }: LogListProps) {
  const frame = useRef<HTMLElement>(null);
  const size = useSignal({ width: 900, height: 500 });
  const top = useSignal(0);
  const openId = useSignal<number | undefined>(undefined);
  const { width, height } = size.value;
  const tops = useMemo(() => heightsOf(records, width), [records, width]);
  const first = Math.max(0, indexAt(tops, top.value) - margin);
  const shown = records.slice(first, indexAt(tops, top.value + height) + margin);
  const oldestId = useRef<number | undefined>(undefined);
  useLayoutEffect(() => {
    const element = frame.current;
    if (element === null) return;
    const observer = new ResizeObserver(() => {
      size.value = { width: element.clientWidth, height: element.clientHeight };
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  useLayoutEffect(() => {
    const element = frame.current;
    if (element === null) return;
    // Older ones came in above: what is in sight stays there.
    const added = records.findIndex(({ id }) => id === oldestId.current);
    if (added > 0) element.scrollTop += tops[added] ?? 0;
    oldestId.current = records[0]?.id;
    if (isFollowing) element.scrollTop = element.scrollHeight;
  }, [tops, isFollowing]);
  const scrolled = () => {
    const element = frame.current;
    if (element === null) return;
    top.value = element.scrollTop;
    onScroll(element.scrollHeight - element.scrollTop - element.clientHeight < nearEnd);
    if (element.scrollTop === 0) onTop();
  };
  const open = records.find(({ id }) => id === openId.value);
  return (
    <>
      <Scroller
        class={rowOf(width).isNarrow ? "log stacked" : "log"}
        label="Log records"
        frame={frame}
        onScroll={scrolled}
      >
        {records.length === 0 && <p class="soft">No record passes the filter.</p>}
        <ol style={{ height: `${tops.at(-1) ?? 0}px`, paddingTop: `${tops[first] ?? 0}px` }}>
          {shown.map((record, index) => (
            <li
              key={record.id}
              data-severity={record.severity}
              style={{
                height: `${(tops[first + index + 1] ?? 0) - (tops[first + index] ?? 0)}px`,
                "--lines": rowOf(width).linesOf(record.message),
              }}
            >
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
      </Scroller>
      {children}
      {open !== undefined && <LogRecordCard record={open} />}
    </>
  );
}
