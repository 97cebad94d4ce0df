import type { Done, InstanceDetail } from "../../roost/contract.ts";
import { ask } from "../host.ts";
import { Confirm } from "../parts/confirm.tsx";

interface SavedProps {
  readonly id: string;
  readonly saved: InstanceDetail["saved"];
  readonly reload: () => Promise<void>;
}

/** What counts although the YAML does not say it, as a plugin may save settings of its own. */
export function SavedByItself({ id, saved, reload }: SavedProps) {
  if (saved.length === 0) return null;
  const discard = async () => {
    const { message } = await ask<Done>("DELETE", `/instances/${encodeURIComponent(id)}/saved`);
    await reload();
    return message;
  };
  return (
    <section class="saved" aria-labelledby="saved">
      <h2 id="saved">Saved by the plugin itself</h2>
      <p class="soft">These count instead of what the YAML says, which Roost leaves as you wrote it.</p>
      <dl class="card facts">
        {saved.map(({ path, value }) => (
          <div key={path}>
            <dt>{path}</dt>
            <dd>
              <code>{typeof value === "string" ? value : JSON.stringify(value)}</code>
            </dd>
          </div>
        ))}
      </dl>
      <Confirm label="Discard these" question={`Discard what the plugin of ${id} saved?`} onAct={discard}>
        <p>The bot restarts with what the YAML says.</p>
      </Confirm>
    </section>
  );
}
