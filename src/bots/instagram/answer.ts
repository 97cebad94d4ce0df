import { RoostError } from "../../core/error.ts";
import type { Bot, Message, Turn } from "../../core/plugin.ts";
import { fetchLink } from "./fetch.ts";
import { FileCollector } from "./files.ts";
import { findLinks, type Link, labelOf, targetOf } from "./link.ts";
import type { Refusal } from "./post.ts";
import { postRefusal, refuseKind } from "./refusal.ts";
import { type Run, Runs } from "./run.ts";
import { allowanceOf, type Settings } from "./settings.ts";
import { type Showing, show } from "./show.ts";
import type { AnswerStore, Job, Ready } from "./store.ts";
import type { StrategyState } from "./strategy-state.ts";
import { formatWait, neutralizeLine } from "./words.ts";

const firstWaitMs = 2 * 60_000;
const longestWaitMs = 2 * 60 * 60_000;
/** Longer waits are told. */
const quietWaitMs = 3_000;
const quietAttempts = 2;
const slowMs = 2_000;
/** How long others wait for the message that asks on their behalf beyond its time, before they ask themselves. */
const leaderMs = 60_000;
const behindLeaderMs = 500;

/** What became of a link: something to show, why there is nothing, or that it takes a while. */
type Outcome =
  | { readonly outcome: "ready"; readonly canonical: string; readonly ready: Ready }
  | { readonly outcome: "refused"; readonly refusal: Refusal }
  | ({ readonly outcome: "wait" } & Wait);

interface Wait {
  readonly waitMs: number;
  readonly ahead: number;
  readonly progress: Job["progress"];
  /** What the room is told about it instead of its place in the queue. */
  readonly because?: string;
}

export interface AnswererOptions {
  readonly bot: Bot<Settings>;
  readonly store: AnswerStore;
  readonly state: StrategyState;
  readonly now?: () => number;
  /** How long one run waits for Instagram, well within a handler's time. */
  readonly patienceMs?: number;
}

/**
 * Answers the Instagram links of messages, each once, however often a message is handled and whichever way it goes. Nothing
 * here sleeps: what takes long is a deferred run of its own.
 */
export class Answerer {
  readonly #bot: Bot<Settings>;
  readonly #store: AnswerStore;
  readonly #state: StrategyState;
  readonly #files: FileCollector;
  readonly #now: () => number;
  readonly #openedAtMs: number;
  readonly #runs: Runs;
  /** Fetches under way, by what they fetch: two messages with one link cost one request. */
  readonly #flights = new Map<string, Promise<Outcome>>();

  constructor({ bot, store, state, now = Date.now, patienceMs = 25_000 }: AnswererOptions) {
    this.#bot = bot;
    this.#store = store;
    this.#state = state;
    this.#files = new FileCollector(bot, store);
    this.#now = now;
    this.#openedAtMs = now();
    this.#runs = new Runs(patienceMs);
  }

  async answer(message: Message): Promise<void> {
    const links = findLinks(message.body, message.formattedBody);
    const due = links.filter(
      (link) => message.deferredKey === undefined || message.deferredKey === retryKey(targetOf(link)),
    );
    if (due.length === 0) return;
    const run = this.#runs.begin(message);
    try {
      for (const [at, link] of due.entries()) {
        const resumesAtMs = await this.#answerLink(run, link, links.length > 1);
        // Those behind one that comes back unannounced come after it.
        if (resumesAtMs !== undefined) {
          for (const next of due.slice(at + 1)) await message.defer(retryKey(targetOf(next)), resumesAtMs);
          return;
        }
      }
    } finally {
      run.finished.resolve();
      run.showTyping(false);
    }
  }

