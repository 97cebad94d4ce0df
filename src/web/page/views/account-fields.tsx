import { type Signal, useSignal } from "@preact/signals";
import type { AccountInfo } from "../../../core/management.ts";
import { type AccountInput, accountProblems } from "../account-input.ts";
import { TextField } from "../parts/field.tsx";
import { useLoaded } from "../parts/loaded.tsx";

interface AccountFieldsProps {
  readonly legend: string;
  readonly input: Signal<AccountInput>;
  readonly accounts: readonly AccountInfo[];
  /** Somebody tried to go on: what is missing is said. */
  readonly isTried: boolean;
}

const ways = [
  ["existing", "One that is here already"],
  ["registration", "A new one, registered with the homeserver's token"],
  ["password", "One of the homeserver, by its password"],
  ["access-token", "One of the homeserver, by an access token"],
] as const;

/** Which Matrix account. */
export function AccountFields({ legend, input, accounts, isTried }: AccountFieldsProps) {
  const homeserver = useLoaded<{ url: string; serverName?: string; canRegister: boolean }>("/homeserver").now
    .value;
  const known = homeserver.state === "there" ? homeserver.answer : undefined;
  const { userId, by, secret } = input.value;
  const names = useSignal(new Set<string>(accounts.map((account) => account.userId)));
  const problems = accountProblems(input.value);
  const change = (part: Partial<AccountInput>) => {
    input.value = { ...input.value, ...part };
  };
  return (
    <fieldset>
      <legend>{legend}</legend>
      <label>
        Account
        <select
          value={by}
          onChange={({ currentTarget }) => {
            const next = ways.find(([way]) => way === currentTarget.value)?.[0] ?? "registration";
            change({ by: next, userId: next === "existing" ? (accounts[0]?.userId ?? "") : "", secret: "" });
          }}
        >
          {ways
            .filter(
              ([way]) =>
                (way !== "existing" || by === "existing" || names.value.size > 0) &&
                (way !== "registration" || known?.canRegister !== false),
            )
            .map(([way, words]) => (
              <option key={way} value={way}>
                {words}
              </option>
            ))}
        </select>
      </label>
      {by === "existing" ? (
        <label>
          Which
          <select value={userId} onChange={({ currentTarget }) => change({ userId: currentTarget.value })}>
            {!names.value.has(userId) && <option value={userId}>{userId}</option>}
            {accounts.map((account) => (
              <option key={account.userId} value={account.userId}>
                {account.userId}{" "}
                {account.instances.length > 0 ? `(used by ${account.instances.join(", ")})` : ""}
              </option>
            ))}
          </select>
        </label>
      ) : (
        <TextField
          id="user-id"
          label="User id"
          placeholder={`@weather:${known?.serverName ?? "example.org"}`}
          value={userId}
          problem={problems.userId}
          isTried={isTried}
          onInput={(text) => change({ userId: text.trim() })}
        />
      )}
      {(by === "password" || by === "access-token") && (
        <TextField
          id="account-secret"
          label={by === "password" ? "Its password" : "Its access token"}
          isSecret
          value={secret}
          problem={problems.secret}
          isTried={isTried}
          onInput={(text) => change({ secret: text })}
        />
      )}
    </fieldset>
  );
}
