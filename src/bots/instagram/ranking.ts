import type { Extraction, RefusalClass } from "./post.ts";

/** What one strategy came to, as it is remembered while a link waits. */
export interface Tried {
  readonly strategy: string;
  readonly extraction: Extraction;
  /** Instagram turned this address away. */
  readonly isLimited?: true;
  /** Nobody else would be told anything else. */
  readonly isFinal?: true;
}

/** From the refusals that tell people most to those that tell them least. Among equals the first strategy's word counts. */
const telling: readonly (readonly RefusalClass[])[] = [
  ["private", "age-restricted"],
  ["rate-limited", "login-required"],
  ["deleted", "challenge"],
  ["broken-shape", "unreachable", "unsupported"],
];

/** Which of several answers is given: the lowest. */
export function rank({ extraction, isFinal }: Tried): number {
  if (isExact(extraction)) return 0;
  if (extraction.outcome !== "refused") return 1;
  const { class: refusal } = extraction.refusal;
  return isFinal ? 2 : 3 + telling.findIndex((classes) => classes.includes(refusal));
}

export function isExact(extraction: Extraction): boolean {
  if (extraction.outcome === "post") return !extraction.post.approximate;
  return extraction.outcome === "profile" && extraction.profile.approximate !== true;
}
