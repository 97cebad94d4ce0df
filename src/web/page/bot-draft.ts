import { type Signal, signal } from "@preact/signals";
import type { Problem } from "../../core/config.ts";
import type { JsonObject } from "../../core/json.ts";
import type { AccountInfo, RoomView, Saved, Step } from "../../core/management.ts";
import type { SaveLine } from "../roost/contract.ts";
import { type AccountInput, accountProblems, addAccount, emptyAccount } from "./account-input.ts";
import { ask, follow, Refusal } from "./host.ts";
import { withStep } from "./parts/steps.tsx";
import { linesOf, roomsOf, roomsProblem } from "./settings-draft.ts";

/** A bot while somebody makes it up: what was typed, what is wrong with it, and how far its making is. */
export class BotDraft {
  readonly plugin: Signal<string>;
  readonly id: Signal<string> = signal("");
  readonly account: Signal<AccountInput>;
  readonly rooms: Signal<string> = signal("");
  readonly config: Signal<JsonObject> = signal({});
  /** The rooms as the account sees them; undefined until they were checked. */
  readonly views: Signal<readonly RoomView[] | undefined> = signal(undefined);
  readonly steps: Signal<readonly Step[]> = signal([]);
  readonly saved: Signal<Saved | undefined> = signal(undefined);
  /** What the host found wrong, until something else is typed; and what of it belongs to no field, as a sentence. */
  readonly refused: Signal<readonly Problem[]> = signal([]);
  readonly refusal: Signal<string> = signal("");
  readonly #accounts: readonly AccountInfo[];

  constructor(plugin: string, accounts: readonly AccountInfo[]) {
    this.plugin = signal(plugin);
    this.account = signal(emptyAccount(accounts));
    this.#accounts = accounts;
  }

  choose(plugin: string): void {
    this.type(this.plugin, plugin);
    this.config.value = {};
  }

  type<Value>(field: Signal<Value>, value: Value): void {
    field.value = value;
    this.refused.value = [];
    this.refusal.value = "";
    if ((field as unknown) === this.rooms) this.views.value = undefined;
  }

  /** What is wrong, by field. `taken` are the names of other bots. */
  problems(taken: readonly string[]): {
    readonly id?: string;
    readonly account?: string;
    readonly rooms?: string;
  } {
    const id = nameProblem(this.id.value, taken);
    const account = this.accountProblem();
    const rooms = roomsProblem(this.rooms.value) ?? this.#refusedAt("rooms");
    return {
      ...(id === undefined ? {} : { id }),
      ...(account === undefined ? {} : { account }),
      ...(rooms === undefined ? {} : { rooms }),
    };
  }

  accountProblem(): string | undefined {
    return Object.values(accountProblems(this.account.value))[0];
  }

  async checkRooms(): Promise<void> {
    await this.#tell(async () => {
      await this.#addAccount();
      this.views.value = await ask<readonly RoomView[]>("POST", "/rooms", {
        account: this.account.value.userId,
        references: linesOf(this.rooms.value),
      });
    });
  }

  async create(): Promise<void> {
    await this.#tell(async () => {
      await this.#addAccount();
      const change = {
        plugin: this.plugin.value,
        account: this.account.value.userId,
        rooms: roomsOf(this.rooms.value),
        config: this.config.value,
      };
      const path = `/instances/${encodeURIComponent(this.id.value)}`;
      const last = await follow<SaveLine>("PUT", path, change, (line) => {
        if ("what" in line) this.steps.value = withStep(this.steps.value, line);
      });
      if (last !== undefined && "saved" in last) this.saved.value = last.saved;
    });
  }

  #addAccount(): Promise<void> {
    return addAccount(this.account, this.#accounts, (step) => {
      this.steps.value = withStep(this.steps.value, step);
    });
  }

  async #tell(work: () => Promise<void>): Promise<void> {
    this.steps.value = [];
    this.refused.value = [];
    this.refusal.value = "";
    try {
      await work();
    } catch (error) {
      const sentence = error instanceof Error ? error.message : String(error);
      if (error instanceof Refusal && Array.isArray(error.details.problems))
        this.refused.value = error.details.problems;
      const isAtFields =
        this.refused.value.length > 0 && this.refused.value.every((each) => this.#hasField(each));
      if (isAtFields) this.steps.value = [];
      // A step that failed says it itself.
      else if (!this.steps.value.some(({ detail }) => detail === sentence)) this.refusal.value = sentence;
    }
  }

  #hasField({ file, path }: Problem): boolean {
    return file === "config" || path.startsWith(`instances.${this.id.value}.rooms`);
  }

  #refusedAt(field: string): string | undefined {
    const path = `instances.${this.id.value}.${field}`;
    return this.refused.value.find((problem) => problem.path.startsWith(path))?.message;
  }
}

function nameProblem(id: string, taken: readonly string[]): string | undefined {
  if (id === "") return "Give it a name";
  if (!/^[a-z0-9][a-z0-9_-]{0,62}$/.test(id))
    return "A name has only lower-case letters, digits, - and _, such as weather2, and at most 63 of them";
  return taken.includes(id) ? `There is a bot called ${id} already` : undefined;
}
