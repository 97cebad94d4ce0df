import type { Saved, Step } from "../../../core/management.ts";
import type { PluginInfo } from "../../../core/plugin-info.ts";
import { Steps } from "../parts/steps.tsx";
import { linkTo } from "../route.ts";

interface CreatedProps {
  readonly saved: Saved;
  readonly plugin: PluginInfo | undefined;
  readonly steps: readonly Step[];
}

/** What was made, and what to try now. */
export function Created({ saved, plugin, steps }: CreatedProps) {
  const { definition, warnings } = saved;
  return (
    <section class="settings narrow" aria-labelledby="created">
      <h1 id="created">{definition.id} is created</h1>
      <div class="card">
        <Steps steps={steps} />
      </div>
      {warnings
        .filter((warning) => !steps.some(({ detail }) => detail === warning))
        .map((warning) => (
          <p key={warning} class="card" data-status="warn">
            {warning}
          </p>
        ))}
      {plugin !== undefined && plugin.answersTo.length > 0 && (
        <p>
          In its rooms it answers to <b>{plugin.answersTo.join(", ")}</b>.
        </p>
      )}
      <h2>This was written</h2>
      <pre class="card">{definition.yaml}</pre>
      <p class="buttons">
        <a class="button primary" href={linkTo(["bots", definition.id])}>
          Go to {definition.id}
        </a>
      </p>
    </section>
  );
}
