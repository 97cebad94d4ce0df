import type { Observed } from "../../../core/status.ts";

const words: Readonly<Record<Observed["state"], string>> = {
  running: "Running",
  starting: "Starting",
  waiting: "Waiting",
  backoff: "Backing off",
  "crash-looping": "Crash-looping",
  failed: "Failed",
  stopped: "Stopped",
};

/** The state a check names. */
export function stateOf(text: string): Observed["state"] {
  return Object.hasOwn(words, text) ? (text as Observed["state"]) : "stopped";
}

export function stateWord(state: Observed["state"]): string {
  return words[state];
}

/** A state as a dot and a word: colour never stands alone. */
export function State({ state }: { readonly state: Observed["state"] }) {
  return (
    <span class="state" data-state={state}>
      <i class="dot" aria-hidden="true" />
      {words[state]}
    </span>
  );
}
