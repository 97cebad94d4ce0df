import type { AccountDefinitions } from "../../config/account-definitions.ts";
import type { Definitions } from "../../config/definitions.ts";
import { RoostError, sentenceOf } from "../../core/error.ts";
import type { InstanceId } from "../../core/id.ts";
import type {
  Actor,
  InstanceChange,
  InstanceDefinition,
  RoomView,
  Saved,
  Step,
  TrashedInstance,
} from "../../core/management.ts";
import { listedRooms } from "../../core/room-rule.ts";
import { hasLoggedIn } from "../../matrix/credentials.ts";
import type { HostStore } from "../../store/host-store.ts";
import type { House } from "../house.ts";
import type { Audit } from "./audit.ts";
import type { InstanceTrash } from "./instance-trash.ts";
import { discardSavedSettings } from "./saved-settings.ts";
import { StepTeller, stepsOf } from "./start-steps.ts";
import type { Turns } from "./turns.ts";

export interface ManagedInstancesOptions {
  readonly house: House;
  readonly store: HostStore;
  readonly definitions: Definitions;
  readonly accounts: AccountDefinitions;
  readonly trash: InstanceTrash;
  readonly turns: Turns;
  readonly audit: Audit;
}

const lookEveryMs = 100;
const startLimitMs = 30_000;
const viewLimitMs = 10_000;

/** What people do to instances: their YAML is written, and comes into force by a restart of that instance alone. */
export class ManagedInstances {
  readonly #options: ManagedInstancesOptions;

  constructor(options: ManagedInstancesOptions) {
    this.#options = options;
  }

  save(id: InstanceId, change: InstanceChange, actor: Actor, onStep?: (step: Step) => void): Promise<Saved> {
    const { definitions, audit, turns } = this.#options;
    return turns.take([id], async () => {
      const teller = new StepTeller(onStep);
      const saved = await teller.around("Check and write the YAML", () => definitions.save(id, change));
      audit(actor, `The instance was ${saved.isNew ? "created" : "changed"}.`, id);
      const failures = await this.#start(saved.definition, teller);
      return { ...saved, warnings: [...saved.warnings, ...failures] };
    });
  }

  /** In a fresh run: what runs would save it again. */
  discardSaved(id: InstanceId, actor: Actor): Promise<string> {
    const { house, turns, audit } = this.#options;
    return turns.take([id], async () => {
      if (!house.supervisor.has(id)) throw new RoostError("not-found", `There is no instance ${id}.`);
      await house.changeDatabase(id, () => discardSavedSettings(house.config().dataDir, id));
      audit(actor, "What its plugin had saved over the settings was discarded.", id);
      return `${id} goes by its YAML again.`;
    });
  }

  rename(id: InstanceId, to: InstanceId, actor: Actor): Promise<void> {
    const { definitions, house, store, trash, turns, audit } = this.#options;
    return turns.take([id, to], async () => {
      this.#requireWritable(id);
      this.#requireFree(to);
      if (house.supervisor.has(id)) await house.operations.dismiss(id);
      try {
        await definitions.rename(id, to);
      } catch (error) {
        await this.#takeUp(id);
        throw error;
      }
      trash.rename(id, to);
      store.instances.rename(id, to);
      audit(actor, `The instance was called ${id} and is now called ${to}.`, to);
      await this.#takeUp(to);
    });
  }

  remove(id: InstanceId, actor: Actor): Promise<TrashedInstance> {
    const { definitions, accounts, house, store, trash, turns, audit } = this.#options;
    return turns.take([id], async () => {
      const { account } = this.#requireWritable(id);
      const displayname = accounts.read(account)?.displayname;
      const isStopped = store.notes.isStoppedByOperator(id);
      if (house.supervisor.has(id)) await house.operations.dismiss(id);
      let yaml: string;
      try {
        yaml = await definitions.remove(id);
      } catch (error) {
        await this.#takeUp(id);
        throw error;
      }
      const trashed = trash.put({ id, yaml, account, displayname, isStopped });
      store.instances.forget(id, Date.now());
      audit(actor, `The instance was deleted. What it knew is in trash/${trashed.folder}.`, id);
      return trashed;
    });
  }

  trashed(): readonly TrashedInstance[] {
    return this.#options.trash.list();
  }

