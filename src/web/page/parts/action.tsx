import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { act } from "./message.tsx";

interface ActionProps {
  /** Answers the sentence to show. */
  readonly onAct: () => Promise<string | undefined>;
  readonly class?: string | undefined;
  readonly disabled?: boolean | undefined;
  readonly children: ComponentChildren;
}

/** A button that says when it is at work and cannot be pressed twice. */
export function Action({ onAct, children, disabled = false, ...props }: ActionProps) {
  const isBusy = useSignal(false);
  const run = async () => {
    isBusy.value = true;
    await act(onAct);
    isBusy.value = false;
  };
  return (
    <button
      type="button"
      class={props.class}
      disabled={disabled || isBusy.value}
      aria-busy={isBusy.value}
      onClick={() => void run()}
    >
      {children}
    </button>
  );
}
