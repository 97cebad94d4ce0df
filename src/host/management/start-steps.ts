import type { UserId } from "../../core/id.ts";
import type { RoomView, Step } from "../../core/management.ts";
import type { AccountStatus, RoomStanding } from "../../core/matrix.ts";
import type { Observed } from "../../core/status.ts";

/** How far a start has come, as far as it can be seen from outside. */
export interface StartView {
  readonly userId: UserId;
  /** Whether the account has to be registered before it can log in. */
  readonly isNewAccount: boolean;
  readonly account: AccountStatus | undefined;
  readonly isLoggedIn: boolean;
  readonly rooms: readonly (RoomStanding | { readonly reference: string })[];
  /** The rooms as the account sees them, once it was asked. */
  readonly views: readonly RoomView[] | undefined;
  readonly plugin: string;
  readonly observed: Observed;
}

/** The steps of a start in the order in which they happen. */
export function stepsOf(view: StartView): Step[] {
  const { plugin, rooms, observed, account } = view;
  const isSyncing = account?.state === "syncing";
  return [
    ...accountSteps(view),
    ...(isSyncing ? rooms.map((room) => roomStep(room, view.views)) : []),
    ...(isSyncing || observed.state === "failed" ? [pluginStep(plugin, observed)] : []),
  ];
}

/** The steps of an account from nothing to following its rooms. */
export function accountSteps({
  userId,
  isNewAccount,
  account,
  isLoggedIn,
}: Pick<StartView, "userId" | "isNewAccount" | "account" | "isLoggedIn">): Step[] {
  const what = isNewAccount ? `Register ${userId}` : `Log in as ${userId}`;
  const sync = "Follow its rooms";
  if (account?.state === "syncing") return [done(what), done(sync)];
  const detail = account !== undefined && "cause" in account ? account.cause : undefined;
  const state = account?.state === "failed" ? "failed" : "running";
  return isLoggedIn ? [done(what), { what: sync, state, detail }] : [{ what, state, detail }];
}

function roomStep(
  room: RoomStanding | { readonly reference: string },
  views: readonly RoomView[] | undefined,
): Step {
  const what = `Enter ${room.reference}`;
  if (!("membership" in room)) return { what, state: "running", detail: undefined };
  const detail = room.advice ?? views?.find(({ reference }) => reference === room.reference)?.advice;
  if (detail !== undefined) return { what, state: "failed", detail };
  return { what, state: room.membership === "joined" && views !== undefined ? "done" : "running", detail };
}

function pluginStep(plugin: string, observed: Observed): Step {
  const what = `Start ${plugin}`;
  const detail = "cause" in observed && observed.cause !== "" ? observed.cause : undefined;
  switch (observed.state) {
    case "running":
      return done(what);
    case "stopped":
      return { what, state: "done", detail };
    case "starting":
    case "waiting":
      return { what, state: "running", detail };
    default:
      return { what, state: "failed", detail };
  }
}

function done(what: string): Step {
  return { what, state: "done", detail: undefined };
}

/** Tells each step when it begins and when it changes, and those still under way at the end as failed. */
export class StepTeller {
  readonly #tell: (step: Step) => void;
  readonly #told = new Map<string, Step>();

  constructor(tell: ((step: Step) => void) | undefined) {
    this.#tell = tell ?? (() => {});
  }

  tell(...steps: readonly Step[]): void {
    for (const step of steps) {
      const before = this.#told.get(step.what);
      if (before?.state === step.state && before.detail === step.detail) continue;
      this.#told.set(step.what, step);
      this.#tell(step);
    }
  }

  /** Tells a step around some work; the work's error is the step's and is thrown on. */
  async around<Result>(what: string, work: () => Promise<Result>): Promise<Result> {
    this.tell({ what, state: "running", detail: undefined });
    try {
      const result = await work();
      this.tell(done(what));
      return result;
    } catch (error) {
      this.tell({ what, state: "failed", detail: error instanceof Error ? error.message : String(error) });
      throw error;
    }
  }

  giveUp(): void {
    for (const step of this.#told.values()) {
      const detail =
        step.detail ?? "This takes long; Roost goes on trying. The bot's page says how it stands.";
      if (step.state === "running") this.tell({ ...step, state: "failed", detail });
    }
  }
}
