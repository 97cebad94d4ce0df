import { useSignal } from "@preact/signals";
import type { BackupInfo, TrashedInstance } from "../../../core/management.ts";
import type { Done, Pending } from "../../roost/contract.ts";
import { formatBytes, formatDate, formatDuration } from "../format.ts";
import { ask, overview } from "../host.ts";
import { Action } from "../parts/action.tsx";
import { Confirm } from "../parts/confirm.tsx";
import { Diff } from "../parts/diff.tsx";
import { useLoaded, Waiting } from "../parts/loaded.tsx";
import { Scroller } from "../parts/scroller.tsx";
import { Accounts } from "./accounts.tsx";

/** Edits that wait, accounts, backups, and what was deleted. */
export function Config() {
  return (
    <>
      <PendingEdits />
      <Accounts />
      <Backups />
      <Trash />
    </>
  );
}

function PendingEdits() {
  const key = overview.value?.snapshot.pending.changes.join() ?? "";
  const { now, reload } = useLoaded<Pending>(`/pending?${new URLSearchParams({ seen: String(key.length) })}`);
  if (now.value.state !== "there") return <Waiting loading={now.value} />;
  const { changes, problems, differences } = now.value.answer;
  return (
    <section aria-labelledby="edits">
      <h2 id="edits">Files on disk</h2>
      {changes.length === 0 && problems.length === 0 && <p class="card">What runs is what the files say.</p>}
      {problems.length > 0 && (
        <div class="card settings" data-status="warn">
          <p>
            <i class="dot" aria-hidden="true" />
            The files have problems. What runs is not touched by them.
          </p>
          {problems.map((problem) => (
            <FileProblem key={problem} text={problem} />
          ))}
        </div>
      )}
      {changes.length > 0 && (
        <div class="card settings">
          <p>Edits that wait for a restart:</p>
          <ul>
            {changes.map((change) => (
              <li key={change}>{change}</li>
            ))}
          </ul>
          {differences.map(({ instance, diff }) => (
            <details key={instance} open>
              <summary>{instance}</summary>
              <Diff text={diff} />
            </details>
          ))}
          <p class="buttons">
            <Action
              class="primary"
              onAct={async () => {
                const { message } = await ask<Done>("POST", "/pending/apply");
                await reload();
                const after = now.peek();
                if (after.state === "there" && after.answer.changes.length > 0) throw new Error(message);
                return message;
              }}
            >
              Restart what the edits touch
            </Action>
          </p>
        </div>
      )}
    </section>
  );
}

/** Where and what, and below it the source with a mark at the place. */
function FileProblem({ text }: { readonly text: string }) {
  const [first, ...source] = text.split("\n");
  return (
    <div>
      <p class="path">{first}</p>
      {source.length > 0 && (
        <Scroller class="source" label={`Source of: ${first}`}>
          {source.join("\n")}
        </Scroller>
      )}
    </div>
  );
}

function Backups() {
  const { now, reload } = useLoaded<readonly BackupInfo[]>("/backups");
  const make = async () => {
    const { sizeBytes } = await ask<BackupInfo>("POST", "/backups");
    await reload();
    return `The backup is made: ${formatBytes(sizeBytes)}.`;
  };
  return (
    <section aria-labelledby="backups">
      <div class="heading">
        <h2 id="backups">Backups</h2>
        <Action class="small" onAct={make}>
          Make one now
        </Action>
      </div>
      <Waiting loading={now.value} />
      {now.value.state === "there" && (
        <ul class="card list plain">
          {now.value.answer.length === 0 && <li>None yet. Roost makes one every day.</li>}
          {now.value.answer.map((backup) => (
            <Backup key={backup.id} backup={backup} />
          ))}
        </ul>
      )}
    </section>
  );
}

function Backup({ backup: { id, madeAtMs, sizeBytes, instances } }: { readonly backup: BackupInfo }) {
  const path = `/backups/${encodeURIComponent(id)}`;
  const chosen = useSignal(instances[0] ?? "");
  const age = formatDuration(Date.now() - madeAtMs);
  const restore = async () => (await ask<Done>("POST", `${path}/restore`, { what: chosen.value })).message;
  return (
    <li>
      <p>
        {formatDate(madeAtMs)}{" "}
        <span class="soft">
          {age} ago · {formatBytes(sizeBytes)}
        </span>
      </p>
      <p class="buttons">
        <a class="button small" href={`/_roost/v1${path}`} download>
          Download
        </a>
        {chosen.value !== "" && (
          <Confirm
            class="small"
            label="Restore a bot"
            question={`Restore a bot as it was ${age} ago?`}
            name={chosen.value}
            onAct={restore}
          >
            <label>
              Which
              <select
                value={chosen.value}
                onChange={({ currentTarget }) => {
                  chosen.value = instances.find((name) => name === currentTarget.value) ?? chosen.value;
                }}
              >
                {instances.map((name) => (
                  <option key={name}>{name}</option>
                ))}
              </select>
            </label>
            <p>What it stored since then is put aside, not deleted.</p>
          </Confirm>
        )}
      </p>
    </li>
  );
}

function Trash() {
  const { now, reload } = useLoaded<readonly TrashedInstance[]>("/trash");
  if (now.value.state !== "there" || now.value.answer.length === 0) return null;
  return (
    <section aria-labelledby="trash">
      <h2 id="trash">Deleted bots</h2>
      <ul class="card list plain">
        {now.value.answer.map(({ id, folder, deletedAtMs }) => (
          <li key={folder}>
            <p>
              <b>{id}</b> <span class="soft">deleted {formatDate(deletedAtMs)}</span>
            </p>
            <Action
              class="small"
              onAct={async () => {
                await ask<Done>("POST", `/trash/${encodeURIComponent(folder)}/recover`);
                await reload();
                return `${id} is back, with its data.`;
              }}
            >
              Bring it back
            </Action>
          </li>
        ))}
      </ul>
    </section>
  );
}
