import { type Signal, useSignal } from "@preact/signals";
import type { AccountInfo, Step } from "../../../core/management.ts";
import { follow } from "../host.ts";
import { useLoaded } from "../parts/loaded.tsx";

export interface AccountInput {
  readonly userId: string;
  readonly by: "existing" | "registration" | "password" | "access-token";
  /** The password or token; never kept longer than it takes to send it. */
  readonly secret: string;
}

export function emptyAccount(accounts: readonly AccountInfo[]): AccountInput {
  const first = accounts.find(({ instances }) => instances.length === 0) ?? accounts[0];
  return first === undefined
    ? { userId: "", by: "registration", secret: "" }
    : { userId: first.userId, by: "existing", secret: "" };
}

/** Whether it names an account; what else is wrong with the name the host says. */
export function isNamed({ userId }: AccountInput): boolean {
  return /^@[^:\s]+:\S+$/.test(userId);
}

/** Adds the account if it is a new one, and then knows it as an existing one. */
export async function addAccount(
  input: Signal<AccountInput>,
  accounts: readonly AccountInfo[],
  onStep: (step: Step) => void,
): Promise<void> {
  const { userId, by, secret } = input.value;
  if (by === "existing" || accounts.some((account) => account.userId === userId)) return;
  const login =
    by === "password"
      ? { by, password: secret }
      : by === "access-token"
        ? { by, accessToken: secret }
        : { by };
  await follow<Step | object>("PUT", `/accounts/${encodeURIComponent(userId)}`, { login }, (line) => {
    if ("what" in line) onStep(line);
  });
  input.value = { userId, by: "existing", secret: "" };
}

interface AccountFieldsProps {
  readonly input: Signal<AccountInput>;
  readonly accounts: readonly AccountInfo[];
}

const ways = [
  ["existing", "An account that is here already"],
  ["registration", "Register a new one with the homeserver's token"],
  ["password", "One that exists on the homeserver, by its password"],
  ["access-token", "One that exists on the homeserver, by an access token"],
] as const;

/** Whom a bot speaks as. */
export function AccountFields({ input, accounts }: AccountFieldsProps) {
  const homeserver = useLoaded<{ url: string; serverName?: string; canRegister: boolean }>("/homeserver").now
    .value;
  const known = homeserver.state === "there" ? homeserver.answer : undefined;
  const { userId, by, secret } = input.value;
  const names = useSignal(new Set<string>(accounts.map((account) => account.userId)));
  const change = (part: Partial<AccountInput>) => {
    input.value = { ...input.value, ...part };
  };
  return (
    <fieldset>
      <legend>Whom it speaks as</legend>
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
        <label>
          User id
          <input
            required
            pattern="@[^:\s]+:\S+"
            title="The whole id, such as @weather:example.org"
            placeholder={`@weather:${known?.serverName ?? "example.org"}`}
            value={userId}
            autocomplete="off"
            onInput={({ currentTarget }) => change({ userId: currentTarget.value.trim() })}
          />
        </label>
      )}
      {(by === "password" || by === "access-token") && (
        <label>
          {by === "password" ? "Its password" : "Its access token"}
          <input
            type="password"
            required
            autocomplete="new-password"
            value={secret}
            onInput={({ currentTarget }) => change({ secret: currentTarget.value })}
          />
        </label>
      )}
    </fieldset>
  );
}
