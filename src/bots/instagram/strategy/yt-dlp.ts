import { dirname } from "node:path";
import { RoostError } from "../../../core/error.ts";
import { parseJson } from "../extract/page.ts";
import { readYtDlp } from "../extract/yt-dlp.ts";
import type { Link } from "../link.ts";
import { type RefusalClass, refuse } from "../post.ts";
import { originOf, type Settings } from "../settings.ts";
import { type Output, runChild } from "./child.ts";
import type { Attempt, Means, Strategy } from "./strategy.ts";

/** What yt-dlp asks Instagram for one post: home page, ruling, and the page or the query behind it. */
const requestsOfOneRun = 3;
const maxOutputBytes = 8 * 1024 * 1024;

/** The program of the community, where there is one: it follows Instagram's changes, and can pass for a browser further down. */
export const ytDlp: Strategy = {
  isUsable: ({ settings, state, log }) => {
    const isThere = programOf(settings) !== undefined;
    if (!isThere && settings.yt_dlp !== undefined && state.isFirst("no yt-dlp"))
      log.warn(`There is no program to run at ${settings.yt_dlp}; correct yt_dlp, or install yt-dlp there.`, {
        strategy: "yt-dlp",
      });
    return isThere;
  },
  async fetch(link, means) {
    const program = programOf(means.settings);
    if (program === undefined) return { extraction: refuse("unreachable") };
    await means.pay(requestsOfOneRun);
    return readOutput(await run(program, link, means), link);
  },
};

function programOf({ yt_dlp }: Settings): string | undefined {
  return Bun.which(yt_dlp ?? "yt-dlp") ?? undefined;
}

async function run(program: string, link: Link, means: Means): Promise<Output> {
  const { settings, folder, signal } = means;
  const path = `/${link.kind === "reel" ? "reel" : "p"}/${link.shortcode}/`;
  const options = ["-J", "--no-playlist", "--no-warnings", "--ignore-config", "--no-cache-dir"];
  const limits = ["--ignore-no-formats-error", "--socket-timeout", String(settings.timeout_seconds)];
  try {
    const output = await runChild([program, ...options, ...limits, "--", `${originOf(settings)}${path}`], {
      cwd: folder,
      env: {
        PATH: `${dirname(program)}:/usr/local/bin:/usr/bin:/bin:/run/current-system/sw/bin`,
        HOME: folder,
        // Not among the arguments, which everybody on the machine can read.
        ...(settings.proxy === undefined ? {} : { http_proxy: settings.proxy, https_proxy: settings.proxy }),
      },
      timeoutMs: settings.timeout_seconds * 1000 * requestsOfOneRun,
      maxBytes: maxOutputBytes,
      signal,
    });
    if (output.ending !== "cancelled") return output;
  } catch (error) {
    return { out: "", err: `unable to start: ${String(error)}`, ending: "exited" };
  }
  throw new RoostError("cancelled", "yt-dlp was given up.");
}

/** What it complains of, most telling words first. */
const complaints: readonly (readonly [RegExp, RefusalClass])[] = [
  [/or login required/i, "login-required"],
  [/rate.?limit|HTTP Error 429|too many requests|wait a few minutes/i, "rate-limited"],
  [/restricted (?:video|photo|post|reel|content)|age.?restricted|18 years old/i, "age-restricted"],
  [/(?:account|post|profile|video|content) is private|private (?:account|post|video)/i, "private"],
  [/HTTP Error (?:404|410)|no longer available|not found|does not exist|unavailable/i, "deleted"],
  [/challenge|checkpoint/i, "challenge"],
  [/log.?in|logged.in|empty media response|HTTP Error 40[13]/i, "login-required"],
  [
    /timed out|unable to (?:connect|download|start)|resolve|refused|unreachable|HTTP Error 5\d\d/i,
    "unreachable",
  ],
  [/unsupported url/i, "unsupported"],
];

function readOutput({ out, err, ending }: Output, link: Link): Attempt {
  if (ending === "timed-out") return { extraction: refuse("unreachable") };
  const shortcode = link.shortcode ?? "";
  const bare = shortcode.length > 28 ? shortcode.slice(0, -28) : shortcode;
  const post = ending === "too-much" ? undefined : readYtDlp(parseJson(out), bare);
  if (post !== undefined) return { extraction: { outcome: "post", post } };
  const told = err.slice(-20_000);
  const refusal = complaints.find(([words]) => words.test(told))?.[1] ?? "broken-shape";
  return {
    extraction: refuse(refusal),
    isLimited: refusal === "rate-limited" || /HTTP Error 40[13]|or login required/i.test(told),
    answer: { status: 0, body: out.trim() === "" ? told : out },
  };
}
