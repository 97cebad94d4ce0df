import { tell } from "./message.tsx";

/** Puts text on the clipboard. */
export function Copy({ text, label = "Copy" }: { readonly text: string; readonly label?: string }) {
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      tell("done", "Copied.");
    } catch {
      tell("refused", "The browser does not let this page copy. Select the text and copy it yourself.");
    }
  };
  return (
    <button type="button" class="small" onClick={() => void copy()}>
      {label}
    </button>
  );
}
