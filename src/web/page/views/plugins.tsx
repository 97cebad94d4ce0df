import { useSignal } from "@preact/signals";
import type { PluginInfo } from "../../../core/plugin-info.ts";
import type { Done } from "../../roost/contract.ts";
import { formatBytes } from "../format.ts";
import { ask, upload } from "../host.ts";
import { Action } from "../parts/action.tsx";
import { Confirm } from "../parts/confirm.tsx";
import { useLoaded, Waiting } from "../parts/loaded.tsx";
import { tell } from "../parts/message.tsx";
import { linkTo } from "../route.ts";

/** What bots can be made of. */
export function Plugins() {
  const { now, reload } = useLoaded<readonly PluginInfo[]>("/plugins");
  return (
    <section aria-labelledby="plugins">
      <h2 id="plugins">Plugins</h2>
      <Upload onDone={reload} />
      <Waiting loading={now.value} />
      {now.value.state === "there" &&
        now.value.answer.map((plugin) => <Plugin key={plugin.id} plugin={plugin} reload={reload} />)}
    </section>
  );
}

interface UploadProps {
  readonly onDone: () => Promise<void>;
}

interface Uploaded {
  readonly plugin: PluginInfo;
  readonly isNew: boolean;
  readonly warnings: readonly string[];
}

function Upload({ onDone }: UploadProps) {
  const percent = useSignal<number | undefined>(undefined);
  const warnings = useSignal<readonly string[]>([]);
  const refusal = useSignal("");
  const replace = useSignal(false);
  const isOver = useSignal(false);
  const send = async (file: File | undefined) => {
    if (file === undefined) return;
    percent.value = 0;
    warnings.value = [];
    refusal.value = "";
    try {
      const answer = await upload<Uploaded>(`/plugins?replace=${replace.value ? 1 : 0}`, file, (share) => {
        percent.value = Math.round(share * 100);
      });
      warnings.value = answer.warnings;
      await onDone();
      const { id, version } = answer.plugin;
      tell("done", answer.isNew ? `${id} ${version} is here.` : `${id} was replaced by ${version}.`);
    } catch (error) {
      refusal.value = error instanceof Error ? error.message : String(error);
    }
    percent.value = undefined;
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: dropping is a second way to what its file field does
    <div
      class="card drop settings"
      data-over={isOver.value}
      onDragOver={(event) => {
        event.preventDefault();
        isOver.value = true;
      }}
      onDragLeave={() => {
        isOver.value = false;
      }}
      onDrop={(event) => {
        event.preventDefault();
        isOver.value = false;
        void send(event.dataTransfer?.files[0]);
      }}
    >
      <label>
        Upload a plugin (.mbp): choose it, or drop it here
        <input
          type="file"
          accept=".mbp,.zip"
          disabled={percent.value !== undefined}
          onChange={({ currentTarget }) => {
            void send(currentTarget.files?.[0]);
            currentTarget.value = "";
          }}
        />
      </label>
      <label class="check">
        <input
          type="checkbox"
          checked={replace.value}
          onChange={({ currentTarget }) => {
            replace.value = currentTarget.checked;
          }}
        />
        <span>
          It may replace one that is here; the old one comes back if bots do not start with the new one
        </span>
      </label>
      {percent.value !== undefined && (
        <label>
          {percent.value < 100 ? `${percent.value} % sent` : "Looking at it…"}
          <progress max={100} value={percent.value} />
        </label>
      )}
      <p class="refusal" role="alert">
        {refusal.value}
      </p>
      {warnings.value.length > 0 && (
        <div role="status" class="fields">
          {warnings.value.map((warning) => (
            <p key={warning}>{warning}</p>
          ))}
        </div>
      )}
    </div>
  );
}

function Plugin({ plugin, reload }: { readonly plugin: PluginInfo; readonly reload: () => Promise<void> }) {
  const { id, version, origin, language, license, sizeBytes, instances, dependencies, entries } = plugin;
  const { obstacle, permissions } = plugin;
  const path = `/plugins/${encodeURIComponent(id)}`;
  const missing = dependencies.filter(({ remedy }) => remedy !== undefined);
  return (
    <article class="card stack" aria-label={id}>
      <div class="heading">
        <h3>
          {id} <span class="soft">{version}</span>
        </h3>
        <p class="soft">
          {origin === "built-in" ? "comes with Roost" : language === "python" ? "Python" : "TypeScript"}
          {license !== undefined && ` · ${license}`}
          {sizeBytes !== undefined && ` · ${formatBytes(sizeBytes)}`}
        </p>
      </div>
      {obstacle !== undefined && <p data-status="warn">{obstacle}</p>}
      {permissions !== undefined && permissions.network !== false && (
        <p class="buttons">
          {permissions.agreed ? "May reach " : "Asks to reach "}
          {permissions.network === true ? "any address" : permissions.network.join(", ")}{" "}
          {!permissions.agreed && (
            <Action
              class="small"
              onAct={async () => {
                const { message } = await ask<Done>("POST", `${path}/agree`);
                await reload();
                return message;
              }}
            >
              Agree
            </Action>
          )}
        </p>
      )}
      <p class="soft">
        {instances.length === 0
          ? "No bot uses it."
          : instances.map((name, index) => (
              <>
                {index === 0 ? "Used by " : ", "}
                <a href={linkTo(["bots", name])}>{name}</a>
              </>
            ))}
      </p>
      {missing.length > 0 && (
        <ul class="plain-list">
          {missing.map(({ name, wanted, isRequired, remedy }) => (
            <li key={name}>
              {isRequired ? "Lacks" : "Could use"} {name} {wanted}: <code>{remedy}</code>
            </li>
          ))}
        </ul>
      )}
      {origin === "uploaded" && (
        <>
          <details>
            <summary>What is inside: {entries.length} files</summary>
            <ul class="soft entries">
              {entries.map((entry) => (
                <li key={entry}>{entry}</li>
              ))}
            </ul>
          </details>
          <p class="buttons">
            <Action class="small" onAct={async () => (await ask<Done>("POST", `${path}/reload`)).message}>
              Read its file again
            </Action>
            <Confirm
              class="small"
              label={`Remove ${id}`}
              question={`Remove ${id}?`}
              onAct={async () => {
                const { message } = await ask<Done>("DELETE", path);
                await reload();
                return message;
              }}
            >
              <p>
                Its file moves to plugins/trash in the data folder. Bots that use it keep it from being
                removed.
              </p>
            </Confirm>
          </p>
        </>
      )}
    </article>
  );
}
