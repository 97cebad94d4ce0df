import type { ComponentChildren } from "preact";
import type { HealthStatus } from "../../health.ts";

interface BannerProps {
  readonly status: HealthStatus;
  readonly sentence: string;
  readonly children?: ComponentChildren;
}

/** How it all stands, in one sentence. */
export function Banner({ status, sentence, children }: BannerProps) {
  return (
    <section class="overall" aria-label="Overall state" data-status={status}>
      <i class="dot" aria-hidden="true" />
      <div>
        <p class="sentence" role="status">
          {sentence}
        </p>
        {children}
      </div>
    </section>
  );
}
