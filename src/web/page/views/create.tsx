import { useSignal } from "@preact/signals";
import type { JsonObject } from "../../../core/json.ts";
import type { AccountInfo, RoomView, Saved, Step } from "../../../core/management.ts";
import type { PluginInfo } from "../../../core/plugin-info.ts";
import type { SaveLine } from "../../roost/contract.ts";
import { ask, follow } from "../host.ts";
import { SettingsForm } from "../parts/form.tsx";
import { useLoaded, Waiting } from "../parts/loaded.tsx";
import { act } from "../parts/message.tsx";
import { Steps, withStep } from "../parts/steps.tsx";
import { linkTo } from "../route.ts";
import { linesOf, roomsOf } from "../settings-draft.ts";
import { AccountFields, type AccountInput, addAccount, emptyAccount, isNamed } from "./account-fields.tsx";
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
  const plugin = useSignal(plugins[0]?.id ?? "");
  const id = useSignal("");
  const account = useSignal<AccountInput>(emptyAccount(accounts));
  const rooms = useSignal("");
  const views = useSignal<readonly RoomView[] | undefined>(undefined);
  const config = useSignal<JsonObject>({});
  const steps = useSignal<readonly Step[]>([]);
  const saved = useSignal<Saved | undefined>(undefined);
  const isBusy = useSignal(false);
  const chosen = plugins.find((candidate) => candidate.id === plugin.value);
  const tell = (step: Step) => {
    steps.value = withStep(steps.value, step);
  };

  const look = () =>
    act(async () => {
      await addAccount(account, accounts, tell);
      views.value = await ask<readonly RoomView[]>("POST", "/rooms", {
        account: account.value.userId,
        references: linesOf(rooms.value),
      });
      return undefined;
    });
  const create = async () => {
    isBusy.value = true;
    steps.value = [];
    await act(async () => {
      await addAccount(account, accounts, tell);
      const change = {
        plugin: plugin.value,
        account: account.value.userId,
        rooms: roomsOf(rooms.value),
        config: config.value,
      };
      const last = await follow<SaveLine>(
        "PUT",
        `/instances/${encodeURIComponent(id.value)}`,
        change,
        (line) => {
          if ("what" in line) tell(line);
        },
      );
      if (last !== undefined && "saved" in last) saved.value = last.saved;
      return `${id.value} is created.`;
    });
    isBusy.value = false;
  };
  if (saved.value !== undefined) return <Created saved={saved.value} plugin={chosen} steps={steps.value} />;
  return (
    <form
      class="settings"
      onSubmit={(event) => {
        event.preventDefault();
        void create();
      }}
    >
      <nav class="crumbs" aria-label="Where you are">
        <a href={linkTo([])}>Bots</a> / <b>new</b>
      </nav>
      <h1 class="name">Create a bot</h1>
      <fieldset>
        <legend>What it is</legend>
        <label>
          Plugin
          <select
            value={plugin.value}
            onChange={({ currentTarget }) => {
              plugin.value = currentTarget.value;
              config.value = {};
            }}
          >
            {plugins.map(({ id, version }) => (
              <option key={id} value={id}>
                {id} {version}
              </option>
            ))}
          </select>
        </label>
        {chosen?.obstacle !== undefined && <p class="refusal">{chosen.obstacle}</p>}
        <label>
          Name, for you: lower-case letters, digits, - and _
          <input
            required
            pattern="[a-z0-9][a-z0-9_\-]{0,62}"
            value={id.value}
            autocomplete="off"
            onInput={({ currentTarget }) => {
              id.value = currentTarget.value;
            }}
          />
        </label>
      </fieldset>
      <AccountFields input={account} accounts={accounts} />
      <fieldset>
        <legend>Where it works</legend>
        <label>
          Rooms, one a line, as ids or aliases such as #pictures:example.org. Elsewhere it neither listens nor
          speaks.
          <textarea
            rows={3}
            spellcheck={false}
            value={rooms.value}
            onInput={({ currentTarget }) => {
              rooms.value = currentTarget.value;
              views.value = undefined;
            }}
          />
        </label>
        <p>
          <button
            type="button"
            disabled={linesOf(rooms.value).length === 0 || !isNamed(account.value)}
            onClick={() => void look()}
          >
            {account.value.by === "existing" ? "Check the rooms" : "Add the account and check the rooms"}
          </button>
        </p>
        <KnownRooms
          text={rooms.value}
          onAdd={(room) => {
            rooms.value = [...linesOf(rooms.value), room].join("\n");
            views.value = undefined;
          }}
        />
        {views.value !== undefined && <RoomList rooms={views.value} account={account.value.userId} />}
      </fieldset>
      {chosen?.settingsSchema !== undefined && (
        <details class="card">
          <summary>Settings of {chosen.id}, all with defaults</summary>
          <SettingsForm
            schema={chosen.settingsSchema}
            value={config.value}
            onChange={(next) => {
              config.value = next;
            }}
          />
        </details>
      )}
      <p class="buttons">
        <button type="submit" class="primary" disabled={isBusy.value} aria-busy={isBusy.value}>
          {isBusy.value ? "Creating…" : "Create"}
        </button>
        <a class="button" href={linkTo([])}>
          Cancel
        </a>
      </p>
      <Steps steps={steps.value} />
    </form>
  );
}
