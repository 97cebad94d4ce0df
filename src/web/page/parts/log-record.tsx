import type { KeptRecord } from "../../../core/record.ts";
import { formatDate } from "../format.ts";
import { lineOf } from "../records.ts";
import { linkTo } from "../route.ts";
import { Copy } from "./copy.tsx";

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
        <ol>
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
