import type { Signal } from "@preact/signals";
import { useRef } from "preact/hooks";

interface YamlEditorProps {
  readonly text: Signal<string>;
  readonly problems: readonly { readonly line: number; readonly message: string }[];
}

/** YAML with its line numbers, and what is wrong at its line. */
export function YamlEditor({ text, problems }: YamlEditorProps) {
  const numbers = useRef<HTMLOListElement>(null);
  const count = text.value.split("\n").length;
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
          spellcheck={false}
          wrap="off"
          rows={Math.min(Math.max(count + 1, 6), 30)}
          value={text.value}
          onInput={({ currentTarget }) => {
            text.value = currentTarget.value;
          }}
          onScroll={({ currentTarget }) => {
            if (numbers.current !== null) numbers.current.scrollTop = currentTarget.scrollTop;
          }}
        />
      </div>
      {problems.length > 0 && (
        <ul class="refusal" role="alert">
          {problems.map(({ line, message }) => (
            <li key={`${line} ${message}`}>
              Line {line}: {message}
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
