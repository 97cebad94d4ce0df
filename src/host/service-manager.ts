import type { HostLogger } from "../core/log.ts";
import type { HostSnapshot } from "../core/status.ts";
import { NotifySocket } from "./notify-socket.ts";

const tellEveryMs = 2_000;
/** How late an attempt may be before the supervisor counts as stuck. */
const graceMs = 30_000;

export interface ServiceManagerOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly snapshot: () => HostSnapshot;
  readonly log: HostLogger;
  readonly pid?: number;
}

/**
 * What systemd hears from a unit of `Type=notify`: ready, what it does in one line, that it still turns, and that it stops. Outside
 * of one it does nothing. A homeserver that is away, or a full disk, never costs the watchdog's sign of life: a restart mends neither.
 */
export class ServiceManager {
  readonly #options: ServiceManagerOptions;
  readonly #socket: NotifySocket | undefined;
  readonly #watchdogMs: number | undefined;
  #timers: Timer[] = [];
  #told = "";

  constructor(options: ServiceManagerOptions) {
    this.#options = options;
    const { NOTIFY_SOCKET: path, WATCHDOG_USEC: usec, WATCHDOG_PID: pid } = options.env;
    this.#socket = path ? new NotifySocket(path) : undefined;
    const isOurs = !pid || Number(pid) === (options.pid ?? process.pid);
    this.#watchdogMs = usec && isOurs ? Number(usec) / 1000 : undefined;
  }

  /** Says READY: to be opened last. Throws RoostError `internal` if the socket cannot be used. */
  open(): void {
    if (this.#socket === undefined) return;
    this.#socket.open();
    this.#told = statusLine(this.#options.snapshot());
    if (!this.#socket.send("READY=1", `STATUS=${this.#told}`))
      this.#options.log.warn("The service manager did not take the message that Roost is ready.");
    this.#timers = [setInterval(() => this.#tell(), tellEveryMs)];
    if (this.#watchdogMs !== undefined)
      // Four times as often as asked, so that one that is missed after a machine slept costs nothing.
      this.#timers.push(setInterval(() => this.#signLife(), this.#watchdogMs / 4));
  }

  close(): void {
    for (const timer of this.#timers) clearInterval(timer);
    this.#socket?.send("STOPPING=1", "STATUS=Finishing what is in hand.");
    this.#socket?.close();
  }

  #tell(): void {
    const line = statusLine(this.#options.snapshot());
    if (line !== this.#told && this.#socket?.send(`STATUS=${line}`)) this.#told = line;
  }

  #signLife(): void {
    const stuck = overdueInstance(this.#options.snapshot());
    if (stuck === undefined) this.#socket?.send("WATCHDOG=1");
    else
      this.#options.log.error(
        `The supervisor stands still: what is due for ${stuck} was not done. The service manager is left to restart Roost.`,
      );
  }
}

/** Such as `2/3 instances running, rss is crash-looping, 1/2 accounts syncing`: instances by name, accounts never. */
export function statusLine({ instances, accounts, database }: HostSnapshot): string {
  const isRunning = ({ observed }: HostSnapshot["instances"][number]) => observed.state === "running";
  const troubled = instances.filter((each) => each.desired === "running" && !isRunning(each));
  const syncing = accounts.filter(({ state }) => state === "syncing");
  return [
    `${instances.filter(isRunning).length}/${instances.length} instances running`,
    ...troubled.slice(0, 3).map(({ id, observed }) => `${id} is ${observed.state}`),
    `${syncing.length}/${accounts.length} accounts syncing`,
    ...(database.ok ? [] : ["the database refuses writes"]),
  ].join(", ");
}

/** An instance whose next attempt is long overdue: then nothing carries out what the supervisor decides. */
export function overdueInstance({ instances, nowMs }: HostSnapshot): string | undefined {
  return instances.find(
    ({ observed }) =>
      (observed.state === "backoff" || observed.state === "crash-looping") &&
      nowMs - observed.nextAttemptMs > graceMs,
  )?.id;
}
