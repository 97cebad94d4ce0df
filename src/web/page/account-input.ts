/** A Matrix account as somebody names it, and its way into Roost. */
import type { Signal } from "@preact/signals";
import type { AccountInfo, Step } from "../../core/management.ts";
import { follow } from "./host.ts";

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

/** What is wrong with what was typed; what else is wrong with a name the host says. */
export function accountProblems({ userId, by, secret }: AccountInput): {
  readonly userId?: string;
  readonly secret?: string;
} {
  return {
    ...(/^@[^:\s]+:\S+$/.test(userId)
      ? {}
      : { userId: "Write the whole id, with its server, as in @weather:example.org" }),
    ...((by === "password" || by === "access-token") && secret === ""
      ? { secret: by === "password" ? "Its password is missing" : "Its access token is missing" }
      : {}),
  };
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
