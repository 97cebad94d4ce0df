import type { LinkKind } from "./link.ts";
import { type Refusal, type RefusalClass, refuse } from "./post.ts";
import { postFirst, type Showing } from "./show.ts";

const emojis: Record<RefusalClass, string> = {
  private: "🔒",
  deleted: "🗑️",
  "login-required": "🔑",
  "age-restricted": "🔞",
  "rate-limited": "⏳",
  challenge: "🤖",
  "broken-shape": "🧩",
  unsupported: "🚫",
  unreachable: "🔌",
};

/** Why links of a kind that has no preview get none. */
export function refuseKind(kind: LinkKind): Refusal {
  const { refusal } = refuse("unsupported");
  if (kind !== "story" && kind !== "highlight") return refusal;
  return {
    ...refusal,
    sentence: "Instagram shows stories only to people who are logged in, so there is no preview.",
  };
}

/** Says why there is nothing to show, the way the admin wants it said. What was announced as queued ends in a sentence always. */
export async function postRefusal(refusal: Refusal, label: string, showing: Showing): Promise<void> {
  const { run, noticeId, settings } = showing;
  if (noticeId === null) {
    if (refusal.class === "unsupported" && settings.unsupported === "silent") return;
    if (settings.refusals === "log") return;
    if (settings.refusals === "reaction") {
      const emoji = emojis[refusal.class];
      await run.inOrder();
      // A message takes each emoji of ours once.
      await run.message.react(emoji, { key: `reaction:${emoji}` });
      return;
    }
  }
  await postFirst(`${label}${refusal.sentence}`, showing);
}
