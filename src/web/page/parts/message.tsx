import { signal } from "@preact/signals";

interface Message {
  readonly id: number;
  readonly kind: "done" | "refused";
  readonly text: string;
}

const shownMs = 8_000;
const messages = signal<readonly Message[]>([]);
const lastId = signal(0);

/** Tells what an action did, or why not, until it is read. Refusals stay until they are closed. */
export function tell(kind: Message["kind"], text: string): void {
  lastId.value += 1;
  const id = lastId.value;
  messages.value = [...messages.value.slice(-3), { id, kind, text }];
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
