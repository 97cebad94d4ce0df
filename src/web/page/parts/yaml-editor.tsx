import { useRef } from "preact/hooks";

interface YamlEditorProps {
  readonly text: string;
  readonly problems: readonly { readonly line: number; readonly message: string }[];
  /** A secret was typed that lies nowhere yet: the text names a file that saving makes first. */
  readonly isLocked: boolean;
  readonly onInput: (text: string) => void;
}

/** YAML with its line numbers, and what is wrong at its line. */
export function YamlEditor({ text, problems, isLocked, onInput }: YamlEditorProps) {
  const numbers = useRef<HTMLOListElement>(null);
  const count = text.split("\n").length;
  return (
    <>
      <div class="yaml">
        <ol ref={numbers} aria-hidden="true">
          {Array.from({ length: count }, (_, index) => (
            <li key={index} data-wrong={problems.some(({ line }) => line === index + 1)}>
              {index + 1}
            </li>
          ))}
        </ol>
        <textarea
          aria-label="Settings as YAML"
          aria-invalid={problems.length > 0}
          spellcheck={false}
          wrap="off"
          rows={Math.min(Math.max(count + 1, 6), 30)}
          readOnly={isLocked}
          value={text}
          onInput={({ currentTarget }) => onInput(currentTarget.value)}
          onScroll={({ currentTarget }) => {
            if (numbers.current !== null) numbers.current.scrollTop = currentTarget.scrollTop;
          }}
        />
      </div>
      {isLocked && <p class="soft">Save the secret before you edit the YAML.</p>}
      {problems.length > 0 && (
        <div class="refusal" role="alert">
          {problems.map(({ line, message }) => (
            <p key={`${line} ${message}`}>
              Line {line}: {message}
            </p>
          ))}
        </div>
      )}
    </>
  );
}
