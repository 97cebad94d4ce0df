import { useSignal } from "@preact/signals";
import type { AccountInfo, Step } from "../../../core/management.ts";
import type { Done } from "../../roost/contract.ts";
import { type AccountInput, accountProblems, addAccount } from "../account-input.ts";
import { formatDuration } from "../format.ts";
import { ask } from "../host.ts";
import { Confirm } from "../parts/confirm.tsx";
import { goToProblem } from "../parts/field.tsx";
import { type Loaded, useLoaded, Waiting } from "../parts/loaded.tsx";
import { act } from "../parts/message.tsx";
import { Steps, withStep } from "../parts/steps.tsx";
import { AccountFields } from "./account-fields.tsx";

const words: Readonly<Record<AccountInfo["state"], string>> = {
  unused: "not used by any bot",
  connecting: "connecting",
  syncing: "connected",
  waiting: "waits",
  failed: "failed",
  stopped: "stopped",
};

/** The Matrix users that bots speak as. */
export function Accounts() {
  const loaded = useLoaded<readonly AccountInfo[]>("/accounts");
  const { now, reload } = loaded;
  const isAdding = useSignal(false);
  return (
    <section aria-labelledby="accounts">
      <div class="heading">
        <h2 id="accounts">Accounts</h2>
        <button
          type="button"
          class="small"
          aria-expanded={isAdding.value}
          onClick={() => {
            isAdding.value = !isAdding.value;
          }}
        >
          Add an account
        </button>
      </div>
      {isAdding.value && (
        <AddAccount
          onDone={async () => {
            isAdding.value = false;
            await reload();
          }}
          onCancel={() => {
            isAdding.value = false;
          }}
        />
      )}
      <Waiting loading={now.value} />
      {now.value.state === "there" && (
        <ul class="card list">
          {now.value.answer.map((account) => (
            <Account key={account.userId} account={account} reload={loaded.reload} />
          ))}
          {now.value.answer.length === 0 && <li>None yet.</li>}
        </ul>
      )}
    </section>
  );
}

interface AddAccountProps {
  readonly onDone: () => Promise<void>;
  readonly onCancel: () => void;
}

function AddAccount({ onDone, onCancel }: AddAccountProps) {
  const input = useSignal<AccountInput>({ userId: "", by: "registration", secret: "" });
  const steps = useSignal<readonly Step[]>([]);
  const isTried = useSignal(false);
  const add = async () => {
    isTried.value = true;
    if (Object.keys(accountProblems(input.value)).length > 0) return goToProblem();
    await act(async () => {
      const { userId } = input.value;
      await addAccount(input, [], (step) => {
        steps.value = withStep(steps.value, step);
      });
      await onDone();
      return `${userId} is here.`;
    });
  };
  return (
    <form
      class="settings narrow"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        void add();
      }}
    >
      <AccountFields legend="A new account" input={input} accounts={[]} isTried={isTried.value} />
      <Steps steps={steps.value} />
      <p class="buttons">
        <button type="submit" class="primary steady">
          Add
        </button>
        <button type="button" onClick={onCancel}>
          Cancel
        </button>
      </p>
    </form>
  );
}

interface AccountProps {
  readonly account: AccountInfo;
  readonly reload: Loaded<readonly AccountInfo[]>["reload"];
}

function Account({ account, reload }: AccountProps) {
  const { userId, displayname, state, cause, sinceMs, login, instances, readOnly } = account;
  const path = `/accounts/${encodeURIComponent(userId)}`;
  const token = useSignal("");
  const change = (event: SubmitEvent) => {
    event.preventDefault();
    void act(async () => {
      await ask("PATCH", path, { accessToken: token.value });
      token.value = "";
      await reload();
      return `${userId} uses the new token.`;
    });
  };
  const isFine = state === "syncing" || state === "unused" || state === "connecting" || state === "stopped";
  return (
    <li data-status={state === "failed" ? "fail" : isFine ? "pass" : "warn"}>
      <i class="dot" aria-hidden="true" />
      <div>
        <p>
          <b>{userId}</b> {displayname !== undefined && <span class="soft">{displayname}</span>}
        </p>
        <p class="soft">
          {words[state]} for {formatDuration(Date.now() - sinceMs)}
          {instances.length > 0 && ` · used by ${instances.join(", ")}`} · not encrypted
        </p>
        {cause !== undefined && <p>{cause}</p>}
        {readOnly !== undefined && <p class="soft">{readOnly}</p>}
        {readOnly === undefined && login === "access-token" && (
          <form class="inline" onSubmit={change}>
            <label>
              New access token
              <input
                type="password"
                required
                autocomplete="new-password"
                value={token.value}
                onInput={({ currentTarget }) => {
                  token.value = currentTarget.value;
                }}
              />
            </label>
            <button type="submit" class="small">
              Use it
            </button>
          </form>
        )}
        {readOnly === undefined && instances.length === 0 && (
          <Confirm
            class="small"
            label={`Remove ${userId}`}
            question={`Remove ${userId} from Roost?`}
            onAct={async () => {
              const { message } = await ask<Done>("DELETE", path);
              await reload();
              return message;
            }}
          >
            <p>The homeserver goes on knowing it; its credentials here are put aside.</p>
          </Confirm>
        )}
      </div>
    </li>
  );
}