  /** Goes as far with a link as can be gone now. Answers when it goes on if nothing in the room stands for it yet. */
  async #answerLink(run: Run, link: Link, isOneOfSeveral: boolean): Promise<number | undefined> {
    const { message } = run;
    const target = targetOf(link);
    const job = await this.#announce(run, this.#store.job(message.event.eventId, target));
    if (job !== undefined && job.refusal === null && (job.dueAtMs ?? 0) > this.#now())
      return this.#defer(run, job);
    const outcome = await this.#decide(run, link, target, job);
    const label = isOneOfSeveral ? `${neutralizeLine(labelOf(link))}: ` : "";
    if (outcome.outcome === "wait") {
      const kept = this.#keepWaiting(message, target, job, outcome, label);
      return this.#defer(run, await this.#announce(run, kept));
    }
    const showing: Showing = {
      run,
      key: target,
      noticeId: job?.noticeId ?? null,
      imgIndex: link.imgIndex,
      settings: this.#bot.config,
      userId: this.#bot.userId,
    };
    if (outcome.outcome === "refused") {
      this.#keepRefusal(message, target, job, outcome.refusal);
      await postRefusal(outcome.refusal, label, showing);
    } else if (!(await show(this.#files.collect(outcome.canonical, outcome.ready), showing))) {
      const resumesAtMs = this.#now() + slowMs;
      await message.defer(retryKey(target), resumesAtMs);
      return resumesAtMs;
    }
    if (job !== undefined) this.#store.keepJob({ ...job, ...this.#decided(message, target) });
    return undefined;
  }

  /** Tells the room what it is to be told about a link that waits, once. */
  async #announce<Known extends Job | undefined>(run: Run, job: Known): Promise<Known> {
    if (job === undefined || job.notice === null || job.noticeId !== null) return job;
    const noticeId = await run.message.reply(job.notice, { key: `wait:${job.target}` });
    const told = { ...job, noticeId };
    this.#store.keepJob(told);
    return told;
  }

  async #defer(run: Run, { target, dueAtMs, noticeId }: Job): Promise<number | undefined> {
    const atMs = dueAtMs ?? this.#now();
    await run.message.defer(retryKey(target), atMs);
    return noticeId === null ? atMs : undefined;
  }

