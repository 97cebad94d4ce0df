import { signal } from "@preact/signals";

interface Message {
  readonly id: number;
  readonly kind: "done" | "refused";
  readonly text: string;
}

const shownMs = 6_000;
/** More would cover a small screen. */
const mostMessages = 2;
const messages = signal<readonly Message[]>([]);
const lastId = signal(0);

/** Tells what an action did, or why not. What is done is told for a while; a refusal stays until it is closed, another action works, or one goes elsewhere. */
export function tell(kind: Message["kind"], text: string): void {
  lastId.value += 1;
  const id = lastId.value;
  const others = kind === "done" ? [] : messages.value.filter((message) => message.text !== text);
  messages.value = [...others.slice(1 - mostMessages), { id, kind, text }];
  if (kind === "done") setTimeout(() => close(id), shownMs);
}

/** Runs an action; tells its sentence, or the refusal's. Answers whether it worked. */
export async function act(work: () => Promise<string | undefined>): Promise<boolean> {
  try {
    const done = await work();
    if (done !== undefined) tell("done", done);
    return true;
  } catch (error) {
    tell("refused", error instanceof Error ? error.message : String(error));
    return false;
  }
}

addEventListener("hashchange", () => {
  messages.value = messages.value.filter(({ kind }) => kind === "done");
});

function close(id: number): void {
  messages.value = messages.value.filter((message) => message.id !== id);
}

export function Messages() {
  return (
    <div class="messages">
      {messages.value.map(({ id, kind, text }) => (
        <p
          key={id}
          class="message"
          data-status={kind === "done" ? "pass" : "fail"}
          role={kind === "done" ? "status" : "alert"}
        >
          <span>{text}</span>
          <button type="button" class="link" aria-label="Close this message" onClick={() => close(id)}>
            ✕
          </button>
        </p>
      ))}
    </div>
  );
}
