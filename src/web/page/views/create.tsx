import { useSignal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import type { AccountInfo } from "../../../core/management.ts";
import type { PluginInfo } from "../../../core/plugin-info.ts";
import { BotDraft } from "../bot-draft.ts";
import { overview } from "../host.ts";
import { goToProblem, TextField } from "../parts/field.tsx";
import { hasSettings, SettingsForm } from "../parts/form.tsx";
import { useLoaded, Waiting } from "../parts/loaded.tsx";
import { Steps } from "../parts/steps.tsx";
import { linkTo } from "../route.ts";
import { linesOf } from "../settings-draft.ts";
import { AccountFields } from "./account-fields.tsx";
import { Created } from "./created.tsx";
import { RoomList } from "./instance-rooms.tsx";
import { KnownRooms } from "./known-rooms.tsx";

/** From nothing to a bot that answers: what it is, whom it speaks as, where, and how it is set. */
export function Create() {
  const plugins = useLoaded<readonly PluginInfo[]>("/plugins").now.value;
  const accounts = useLoaded<readonly AccountInfo[]>("/accounts").now.value;
  if (plugins.state !== "there") return <Waiting loading={plugins} />;
  if (accounts.state !== "there") return <Waiting loading={accounts} />;
  return <CreateForm plugins={plugins.answer} accounts={accounts.answer} />;
}

interface CreateProps {
  readonly plugins: readonly PluginInfo[];
  readonly accounts: readonly AccountInfo[];
}

function CreateForm({ plugins, accounts }: CreateProps) {
  const draft = useMemo(() => new BotDraft(plugins[0]?.id ?? "", accounts), []);
  const isTried = useSignal(false);
  const isBusy = useSignal(false);
  const chosen = plugins.find((candidate) => candidate.id === draft.plugin.value);
  const taken = overview.value?.snapshot.instances.map((instance) => String(instance.id)) ?? [];
  const problems = draft.problems(taken);
  const during = async (work: () => Promise<void>) => {
    isBusy.value = true;
    await work();
    isBusy.value = false;
    goToProblem();
  };
  const create = async () => {
    isTried.value = true;
    if (Object.keys(problems).length === 0) await during(() => draft.create());
    else goToProblem();
  };
  const look = async () => {
    isTried.value = draft.accountProblem() !== undefined || problems.rooms !== undefined;
    if (isTried.value) goToProblem();
    else await during(() => draft.checkRooms());
  };
  const { saved, steps, views, account, rooms } = draft;
  if (saved.value !== undefined) return <Created saved={saved.value} plugin={chosen} steps={steps.value} />;
  return (
    <>
      <nav class="crumbs" aria-label="Where you are">
        <a href={linkTo([])}>Bots</a> / <b>new</b>
      </nav>
      <form
        class="settings narrow"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void create();
        }}
      >
        <h1>Create a bot</h1>
        <fieldset>
          <legend>What it is</legend>
          <label>
            Plugin
            <select
              value={draft.plugin.value}
              onChange={({ currentTarget }) => draft.choose(currentTarget.value)}
            >
              {plugins.map(({ id, version }) => (
                <option key={id} value={id}>
                  {id} {version}
                </option>
              ))}
            </select>
          </label>
          {chosen?.obstacle !== undefined && <p class="refusal">{chosen.obstacle}</p>}
          <TextField
            id="name"
            label="Name"
            help="How you and the log call it: lower-case letters, digits, - and _"
            value={draft.id.value}
            problem={problems.id}
            isTried={isTried.value}
            onInput={(text) => draft.type(draft.id, text.trim())}
          />
        </fieldset>
        <AccountFields
          legend="Whom it speaks as"
          input={account}
          accounts={accounts}
          isTried={isTried.value}
        />
        <fieldset>
          <legend>Where it works</legend>
          <TextField
            id="rooms"
            label="Rooms, one a line"
            help="As ids or aliases, such as #pictures:example.org. Elsewhere it neither listens nor speaks."
            rows={3}
            value={rooms.value}
            problem={problems.rooms}
            isTried={isTried.value}
            onInput={(text) => draft.type(rooms, text)}
          />
          <p>
            <button
              type="button"
              class="small"
              disabled={linesOf(rooms.value).length === 0 || isBusy.value}
              onClick={() => void look()}
            >
              {account.value.by === "existing" ? "Check the rooms" : "Add the account and check the rooms"}
            </button>
          </p>
          <KnownRooms
            text={rooms.value}
            onAdd={(room) => draft.type(rooms, [...linesOf(rooms.value), room].join("\n"))}
          />
          {views.value !== undefined && <RoomList rooms={views.value} account={account.value.userId} />}
        </fieldset>
        {chosen !== undefined && hasSettings(chosen.settingsSchema) && (
          <details class="card" open={draft.refused.value.some(({ file }) => file === "config")}>
            <summary>Settings of {chosen.id}; what is left empty has its default</summary>
            <SettingsForm
              schema={chosen.settingsSchema}
              value={draft.config.value}
              problems={draft.refused.value}
              onChange={(next) => draft.type(draft.config, next)}
            />
          </details>
        )}
        <Steps steps={steps.value} />
        {draft.refusal.value !== "" && (
          <p class="refusal" role="alert">
            {draft.refusal.value}
          </p>
        )}
        <p class="buttons">
          <button type="submit" class="primary steady" disabled={isBusy.value} aria-busy={isBusy.value}>
            Create
          </button>
          <a class="button" href={linkTo([])}>
            Cancel
          </a>
        </p>
      </form>
    </>
  );
}
