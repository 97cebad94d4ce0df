import type { Step } from "../../../core/management.ts";

const words = { running: "at work", done: "done", failed: "failed" } as const;

/** What is being done, step by step as it happens. */
export function Steps({ steps }: { readonly steps: readonly Step[] }) {
  if (steps.length === 0) return null;
  return (
    <ol class="steps" aria-live="polite">
      {steps.map(({ what, state, detail }) => (
        <li key={what} data-status={state === "done" ? "pass" : state === "failed" ? "fail" : "unknown"}>
          <i class="dot" aria-hidden="true" />
          {what} <span class="soft">{words[state]}</span>
          {detail !== undefined && <p class="cause">{detail}</p>}
        </li>
      ))}
    </ol>
  );
}

/** The steps with this one added, or changed where it is known already. */
export function withStep(steps: readonly Step[], step: Step): readonly Step[] {
  const index = steps.findIndex(({ what }) => what === step.what);
  return index < 0 ? [...steps, step] : steps.with(index, step);
}
