import { RoostError } from "../../core/error.ts";
import type { Turn } from "../../core/plugin.ts";
import type { Link } from "./link.ts";
import { type Extraction, refuse } from "./post.ts";
import { isExact, rank, type Tried } from "./ranking.ts";
import { keepSample } from "./sample.ts";
import { resolveShare } from "./share.ts";
import { postStrategies, profileStrategies } from "./strategy/index.ts";
import { type Attempt, type Means, NoTurn, type Strategy } from "./strategy/strategy.ts";

export interface Fetcher extends Omit<Means, "pay"> {
  /** One use of the allowance for requests to Instagram; asked before every request. */
  takeTurn(): Promise<Turn>;
  /** Instagram wants to be left alone until then: told to the host, for everybody who comes from this address. */
  hold(untilMs: number): Promise<void>;
  /** Counts how a link was answered, such as `post page` or `deleted page`. */
  count(what: string): void;
}

/** How far a link has come: plain JSON, kept by the caller while the link waits for its turn. */
export interface Progress {
  readonly tried: readonly Tried[];
  /** Turns that were granted and not used yet. */
  readonly turns?: number;
  /** Where a `/share/` link leads. */
  readonly target?: Link;
  /** It began anew once already, after a time that Instagram had named. */
  readonly isAgain?: true;
}

export interface Told {
  readonly outcome: "told";
  readonly extraction: Extraction;
  readonly strategy: string;
  /** What was fetched: the link itself, or what a `/share/` link led to. */
  readonly link: Link;
}

/** `wait`: the allowance grants no request now; call again with the progress, after `waitMs`. */
export type Fetched =
  | Told
  | {
      readonly outcome: "wait";
      readonly waitMs: number;
      readonly ahead: number;
      readonly progress: Progress;
    };

/**
 * What a link to a post or profile shows, by the configured strategies in their order: the first that tells all, else the best
 * approximate answer, else the refusal that says most. A `rate-limited` one says when to begin anew. Throws only RoostError
 * `cancelled`.
 */
export async function fetchLink(link: Link, fetcher: Fetcher, progress?: Progress): Promise<Fetched> {
  const chain = new Chain(link, fetcher, progress ?? { tried: [] });
  try {
    const told = await chain.run();
    // One that will be asked for again is not answered yet.
    const result =
      told.extraction.outcome === "refused" ? told.extraction.refusal.class : told.extraction.outcome;
    if (result !== "rate-limited") fetcher.count(`${result} ${told.strategy}`);
    return told;
  } catch (error) {
    if (!(error instanceof NoTurn)) throw error;
    const { waitMs, ahead } = error.turn;
    return { outcome: "wait", waitMs, ahead, progress: chain.progress };
  }
}

/** One link's way through the strategies. */
class Chain {
  readonly #fetcher: Fetcher;
  readonly #means: Means;
  readonly #tried: Tried[];
  readonly #isAgain: boolean;
  #wasTold = false;
  #turns: number;
  #target: Link;

  constructor(link: Link, fetcher: Fetcher, { tried, turns, target, isAgain }: Progress) {
    this.#fetcher = fetcher;
    this.#means = { ...fetcher, pay: (requests) => this.#pay(requests) };
    this.#tried = [...tried];
    this.#turns = turns ?? 0;
    this.#target = target ?? link;
    this.#isAgain = isAgain === true;
  }

