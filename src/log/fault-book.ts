import type { InstanceId } from "../core/id.ts";
import type { Fault, FaultHistory, LogRecord, OpenFault } from "../core/log.ts";

type Noted = Fault & FaultHistory & { readonly state: "raised" | "cleared" };

/** Which faults last: what the page shows until it is over, and how a recovery is known for one. */
export class FaultBook {
  readonly #open = new Map<string, OpenFault>();

  raise({ timeMs, severity, instance, message }: LogRecord, fault: Fault): Noted {
    const name = nameOf(instance, fault.key);
    const known = this.#open.get(name);
    const history = { sinceMs: known?.sinceMs ?? timeMs, count: (known?.count ?? 0) + 1 };
    this.#open.set(name, { ...fault, ...history, instance, severity, message });
    return { ...fault, ...history, state: "raised" };
  }

  /** Undefined when there is no such fault. */
  clear(instance: InstanceId | undefined, key: string): Noted | undefined {
    const known = this.#open.get(nameOf(instance, key));
    if (known === undefined) return undefined;
    this.#open.delete(nameOf(instance, key));
    return { key, sinceMs: known.sinceMs, count: known.count, state: "cleared" };
  }

  forget(instance: InstanceId): void {
    for (const [name, fault] of this.#open) if (fault.instance === instance) this.#open.delete(name);
  }

  /** Oldest first. */
  open(): readonly OpenFault[] {
    return [...this.#open.values()];
  }
}

function nameOf(instance: InstanceId | undefined, key: string): string {
  return `${instance ?? ""} ${key}`;
}
