import { useSignal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import type { Problem } from "../../../core/config.ts";
import type { JsonObject } from "../../../core/json.ts";
import type { Step } from "../../../core/management.ts";
import type { InstanceDetail, SaveLine } from "../../roost/contract.ts";
import { follow } from "../host.ts";
import { Diff } from "../parts/diff.tsx";
import { TextField } from "../parts/field.tsx";
import { hasSettings, SettingsForm } from "../parts/form.tsx";
import { act } from "../parts/message.tsx";
import { Steps, withStep } from "../parts/steps.tsx";
import { YamlEditor } from "../parts/yaml-editor.tsx";
import { roomsProblem, SettingsDraft } from "../settings-draft.ts";
import { SavedByItself } from "./saved-settings.tsx";

interface SettingsProps {
  readonly detail: InstanceDetail;
  readonly reload: () => Promise<void>;
}

/** What a bot is set to, as a form and as YAML beside it. Nothing is written before one has seen what it changes. */
export function Settings({ detail, reload }: SettingsProps) {
  const { definition, plugin } = detail;
  const draft = useMemo(() => new SettingsDraft(definition), []);
  const steps = useSignal<readonly Step[]>([]);
  // What somebody is typing is not swept away by what comes from disk: saving it is refused, with the difference.
  useEffect(() => {
    if (!draft.isChanged.peek()) draft.begin(definition);
  }, [definition]);
  useEffect(() => () => draft.close(), []);
  if (definition.readOnly !== undefined)
    return <ReadOnly sentence={definition.readOnly} yaml={definition.yaml} />;

  const save = () =>
    act(async () => {
      steps.value = [];
      const path = `/instances/${encodeURIComponent(definition.id)}`;
      try {
        await follow<SaveLine>("PUT", path, draft.change(), (line) => {
          if ("what" in line) steps.value = withStep(steps.value, line);
        });
      } catch (error) {
        steps.value = [];
        draft.refuse(error);
        return undefined;
      }
      draft.isChanged.value = false;
      await reload();
      return `${definition.id} is saved.`;
    });
  const discard = async () => {
    draft.isChanged.value = false;
    await reload();
  };
  const problemAt = (field: string) =>
    draft.problems.value.find(({ path }) => path.startsWith(`instances.${definition.id}.${field}`))?.message;
  return (
    <form class="settings" onSubmit={(event) => event.preventDefault()}>
      <div class="card fields">
        <TextField
          id="rooms"
          label="Rooms, one a line"
          help="As ids or aliases. Or the one word any, for every room that its account is in."
          rows={Math.max(2, draft.rooms.value.split("\n").length)}
          value={draft.rooms.value}
          problem={roomsProblem(draft.rooms.value) ?? problemAt("rooms")}
          isTried
          onInput={(text) => draft.type(draft.rooms, text)}
        />
        <TextField
          id="prefix"
          class="short"
          label="Commands begin with"
          value={draft.prefix.value}
          problem={problemAt("prefix")}
          isTried
          onInput={(text) => draft.type(draft.prefix, text)}
        />
      </div>
      <FormAndYaml draft={draft} schema={plugin?.settingsSchema} />
      <p class="buttons at-hand">
        <button type="button" class="primary" disabled={!draft.canSave.value} onClick={() => void save()}>
          Save and restart
        </button>
        <button type="button" disabled={!draft.isChanged.value} onClick={() => void discard()}>
          Discard
        </button>
      </p>
      <Steps steps={steps.value} />
      <SavedByItself id={definition.id} saved={detail.saved} reload={reload} />
    </form>
  );
}

interface FormAndYamlProps {
  readonly draft: SettingsDraft;
  readonly schema: JsonObject | undefined;
}

/** Side by side where there is room, else one at a time. A plugin without a schema has no form, one without settings has nothing. */
function FormAndYaml({ draft, schema }: FormAndYamlProps) {
  const chosen = useSignal<"form" | "yaml">("form");
  const yaml = (
    <YamlEditor
      text={draft.yaml.value}
      problems={draft.problems.value.filter(({ file }) => file === "config")}
      isLocked={draft.preview.value?.writesSecrets === true}
      onInput={(text) => draft.type(draft.yaml, text)}
    />
  );
  const hasForm = hasSettings(schema);
  if (schema !== undefined && !hasForm && ["", "{}"].includes(draft.base.value.configYaml.trim())) {
    return (
      <>
        <p class="soft">This plugin has no settings of its own.</p>
        <Outcome draft={draft} />
      </>
    );
  }
  if (!hasForm) {
    return (
      <>
        {yaml}
        <Outcome draft={draft} />
      </>
    );
  }
  return (
    <>
      <p class="buttons choice">
        {(["form", "yaml"] as const).map((side) => (
          <button
            key={side}
            type="button"
            class="small"
            aria-pressed={chosen.value === side}
            onClick={() => {
              chosen.value = side;
            }}
          >
            {side === "form" ? "As a form" : "As YAML"}
          </button>
        ))}
      </p>
      <div class="beside" data-chosen={chosen}>
        <div class="card">
          <SettingsForm
            schema={schema}
            value={draft.config.value}
            problems={draft.problems.value}
            onChange={(next) => draft.type(draft.config, next)}
          />
        </div>
        <div class="fields">
          <div class="yaml-side">{yaml}</div>
          <Outcome draft={draft} />
        </div>
      </div>
    </>
  );
}

/** What is wrong outside of the plugin's settings, such as a room's name. */
function Elsewhere({ problems }: { readonly problems: readonly Problem[] }) {
  return (
    <div class="refusal" role="alert">
      {problems.map(({ path, message }) => (
        <p key={`${path} ${message}`}>
          {path.replace(/^instances\.[^.]+\./, "")}: {message}
        </p>
      ))}
    </div>
  );
}

/** What saving would change, or why it is refused or cannot be done. */
function Outcome({ draft }: { readonly draft: SettingsDraft }) {
  const refusal = draft.refusal.value;
  if (refusal !== undefined) {
    return (
      <div role="alert">
        <p class="refusal">{refusal.sentence}</p>
        {refusal.difference !== undefined && (
          <>
            <h2>What somebody else changed</h2>
            <Diff text={refusal.difference} />
          </>
        )}
      </div>
    );
  }
  const preview = draft.preview.value;
  if (!draft.isChanged.value || preview === undefined) return null;
  if (preview.problems.length > 0) {
    const elsewhere = preview.problems.filter(({ file }) => file !== "config");
    return elsewhere.length === 0 ? null : <Elsewhere problems={elsewhere} />;
  }
  return (
    <section aria-label="What it changes">
      <h2>What it changes</h2>
      {draft.canSave.value ? <Diff text={preview.diff} /> : <p class="soft">Nothing would change.</p>}
    </section>
  );
}

function ReadOnly({ sentence, yaml }: { readonly sentence: string; readonly yaml: string }) {
  return (
    <section>
      <p class="card">{sentence}</p>
      <pre class="card">{yaml}</pre>
    </section>
  );
}
