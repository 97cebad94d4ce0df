import { Database } from "bun:sqlite";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Fetched, type Fetcher, fetchLink, type Progress } from "../../../src/bots/instagram/fetch.ts";
import { parseLink } from "../../../src/bots/instagram/link.ts";
import { type Settings, settingsSchema } from "../../../src/bots/instagram/settings.ts";
import { StrategyState } from "../../../src/bots/instagram/strategy-state.ts";
import { createHttp } from "../../../src/plugins/http/http.ts";

/** What a bot lends to the strategies, with an allowance of a given number of turns. */
export class FetcherDouble {
  readonly folder = mkdtempSync(join(tmpdir(), "roost-fetch-"));
  readonly db = new Database(":memory:");
  readonly logged: string[] = [];
  readonly counted: string[] = [];
  readonly holds: number[] = [];
  turns = Number.POSITIVE_INFINITY;
  taken = 0;
  state = this.#openState();
  readonly #origin: string;
  readonly #stop = new AbortController();

  constructor(origin: string) {
    this.#origin = origin;
  }

  close(): void {
    this.#stop.abort();
    this.db.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
  /** As after a restart of the instance. */
  restart(): void {
    this.state = this.#openState();
  }
  abort(): void {
    this.#stop.abort();
  }

  fetch(
    url: string,
    settings: Partial<Record<keyof Settings, unknown>> = {},
    progress?: Progress,
  ): Promise<Fetched> {
    const config = settingsSchema.parse({ origin: this.#origin, ...settings });
    return fetchLink({ url, ...parseLink(url) }, this.#fetcher(config), progress);
  }

  /** What came of it, in two words: `post page`, `deleted page`, `wait`. */
  async outcome(url: string, settings: Partial<Record<keyof Settings, unknown>> = {}): Promise<string> {
    const fetched = await this.fetch(url, settings);
    if (fetched.outcome === "wait") return "wait";
    const { extraction, strategy } = fetched;
    return `${extraction.outcome === "refused" ? extraction.refusal.class : extraction.outcome} ${strategy}`;
  }

  #openState(): StrategyState {
    const state = new StrategyState(this.db);
    state.open();
    return state;
  }

  #fetcher(settings: Settings): Fetcher {
    const note = (message: string) => {
      this.logged.push(message);
    };
    return {
      http: createHttp(),
      settings,
      signal: this.#stop.signal,
      log: { debug: note, info: note, warn: note, error: note, critical: note },
      folder: this.folder,
      state: this.state,
      takeTurn: async () => {
        if (this.taken >= this.turns) return { granted: false, waitMs: 45_000, ahead: 2 };
        this.taken++;
        return { granted: true };
      },
      hold: async (untilMs) => {
        this.holds.push(untilMs);
      },
      count: (what) => {
        this.counted.push(what);
      },
    };
  }
}
