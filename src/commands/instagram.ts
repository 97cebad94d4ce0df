import { Database } from "bun:sqlite";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { extract } from "../bots/instagram/extract/index.ts";
import { fetchLink } from "../bots/instagram/fetch.ts";
import { parseLink } from "../bots/instagram/link.ts";
import type { Extraction } from "../bots/instagram/post.ts";
import { settingsSchema } from "../bots/instagram/settings.ts";
import { StrategyState } from "../bots/instagram/strategy-state.ts";
import { RoostError, sentenceOf } from "../core/error.ts";
import { createHttp } from "../plugins/http/http.ts";
import { exitCode, type Terminal } from "./terminal.ts";

export interface InspectOptions {
  readonly json?: boolean | undefined;
}

/** `roost instagram parse`: what kind of link each input is. */
export function parseLinks(inputs: readonly string[], options: InspectOptions, terminal: Terminal): number {
  if (inputs.length === 0) return askForInputs("parse", terminal);
  for (const input of inputs) {
    const parsed = { input, ...parseLink(input) };
    const known = [parsed.kind, parsed.shortcode, parsed.username, parsed.imgIndex].filter(
      (part) => part !== undefined,
    );
    terminal.out(options.json ? JSON.stringify(parsed) : `${input}: ${known.join(" ")}`);
  }
  return exitCode.fine;
}

export interface ShowOptions extends InspectOptions {
  readonly shortcode?: string | undefined;
  /** A number, as it was typed. */
  readonly status: string;
}

/** `roost instagram show`: what the extractor sees behind a link, or in an answer that was saved to a file. */
export async function showPosts(
  inputs: readonly string[],
  options: ShowOptions,
  terminal: Terminal,
): Promise<number> {
  if (inputs.length === 0) return askForInputs("show", terminal);
  if (!/^[1-5]\d\d$/.test(options.status)) {
    terminal.err("--status must be an HTTP status such as 200.");
    return exitCode.usage;
  }
  let code: number = exitCode.fine;
  for (const input of inputs) {
    try {
      const seen = /^https?:/i.test(input) ? await look(input) : read(input, options);
      terminal.out(
        options.json
          ? JSON.stringify({ input, ...seen.extraction, strategy: seen.strategy })
          : describe(input, seen.extraction),
      );
    } catch (error) {
      terminal.err(`${input}: ${sentenceOf(error)}`);
      code = exitCode.problem;
    }
  }
  return code;
}

interface Seen {
  readonly extraction: Extraction;
  readonly strategy: string;
}

/** Asks at once, whatever a running bot may have left of its allowance, and leaves nothing behind. */
async function look(url: string): Promise<Seen> {
  const folder = mkdtempSync(join(tmpdir(), "roost-"));
  const state = new StrategyState(new Database(":memory:"));
  state.open();
  try {
    const fetched = await fetchLink(
      { url, ...parseLink(url) },
      {
        http: createHttp(),
        settings: settingsSchema.parse({}),
        signal: AbortSignal.timeout(60_000),
        log: { debug() {}, info() {}, warn() {}, error() {}, critical() {} },
        folder,
        state,
        takeTurn: async () => ({ granted: true }),
        hold: async () => {},
        count() {},
      },
    );
    if (fetched.outcome === "told") return fetched;
    throw new RoostError("internal", "An allowance without limit granted nothing.");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function read(file: string, { shortcode, status }: ShowOptions): Seen {
  const answer = { status: Number(status), body: readFileSync(file, "utf8") };
  return { extraction: extract(answer, shortcode === undefined ? {} : { shortcode }), strategy: "file" };
}

function describe(input: string, extraction: Extraction): string {
  switch (extraction.outcome) {
    case "post": {
      const { shortcode, kind, username, likes, comments, media, caption } = extraction.post;
      return `${input}: ${kind} ${shortcode} by ${username ?? "unknown"}, ${likes ?? "hidden"} likes, ${comments ?? "unknown"} comments, ${media.length} media\n  ${caption.replaceAll("\n", "\n  ")}`;
    }
    case "profile": {
      const { username, followers, following, posts, recent } = extraction.profile;
      return `${input}: profile ${username}, ${followers ?? "unknown"} followers, ${following ?? "unknown"} following, ${posts ?? "unknown"} posts, ${recent.length} recent shown`;
    }
    case "refused":
      return `${input}: ${extraction.refusal.class}: ${extraction.refusal.sentence}`;
  }
}

function askForInputs(action: string, terminal: Terminal): number {
  terminal.err(`Name at least one link${action === "show" ? " or file" : ""}. See: roost instagram --help`);
  return exitCode.usage;
}
