import { type Signal, useSignal } from "@preact/signals";
import type { JsonObject } from "../../../core/json.ts";
import type { InstanceChange, InstanceDefinition, Step } from "../../../core/management.ts";
import type { InstanceDetail, SaveLine } from "../../roost/contract.ts";
import { ask, follow, Refusal } from "../host.ts";
import { Diff } from "../parts/diff.tsx";
import { SettingsForm } from "../parts/form.tsx";
import { act, tell } from "../parts/message.tsx";
import { Steps, withStep } from "../parts/steps.tsx";
import { YamlEditor } from "../parts/yaml-editor.tsx";

interface Problem {
  readonly line: number;
  readonly message: string;
}

interface SettingsProps {
  readonly detail: InstanceDetail;
  readonly reload: () => Promise<void>;
}

/** What a bot is set to, as a form and as YAML. Nothing is written before one has seen what it changes. */
export function Settings({ detail, reload }: SettingsProps) {
  const { definition, plugin } = detail;
  const path = `/instances/${encodeURIComponent(definition.id)}`;
  const view = useSignal<"form" | "yaml">(plugin?.settingsSchema === undefined ? "yaml" : "form");
  const rooms = useSignal(textOf(definition.rooms));
  const prefix = useSignal(definition.prefix);
  const config = useSignal<JsonObject>(definition.config);
  const yaml = useSignal(definition.configYaml);
  const preview = useSignal<string | undefined>(undefined);
  const problems = useSignal<readonly Problem[]>([]);
  const steps = useSignal<readonly Step[]>([]);
  if (definition.readOnly !== undefined)
    return <ReadOnly sentence={definition.readOnly} yaml={definition.yaml} />;

  const change = (): InstanceChange & { rooms: "any" | readonly string[] } => ({
    rooms: roomsOf(rooms.value) as never,
    prefix: prefix.value,
    config: view.value === "yaml" ? { yaml: yaml.value } : config.value,
    revision: definition.revision,
  });
  const show = () =>
    act(async () => {
      problems.value = [];
      await noting(problems, async () => {
        preview.value = (await ask<{ diff: string }>("POST", `${path}/preview`, change())).diff;
      });
      if (preview.value === "") {
        preview.value = undefined;
        return "Nothing would change.";
      }
      return undefined;
    });
  const save = () =>
    act(async () => {
      steps.value = [];
      try {
        await follow<SaveLine>("PUT", path, change(), (line) => {
          if ("what" in line) steps.value = withStep(steps.value, line);
        });
      } catch (error) {
        if (!(error instanceof Refusal) || error.errcode !== "conflict") throw error;
        preview.value = String(error.details.difference ?? "");
        throw new Error(`${error.message} Below is what somebody else changed; Reload takes it over.`);
      }
      preview.value = undefined;
      await reload();
      return `${definition.id} is saved.`;
    });
  return (
    <form class="settings" onSubmit={(event) => event.preventDefault()}>
      <label>
        Rooms, one a line, as ids or aliases; or any
        <textarea
          rows={Math.max(3, rooms.value.split("\n").length + 1)}
          value={rooms.value}
          onInput={into(rooms)}
          spellcheck={false}
        />
      </label>
      <label class="short">
        Commands begin with
        <input value={prefix.value} maxLength={16} onInput={into(prefix)} />
      </label>
      <div class="heading">
        <h2>Settings of the plugin</h2>
        {plugin?.settingsSchema !== undefined && (
          <button
            type="button"
            class="small"
            onClick={() => {
              view.value = view.value === "form" ? "yaml" : "form";
            }}
          >
            {view.value === "form" ? "Edit as YAML" : "Edit as a form"}
          </button>
        )}
      </div>
      {view.value === "form" && hasNoSettings(plugin?.settingsSchema) && (
        <p class="soft">This plugin has no settings.</p>
      )}
      {view.value === "form" && plugin?.settingsSchema !== undefined ? (
        <SettingsForm
          schema={plugin.settingsSchema}
          value={config.value}
          onChange={(next) => {
            config.value = next;
          }}
        />
      ) : (
        <YamlEditor text={yaml} problems={problems.value} />
      )}
      <p class="buttons">
        <button type="button" onClick={() => void show()}>
          Show what it changes
        </button>
        <button
          type="button"
          class="primary"
          disabled={preview.value === undefined}
          onClick={() => void save()}
        >
          Save and restart
        </button>
        <button type="button" onClick={() => void reload().then(() => tell("done", "Read again from disk."))}>
          Reload
        </button>
      </p>
      {preview.value !== undefined && <Diff text={preview.value} />}
      <Steps steps={steps.value} />
    </form>
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

function into(value: Signal<string>) {
  return ({ currentTarget }: { readonly currentTarget: HTMLInputElement | HTMLTextAreaElement }) => {
    value.value = currentTarget.value;
  };
}

function hasNoSettings(schema: JsonObject | undefined): boolean {
  return Object.keys((schema?.properties as JsonObject | undefined) ?? {}).length === 0;
}

function textOf(rooms: InstanceDefinition["rooms"]): string {
  return rooms === "any" ? rooms : rooms.join("\n");
}

/** What the field with the rooms says: `any`, or one room a line. */
export function roomsOf(text: string): "any" | string[] {
  return text.trim() === "any" ? "any" : linesOf(text);
}

export function linesOf(text: string): string[] {
  return text
    .split("\n")
    .map((line) =>
      line
        .trim()
        .replace(/^- +/, "")
        .replace(/^["'](.*)["']$/, "$1"),
    )
    .filter((line) => line !== "");
}

/** Keeps the places of what is wrong, to be shown at their lines. */
async function noting(problems: Signal<readonly Problem[]>, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (error instanceof Refusal && Array.isArray(error.details.problems)) {
      problems.value = error.details.problems as Problem[];
    }
    throw error;
  }
}
