import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";

interface FieldProps {
  readonly id: string;
  readonly label: string;
  readonly help?: string | undefined;
  /** What is wrong with it, as sentences. */
  readonly problems?: readonly string[] | undefined;
  /** The control, which takes these attributes so that a screen reader says what stands around it. */
  readonly children: (attributes: {
    readonly id: string;
    readonly "aria-invalid": boolean;
    readonly "aria-describedby": string | undefined;
  }) => ComponentChildren;
}

/** A control with its name above, and below what is wrong with it and what it is for. */
export function Field({ id, label, help = "", problems = [], children }: FieldProps) {
  const around = [problems.length > 0 && `${id}-problem`, help !== "" && `${id}-help`];
  const describedBy = around.filter((each) => each !== false).join(" ");
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children({
        id,
        "aria-invalid": problems.length > 0,
        "aria-describedby": describedBy === "" ? undefined : describedBy,
      })}
      {problems.length > 0 && (
        <p class="refusal" id={`${id}-problem`}>
          {problems.map(sentence).join(" ")}
        </p>
      )}
      {help !== "" && (
        <p class="soft" id={`${id}-help`}>
          {help}
        </p>
      )}
    </div>
  );
}

/** What is wrong, as the host says it of a setting, such as `must be a number`, as a sentence. */
function sentence(said: string): string {
  const problem = /^(is|must|has) /.test(said) ? `it ${said}` : said;
  return problem.charAt(0).toUpperCase() + problem.slice(1) + (/[.!?]$|@[^ ]+$/.test(problem) ? "" : ".");
}

interface TextFieldProps {
  readonly id: string;
  readonly label: string;
  readonly help?: string;
  readonly value: string;
  readonly onInput: (value: string) => void;
  /** What is wrong with what it holds; said once somebody has left the field, or tried to go on. */
  readonly problem?: string | undefined;
  readonly isTried?: boolean;
  /** More than one line, of which so many are in sight. */
  readonly rows?: number;
  readonly isSecret?: boolean;
  readonly placeholder?: string;
  readonly class?: string;
}

/** A field for text. */
export function TextField(props: TextFieldProps) {
  const { id, label, help, value, onInput, problem, isTried = false, rows, isSecret = false } = props;
  const isLeft = useSignal(false);
  const isShown = problem !== undefined && (isTried || (isLeft.value && value !== ""));
  const handlers = {
    value,
    placeholder: props.placeholder,
    spellcheck: false,
    onBlur: () => {
      isLeft.value = true;
    },
    onInput: ({ currentTarget }: { readonly currentTarget: { readonly value: string } }) =>
      onInput(currentTarget.value),
  };
  return (
    <Field id={id} label={label} help={help} problems={isShown ? [problem] : []}>
      {(attributes) =>
        rows === undefined ? (
          <input
            {...attributes}
            {...handlers}
            {...(isSecret
              ? ({ type: "password", autocomplete: "new-password" } as const)
              : { autocomplete: "off" })}
            class={props.class}
          />
        ) : (
          <textarea {...attributes} {...handlers} rows={rows} />
        )
      }
    </Field>
  );
}

/** Leads to the first field with a problem, once it is drawn. */
export function goToProblem(): void {
  setTimeout(() => document.querySelector<HTMLElement>("main [aria-invalid=true]")?.focus());
}