  get progress(): Progress {
    const plain = { turns: this.#turns, target: this.#target };
    // After a time that Instagram named itself the best strategy has its chance again, but not for ever.
    if (this.#wasTold && !this.#isAgain) return { ...plain, tried: [], isAgain: true };
    return { ...plain, tried: this.#tried, ...(this.#isAgain ? { isAgain: true } : {}) };
  }

  async run(): Promise<Told> {
    const { state } = this.#fetcher;
    if (state.heldUntilMs > Date.now()) await this.#fetcher.hold(state.heldUntilMs);
    if (this.#target.kind === "share") await this.#resolve();
    for (const [name, strategy] of this.#chosen()) {
      const isOpen = !this.#hasTried(name) && !this.#tried.some(({ extraction }) => isExact(extraction));
      if (!isOpen || this.#isRuledOut(strategy) || state.isRested(name, Date.now())) continue;
      if ((await strategy.isUsable?.(this.#means)) === false) continue;
      const attempt = await this.#try(name, (means) => strategy.fetch(this.#target, means));
      if (attempt !== undefined) await this.#noteShape(name, attempt);
    }
    return this.#finish();
  }

  /** The strategies for this kind of link, in the admin's order. */
  #chosen(): [string, Strategy][] {
    const { settings } = this.#fetcher;
    if (this.#target.shortcode !== undefined)
      return settings.strategies.map((name) => [name, postStrategies[name]]);
    if (this.#target.kind !== "profile") return [];
    return settings.profile_strategies.map((name) => [name, profileStrategies[name]]);
  }

  async #resolve(): Promise<void> {
    await this.#try("share", async (means) => {
      const { target, ...attempt } = await resolveShare(this.#target, means);
      if (target !== undefined) this.#target = target;
      return target === undefined ? attempt : undefined;
    });
  }

  /** A page's word that there is nothing is final, except that a logged-in reader may see what is kept from strangers. */
  #isRuledOut(strategy: Strategy): boolean {
    return this.#tried.some(({ isFinal, extraction }) => {
      const isKept =
        extraction.outcome === "refused" && ["private", "age-restricted"].includes(extraction.refusal.class);
      return isFinal === true && !(isKept && strategy.isLoggedIn === true);
    });
  }

  /** The page that `page` has loaded is the one that `og` would read. */
  #hasTried(name: string): boolean {
    return this.#tried.some(({ strategy }) => strategy === name || (name === "og" && strategy === "page"));
  }

  async #try(
    name: string,
    fetch: (means: Means) => Promise<Attempt | undefined>,
  ): Promise<Attempt | undefined> {
    const attempt = await fetch(this.#means).catch(explainFailure);
    if (attempt === undefined) return undefined;
    const { extraction, preview, retryAfterMs } = attempt;
    const isTold = attempt.isLimited === true && retryAfterMs !== undefined;
    if (isTold) {
      this.#wasTold = true;
      await this.#fetcher.hold(this.#fetcher.state.backOff(Date.now(), retryAfterMs));
    }
    this.#tried.push({
      strategy: name,
      extraction,
      ...(attempt.isLimited ? { isLimited: true } : {}),
      ...(attempt.isFinal ? { isFinal: true } : {}),
    });
    const isWelcome =
      this.#chosen().some(([chosen]) => chosen === "og") &&
      !this.#tried.some((tried) => tried.strategy === "og");
    if (preview !== undefined && isWelcome) this.#tried.push({ strategy: "og", extraction: preview });
    return attempt;
  }

  /** A strategy that no longer understands the answers is rested, and the admin told with a sample for a bug report. */
  async #noteShape(name: string, { extraction, answer }: Attempt): Promise<void> {
    const { state, log, folder } = this.#fetcher;
    const refusal = extraction.outcome === "refused" ? extraction.refusal.class : undefined;
    if (refusal === "rate-limited" || refusal === "unreachable") return;
    if (refusal !== "broken-shape") return state.noteUnderstood(name);
    if (!state.noteBroken(name, Date.now())) return;
    const sample = await keepSample(folder, name, answer);
    log.warn(
      `Instagram's answers to "${name}" are no longer understood; it is not used for 6 hours. Look for an update of Roost, or attach the sample, which holds no secrets, to a bug report.`,
      { strategy: name, sample },
    );
  }

  async #finish(): Promise<Told> {
    const [best] = [...this.#tried].sort((a, b) => rank(a) - rank(b));
    const link = this.#target;
    if (best === undefined)
      return { outcome: "told", extraction: this.#explainNothing(), strategy: "none", link };
    const { strategy, extraction } = best;
    const { state, log } = this.#fetcher;
    if (isExact(extraction) || best.isFinal) {
      state.endBackoff();
      return { outcome: "told", extraction, strategy, link };
    }
    if (!this.#tried.some((tried) => tried.isLimited)) return { outcome: "told", extraction, strategy, link };
    const nowMs = Date.now();
    const untilMs = state.backOff(nowMs);
    await this.#fetcher.hold(untilMs);
    const seconds = Math.max(1, Math.ceil((untilMs - nowMs) / 1000));
    log.info("Instagram turns us away: it is left alone for a while.", { seconds });
    const isLimit = extraction.outcome === "refused" && extraction.refusal.class === "rate-limited";
    return {
      outcome: "told",
      extraction: isLimit ? refuse("rate-limited", seconds) : extraction,
      strategy,
      link,
    };
  }

  /** Why nothing was tried at all. */
  #explainNothing(): Extraction {
    const { state, log } = this.#fetcher;
    const names = this.#chosen().map(([name]) => name);
    if (names.length === 0) return refuse("unsupported");
    if (names.some((name) => state.isRested(name, Date.now()))) return refuse("broken-shape");
    if (state.isFirst("nothing usable"))
      log.warn(
        "None of the configured strategies can be used here: install yt-dlp, give a cookies file, or list more.",
        {
          strategies: names.join(", "),
        },
      );
    return refuse("unreachable");
  }

  async #pay(requests: number): Promise<void> {
    while (this.#turns < requests) {
      const turn = await this.#fetcher.takeTurn();
      if (!turn.granted) throw new NoTurn(turn);
      this.#turns++;
    }
    this.#turns -= requests;
  }
}

/** Failures on the way, as what they come to. Whoever is not reached by one strategy is not reached by the next. */
function explainFailure(error: unknown): Attempt {
  if (!(error instanceof RoostError) || error.code === "cancelled") throw error;
  if (error.code === "too-large") return { extraction: refuse("broken-shape") };
  return { extraction: refuse("unreachable"), isFinal: error.code === "network" };
}
