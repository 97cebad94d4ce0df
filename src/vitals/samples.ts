import type { InstanceId } from "../core/id.ts";
import type { Sample } from "../core/status.ts";

/** Samples kept of each instance, one a minute: what the page's uptime bars show. */
const kept = 90;

/** The last hour and a half of each instance, in memory. */
export class Samples {
  readonly #samples = new Map<InstanceId, Sample[]>();

  add(instance: InstanceId, sample: Sample): void {
    const samples = this.#samples.get(instance) ?? [];
    samples.push(sample);
    if (samples.length > kept) samples.shift();
    this.#samples.set(instance, samples);
  }

  forget(instance: InstanceId): void {
    this.#samples.delete(instance);
  }

  /** Oldest first. */
  of(instance: InstanceId): readonly Sample[] {
    return this.#samples.get(instance) ?? [];
  }
}
