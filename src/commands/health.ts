import { sentenceOf } from "../core/error.ts";
import { type Health, healthOf, isReady } from "../web/health.ts";
import { dataDirOf } from "./data-dir.ts";
import { fetchSnapshot } from "./status.ts";
import { exitCode, type Terminal } from "./terminal.ts";

export interface HealthOptions {
  readonly config?: string | undefined;
  readonly json?: boolean | undefined;
  /** Seconds, as they were typed. */
  readonly wait?: string | undefined;
}

type Verdict = { readonly health: Health; readonly isReady: boolean } | { readonly unreachable: string };

const askEveryMs = 500;
const answerLimitMs = 10_000;

/**
 * `roost health`: exit code 0 while all is well or merely wants attention, 1 when it fails or nobody answers. Prints what is not
 * well and, on a terminal, also that all is: a cron job stays silent then. With `--wait` it gives the host that long to get ready.
 */
export async function health(options: HealthOptions, terminal: Terminal): Promise<number> {
  const waitSeconds = Number(options.wait ?? 0);
  if (!Number.isFinite(waitSeconds) || waitSeconds < 0) {
    terminal.err("--wait must be a number of seconds, such as --wait 60.");
    return exitCode.usage;
  }
  const deadlineMs = performance.now() + waitSeconds * 1000;
  let verdict = await ask(options, terminal);
  while (!isGood(verdict) && performance.now() < deadlineMs) {
    await Bun.sleep(askEveryMs);
    verdict = await ask(options, terminal);
  }
  if (waitSeconds > 0 && !isGood(verdict) && "health" in verdict && verdict.health.status !== "fail")
    terminal.err(`It was not ready within ${waitSeconds} s.`);
  print(verdict, options.json === true, terminal);
  const isFine = waitSeconds > 0 ? isGood(verdict) : "health" in verdict && verdict.health.status !== "fail";
  return isFine ? exitCode.fine : exitCode.problem;
}

async function ask(options: HealthOptions, terminal: Terminal): Promise<Verdict> {
  try {
    const signal = AbortSignal.timeout(answerLimitMs);
    const snapshot = await fetchSnapshot(dataDirOf(options, terminal), signal);
    return { health: healthOf(snapshot), isReady: isReady(snapshot) };
  } catch (error) {
    return { unreachable: sentenceOf(error) };
  }
}

function isGood(verdict: Verdict): boolean {
  return "health" in verdict && verdict.isReady && verdict.health.status !== "fail";
}

function print(verdict: Verdict, json: boolean, terminal: Terminal): void {
  if ("unreachable" in verdict) {
    if (json) terminal.out(JSON.stringify({ status: "fail", output: verdict.unreachable }));
    else terminal.out(`fail: ${verdict.unreachable}`);
    return;
  }
  const { status, notes, checks } = verdict.health;
  if (json) {
    terminal.out(JSON.stringify(verdict.health));
    return;
  }
  if (status !== "pass" || terminal.isTerminal) terminal.out(`${status}: ${notes[0]}`);
  for (const [component, [check]] of Object.entries(checks)) {
    if (check.status === "pass") continue;
    const since = check.since === undefined ? "" : ` since ${check.since}`;
    const cause = check.output === undefined ? "" : `: ${check.output}`;
    terminal.out(
      `${check.status} ${component.replace(":", " ")} is ${check.observedValue}${check.observedUnit ? ` ${check.observedUnit}` : ""}${since}${cause}`,
    );
  }
}
