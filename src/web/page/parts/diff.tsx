/** A unified diff, told apart by its signs and, for those who see it, by colour. */
export function Diff({ text }: { readonly text: string }) {
  if (text.trim() === "") return <p class="soft">Only a secret differs.</p>;
  return (
    <pre class="diff">
      {text
        .trimEnd()
        .split("\n")
        .map((line, index) => (
          <span key={index} data-sign={line[0] === "+" || line[0] === "-" ? line[0] : " "}>
            {`${line}\n`}
          </span>
        ))}
    </pre>
  );
}