  #keepWaiting(message: Message, target: string, job: Job | undefined, wait: Wait, label: string): Job {
    const { waitMs, ahead, progress, because } = wait;
    const place = ahead > 0 ? `, ${ahead} before it` : "";
    const notice = because ?? `Queued, ${formatWait(waitMs)}${place}.`;
    const attempts = (job?.attempts ?? 0) + 1;
    // Short waits, one after the other, make a long one.
    const isTold = waitMs > quietWaitMs || because !== undefined || attempts > quietAttempts;
    const kept: Job = {
      message: message.event.eventId,
      target,
      dueAtMs: this.#now() + waitMs,
      attempts,
      notice: job?.notice ?? (isTold ? `${label}${notice}` : null),
      noticeId: job?.noticeId ?? null,
      progress,
      refusal: null,
    };
    this.#store.keepJob(kept);
    return kept;
  }

  /** A repeated run must not find that Instagram has changed its mind; and whoever waits for the same is told the same. */
  #keepRefusal(message: Message, target: string, job: Job | undefined, refusal: Refusal): void {
    const fresh = { attempts: 0, notice: null, noticeId: null, progress: null };
    this.#store.keepJob({ ...(job ?? { ...fresh, ...this.#decided(message, target) }), refusal });
    this.#store.refuseWaiting(target, refusal);
  }

  #decided(message: Message, target: string) {
    return { message: message.event.eventId, target, dueAtMs: null, progress: null };
  }

  async #decide(run: Run, link: Link, target: string, job: Job | undefined): Promise<Outcome> {
    if (job !== undefined && job.refusal !== null) return { outcome: "refused", refusal: job.refusal };
    const canonical = this.#store.canonical(target);
    const ready = this.#store.ready(canonical);
    if (ready !== undefined) return { outcome: "ready", canonical, ready };
    const isShown = link.shortcode !== undefined || link.kind === "profile" || link.kind === "share";
    if (!isShown) return { outcome: "refused", refusal: refuseKind(link.kind) };
    const leader = this.#leader(target);
    const isLed = leader !== undefined && leader.message !== run.message.event.eventId;
    if (isLed && !this.#flights.has(target)) {
      const waitMs = Math.max((leader.dueAtMs ?? 0) - this.#now(), 0) + behindLeaderMs;
      return { outcome: "wait", waitMs, ahead: 0, progress: null };
    }
    run.showTyping(true);
    const flight = this.#fly(run.message, link, target, job);
    const because = "Instagram takes its time; the answer will follow here.";
    const progress = job?.progress ?? null;
    return (await run.within(flight)) ?? { outcome: "wait", waitMs: slowMs, ahead: 0, progress, because };
  }

  /** The message whose turn is everybody's who waits for this target; one that does not come back loses that place. */
  #leader(target: string): Job | undefined {
    const nowMs = this.#now();
    const isFresh = nowMs < this.#openedAtMs + leaderMs;
    return this.#store.leader(target, isFresh ? 0 : nowMs - leaderMs);
  }

  #fly(message: Message, link: Link, target: string, job: Job | undefined): Promise<Outcome> {
    const known = this.#flights.get(target);
    if (known !== undefined) return known;
    const flight = this.#fetch(message, link, target, job).finally(() => this.#flights.delete(target));
    flight.catch(() => undefined);
    this.#flights.set(target, flight);
    return flight;
  }

  async #fetch(message: Message, link: Link, target: string, job: Job | undefined): Promise<Outcome> {
    const bot = this.#bot;
    const allowance = allowanceOf(bot.config);
    const fetched = await fetchLink(
      link,
      {
        http: bot.http,
        settings: bot.config,
        signal: bot.signal,
        log: bot.log,
        folder: bot.folder,
        state: this.#state,
        takeTurn: () => takeTurnFor(message, { ...allowance, ticket: target }),
        hold: (untilMs) => bot.hold(allowance.allowance, untilMs),
        count: (what) => bot.count(what),
      },
      job?.progress ?? undefined,
    );
    if (fetched.outcome === "wait") return fetched;
    const { extraction, strategy } = fetched;
    if (extraction.outcome === "refused") {
      const { refusal } = extraction;
      bot.log.info(`Instagram gave nothing: ${refusal.class}.`, { strategy, link: labelOf(link) });
      return refusal.class === "rate-limited" ? this.#backOff(refusal, job) : extraction;
    }
    const canonical = targetOf(fetched.link);
    const ready: Ready =
      extraction.outcome === "post"
        ? { kind: "post", post: extraction.post, pictures: [], videos: [] }
        : { kind: "profile", profile: extraction.profile, pictures: [] };
    this.#store.keepReady(canonical, ready);
    if (canonical !== target) this.#store.keepCanonical(target, canonical);
    return { outcome: "ready", canonical, ready };
  }

  /** Instagram asks to wait: as long as it says, else 2 minutes, then 4, up to 2 hours, and as often as it takes. */
  #backOff({ retryAfterSeconds }: Refusal, job: Job | undefined): Outcome {
    const learnedMs = Math.min(firstWaitMs * 2 ** (job?.attempts ?? 0), longestWaitMs);
    const waitMs = retryAfterSeconds === undefined ? learnedMs : retryAfterSeconds * 1000;
    const because = `Instagram asks us to wait (rate-limited); trying again in ${formatWait(waitMs)}.`;
    return { outcome: "wait", waitMs, ahead: 0, progress: null, because };
  }
}

/** The turn of a run that is over meanwhile is asked for by the next one, which goes on where this one was. */
async function takeTurnFor(message: Message, request: Parameters<Message["takeTurn"]>[0]): Promise<Turn> {
  try {
    return await message.takeTurn(request);
  } catch (error) {
    if (!(error instanceof RoostError) || error.code !== "bad-request") throw error;
    return { granted: false, waitMs: slowMs, ahead: 0 };
  }
}

function retryKey(target: string): string {
  return `retry:${target}`;
}
