import Counter from "prom-client/lib/counter.js";
import Gauge from "prom-client/lib/gauge.js";
import Histogram from "prom-client/lib/histogram.js";
import Registry from "prom-client/lib/registry.js";
import type { InstanceId } from "../core/id.ts";
import type { LogSink } from "../core/log.ts";
import type { HostSnapshot } from "../core/status.ts";
import { families } from "./metric-families.ts";

/** From an answer out of a cache to a link that waited its turn for minutes. */
const replyBucketsSeconds = [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900];

/**
 * The host in figures, for Prometheus. Most of them are taken from a snapshot when they are asked for; what only moments tell
 * (how long replies took, what was logged) is collected in between. Labels are names of instances and plugins, never of rooms or
 * users: an account is named after the instances that use it.
 */
export class Metrics {
  readonly contentType = Registry.PROMETHEUS_CONTENT_TYPE;
  readonly #registry = new Registry();
  readonly #families = families.map((family) => ({ family, metric: this.#make(family) }));
  readonly #replies = new Histogram({
    name: "roost_reply_latency_seconds",
    help: "From a message's arrival until the homeserver has accepted the first reply to it.",
    labelNames: ["instance"],
    buckets: replyBucketsSeconds,
    registers: [this.#registry],
  });
  readonly #records = new Counter({
    name: "roost_log_messages_total",
    help: "Records logged, by severity.",
    labelNames: ["severity"],
    registers: [this.#registry],
  });
  readonly #replied = new Set<InstanceId>();

  /** Counts records; to be added to the router. */
  readonly sink: LogSink = ({ severity }) => this.#records.inc({ severity });

  observeReply(instance: InstanceId, latencyMs: number): void {
    this.#replied.add(instance);
    this.#replies.observe({ instance }, latencyMs / 1000);
  }

  /** In Prometheus' text format. */
  async text(snapshot: HostSnapshot): Promise<string> {
    for (const { family, metric } of this.#families) {
      metric.reset();
      for (const [labels, value] of family.read(snapshot)) {
        // One without labels is 0 after a reset, which is something else than not known.
        if (value === undefined) metric.remove(labels);
        else metric.inc(labels, value);
      }
    }
    const present = new Set(snapshot.instances.map(({ id }) => id));
    for (const instance of this.#replied) {
      if (present.has(instance)) continue;
      this.#replies.remove({ instance });
      this.#replied.delete(instance);
    }
    return this.#registry.metrics();
  }

  #make({ name, help, labels, kind }: (typeof families)[number]): Counter | Gauge {
    const options = { name, help, labelNames: [...labels], registers: [this.#registry] };
    return kind === "counter" ? new Counter(options) : new Gauge(options);
  }
}
