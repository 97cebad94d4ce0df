import { useSignal } from "@preact/signals";
import type { DatabaseTable, QueryResult } from "../../../core/management.ts";
import { formatCount } from "../format.ts";
import { ask } from "../host.ts";
import { useLoaded, Waiting } from "../parts/loaded.tsx";
import { act } from "../parts/message.tsx";

/** A bot's database: its tables, and questions to it. */
export function Database({ id }: { readonly id: string }) {
  const path = `/instances/${encodeURIComponent(id)}`;
  const { now } = useLoaded<readonly DatabaseTable[]>(`${path}/tables`);
  const sql = useSignal("");
  const mayWrite = useSignal(false);
  const result = useSignal<QueryResult | undefined>(undefined);
  const run = () =>
    act(async () => {
      result.value = await ask<QueryResult>("POST", `${path}/query`, {
        sql: sql.value,
        mayWrite: mayWrite.value,
      });
      return result.value.kind === "changed"
        ? `${formatCount(result.value.rowCount)} rows were changed.`
        : undefined;
    });
  return (
    <section aria-labelledby="tables">
      <h2 id="tables">Tables</h2>
      <Waiting loading={now.value} />
      {now.value.state === "there" && (
        <ul class="card list plain">
          {now.value.answer.map(({ name, rows, columns }) => (
            <li key={name}>
              <button
                type="button"
                class="link"
                onClick={() => {
                  sql.value = `SELECT * FROM "${name.replaceAll('"', '""')}" LIMIT 100`;
                  void run();
                }}
              >
                {name}
              </button>{" "}
              <span class="soft">
                {formatCount(rows)} rows · {columns.map((column) => column.name).join(", ")}
              </span>
            </li>
          ))}
          {now.value.answer.length === 0 && <li>No tables yet.</li>}
        </ul>
      )}
      <form
        class="settings"
        onSubmit={(event) => {
          event.preventDefault();
          void run();
        }}
      >
        <label>
          SQL
          <textarea
            rows={3}
            spellcheck={false}
            value={sql.value}
            onInput={({ currentTarget }) => {
              sql.value = currentTarget.value;
            }}
          />
        </label>
        <label class="check">
          <input
            type="checkbox"
            checked={mayWrite.value}
            onChange={({ currentTarget }) => {
              mayWrite.value = currentTarget.checked;
            }}
          />
          It may change the database
        </label>
        <p class="buttons">
          <button type="submit">Ask</button>
        </p>
      </form>
      {result.value?.kind === "rows" && <Rows result={result.value} />}
    </section>
  );
}

function Rows({ result }: { readonly result: QueryResult & { readonly kind: "rows" } }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard
    <section class="scroll" tabIndex={0} aria-label="Rows">
      <table>
        <thead>
          <tr>
            {result.columns.map((column) => (
              <th key={column} scope="col">
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {result.rows.map((row, index) => (
            <tr key={index}>
              {row.map((cell, place) => (
                <td key={place}>{cell === null ? "NULL" : String(cell)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      <p class="soft">{formatCount(result.rows.length)} rows</p>
    </section>
  );
}
