import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { act } from "./message.tsx";

interface ConfirmProps {
  /** What the button that opens it says, and what is asked for. */
  readonly label: string;
  readonly question: string;
  /** Has to be typed before it can be done; nothing, if it can be undone easily. */
  readonly name?: string | undefined;
  readonly class?: string;
  readonly onAct: () => Promise<string | undefined>;
  readonly children?: ComponentChildren;
}

/** A button whose action is asked for once more, in a dialog that Escape closes. */
export function Confirm({ label, question, name, onAct, children, ...props }: ConfirmProps) {
  const isOpen = useSignal(false);
  const isBusy = useSignal(false);
  const typed = useSignal("");
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (isOpen.value) dialog.current?.showModal();
    else dialog.current?.close();
  }, [isOpen.value]);
  const run = async () => {
    isBusy.value = true;
    await act(onAct);
    isBusy.value = false;
    isOpen.value = false;
  };
  return (
    <>
      <button
        type="button"
        class={`danger ${props.class ?? ""}`}
        onClick={() => {
          typed.value = "";
          isOpen.value = true;
        }}
      >
        {label}
      </button>
      <dialog
        ref={dialog}
        aria-label={question}
        onClose={() => {
          isOpen.value = false;
        }}
      >
        <h2>{question}</h2>
        {children}
        {name !== undefined && (
          <label>
            Type {name} to confirm
            <input
              value={typed.value}
              autocomplete="off"
              onInput={({ currentTarget }) => {
                typed.value = currentTarget.value;
              }}
            />
          </label>
        )}
        <p class="buttons">
          <button
            type="button"
            onClick={() => {
              isOpen.value = false;
            }}
          >
            Cancel
          </button>
          <button
            type="button"
            class="danger"
            disabled={isBusy.value || (name !== undefined && typed.value !== name)}
            onClick={() => void run()}
          >
            {label}
          </button>
        </p>
      </dialog>
    </>
  );
}
