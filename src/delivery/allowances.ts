import type { AllowanceStore, InboxRow } from "../core/delivery.ts";
import type { EventId, InstanceId, UserId } from "../core/id.ts";
import type { Turn, TurnRequest } from "../core/plugin.ts";
import { type Allowance, freshAllowance, takeTurn, withoutMessage } from "./allowance.ts";

/** The host's allowances by name: one for all instances that use it, kept across restarts. */
export class Allowances {
  readonly #store: AllowanceStore;
  readonly #known = new Map<string, Allowance>();

  constructor(store: AllowanceStore) {
    this.#store = store;
  }

  take(row: InboxRow, sender: UserId, request: TurnRequest, nowMs: number): Turn {
    const { allowance: name, ticket } = request;
    const { instance, eventId } = row;
    const asker = { name: JSON.stringify([instance, eventId, ticket]), instance, eventId, sender };
    const decision = takeTurn(this.#get(name), request, asker, nowMs);
    this.#put(name, decision.allowance);
    return decision.granted
      ? { granted: true }
      : { granted: false, waitMs: decision.waitMs, ahead: decision.ahead };
  }

  /** Nothing is granted before that time; an earlier one than is already known changes nothing. */
  hold(name: string, untilMs: number): void {
    const allowance = this.#get(name);
    if (untilMs > allowance.heldUntilMs) this.#put(name, { ...allowance, heldUntilMs: untilMs });
  }

  /** A message is gone: what waits for it leaves the line. */
  withdraw(instance: InstanceId, eventId: EventId): void {
    for (const [name, allowance] of this.#known) {
      const next = withoutMessage(allowance, instance, eventId);
      if (next !== allowance) this.#put(name, next);
    }
  }

  #get(name: string): Allowance {
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const stored = this.#store.loadAllowance(name);
    const allowance = stored === undefined ? freshAllowance : (JSON.parse(stored) as Allowance);
    this.#known.set(name, allowance);
    return allowance;
  }

  #put(name: string, allowance: Allowance): void {
    this.#store.saveAllowance(name, JSON.stringify(allowance));
    this.#known.set(name, allowance);
  }
}