  recover(folder: string, actor: Actor): Promise<void> {
    const { definitions, accounts, house, store, trash, turns, audit } = this.#options;
    const { id, yaml, account, displayname, isStopped } = trash.read(folder);
    return turns.take([id], async () => {
      this.#requireFree(id);
      if (accounts.read(account) === undefined) {
        if (!hasLoggedIn(house.config().dataDir, account)) {
          const sentence = `${id} needs the account ${account}, which is no longer there: add it first.`;
          throw new RoostError("conflict", sentence);
        }
        await accounts.add(account, { by: "registration" }, displayname);
      }
      const undo = trash.putBack(folder, id);
      try {
        await definitions.restore(id, yaml);
      } catch (error) {
        undo();
        throw error;
      }
      trash.remove(folder);
      if (isStopped) store.notes.saveOperatorStop(id, true, Date.now());
      audit(actor, "The instance was brought back from the trash.", id);
      await this.#takeUp(id);
    });
  }

  /** Begins a run with what the YAML says. What stands against it shows in the instance's state; it is no failure of a change. */
  async #takeUp(id: InstanceId): Promise<void> {
    await this.#options.house.operations.restart(id).catch(() => {});
  }

  /** Brings the change into force and tells the steps until it runs, or it is known that it does not; answers what went wrong. */
  async #start(definition: InstanceDefinition, teller: StepTeller): Promise<readonly string[]> {
    const { house } = this.#options;
    const { id, account, plugin } = definition;
    const isNewAccount = !hasLoggedIn(house.config().dataDir, account);
    const beganMs = Date.now();
    let outcome: { readonly failure: string | undefined } | undefined;
    void house.operations.applyChange(id).then(
      () => {
        outcome = { failure: undefined };
      },
      (error: unknown) => {
        outcome = { failure: sentenceOf(error) };
      },
    );
    let views: readonly RoomView[] | undefined;
    for (const endsAtMs = performance.now() + startLimitMs; performance.now() < endsAtMs; ) {
      await Bun.sleep(lookEveryMs);
      // What `restart` brings about is looked at only once it is said.
      const end: { readonly failure: string | undefined } | undefined = outcome;
      views ??= await this.#viewRooms(definition);
      const steps = this.#look(definition, { isNewAccount, views, beganMs, isOver: end !== undefined });
      teller.tell(...steps);
      if (end?.failure !== undefined) {
        teller.tell({ what: `Start ${plugin}`, state: "failed", detail: end.failure });
        return [end.failure];
      }
      if (end !== undefined && steps.every(({ state }) => state !== "running"))
        return steps.flatMap(({ state, detail }) => (state === "failed" ? (detail ?? []) : []));
    }
    teller.giveUp();
    return [`${id} does not run yet; Roost goes on trying.`];
  }

  #look(
    { id, account: userId, plugin, rooms }: InstanceDefinition,
    start: {
      readonly isNewAccount: boolean;
      readonly views: readonly RoomView[] | undefined;
      readonly beganMs: number;
      readonly isOver: boolean;
    },
  ): Step[] {
    const { supervisor, roster, accounts } = this.#options.house;
    if (!supervisor.has(id)) return [];
    const account = accounts.get(userId);
    const standings = new Map(roster.standingsOf(id).map((each) => [each.reference, each]));
    const observed = supervisor.observed(id);
    const isOfThisStart = start.isOver || observed.sinceMs >= start.beganMs;
    return stepsOf({
      ...start,
      userId,
      plugin,
      account: account?.status(),
      isLoggedIn: account?.deviceId !== undefined,
      rooms: listedRooms(rooms).map((reference) => standings.get(reference) ?? { reference }),
      observed: isOfThisStart ? observed : { state: "starting", sinceMs: start.beganMs, attempt: 1 },
    });
  }

  /** Once the account has been to each: whether it may post is not told by joining. */
  async #viewRooms({
    id,
    account,
    ...definition
  }: InstanceDefinition): Promise<readonly RoomView[] | undefined> {
    const rooms = listedRooms(definition.rooms);
    const { accounts, roster } = this.#options.house;
    const known = roster.standingsOf(id);
    const isDone =
      known.length === rooms.length && known.every((room) => room.membership === "joined" || room.advice);
    const client = accounts.get(account);
    if (!isDone || client?.status().state !== "syncing") return undefined;
    return await client.viewRooms(rooms, AbortSignal.timeout(viewLimitMs)).catch(() => []);
  }

  #requireWritable(id: InstanceId): InstanceDefinition {
    const definition = this.#options.definitions.read(id);
    if (definition.readOnly === undefined) return definition;
    throw new RoostError("bad-request", `${id} cannot be changed here. ${definition.readOnly}`);
  }

  #requireFree(id: InstanceId): void {
    const { house, trash } = this.#options;
    if (house.supervisor.has(id))
      throw new RoostError("conflict", `There is an instance ${id} already: choose another name.`);
    trash.requireNoData(id);
  }
}
