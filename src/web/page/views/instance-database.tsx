import { useSignal } from "@preact/signals";
import type { Cell, DatabaseTable, QueryResult } from "../../../core/management.ts";
import { formatCount } from "../format.ts";
import { ask } from "../host.ts";
import { Field, goToProblem } from "../parts/field.tsx";
import { useLoaded, Waiting } from "../parts/loaded.tsx";
import { Scroller } from "../parts/scroller.tsx";

/** Longer ones would make a row as high as the table: they are opened one by one. */
const longText = 80;

/** A bot's database: its tables, and questions to it. */
export function Database({ id }: { readonly id: string }) {
  const path = `/instances/${encodeURIComponent(id)}`;
  const { now } = useLoaded<readonly DatabaseTable[]>(`${path}/tables`);
  const sql = useSignal("");
  const mayWrite = useSignal(false);
  const result = useSignal<QueryResult | undefined>(undefined);
  const refusal = useSignal("");
  const run = async () => {
    refusal.value = "";
    try {
      result.value = await ask<QueryResult>("POST", `${path}/query`, {
        sql: sql.value,
        mayWrite: mayWrite.value,
      });
    } catch (error) {
      refusal.value = error instanceof Error ? error.message : String(error);
      goToProblem();
    }
  };
  return (
    <>
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
      </section>
      <form
        class="settings"
        onSubmit={(event) => {
          event.preventDefault();
          void run();
        }}
      >
        <Field id="sql" label="SQL" problems={refusal.value === "" ? [] : [refusal.value]}>
          {(attributes) => (
            <textarea
              {...attributes}
              rows={3}
              required
              spellcheck={false}
              value={sql.value}
              onInput={({ currentTarget }) => {
                sql.value = currentTarget.value;
              }}
            />
          )}
        </Field>
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
      {result.value !== undefined && <Result result={result.value} />}
    </>
  );
}

function Result({ result }: { readonly result: QueryResult }) {
  const count = result.kind === "rows" ? result.rows.length : result.rowCount;
  const sentence = `${formatCount(count)} ${count === 1 ? "row" : "rows"}`;
  if (result.kind === "changed") return <p role="status">Changed: {sentence}.</p>;
  return (
    <section aria-labelledby="rows">
      <h2 id="rows">{sentence}</h2>
      <Scroller class="card scroll" label="Rows">
        <table>
          <thead>
            <tr>
              {result.columns.map((column, place) => (
                <th key={column} scope="col" class={classOf(result.rows[0]?.[place])}>
                  {column}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {result.rows.map((row, index) => (
              <tr key={index}>
                {row.map((cell, place) => (
                  <td key={place} class={classOf(cell)}>
                    <CellText cell={cell} />
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </Scroller>
    </section>
  );
}

function CellText({ cell }: { readonly cell: Cell }) {
  if (cell === null) return <span class="soft">NULL</span>;
  const text = String(cell);
  if (text.length < longText) return text;
  return (
    <details class="long">
      <summary>{text.slice(0, longText)}…</summary>
      {text}
    </details>
  );
}

/** Numbers stand below each other by their last digit. */
function classOf(cell: unknown): string {
  return typeof cell === "number" ? "number" : "";
}
