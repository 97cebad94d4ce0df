import type { ComponentChildren, RefObject } from "preact";

interface ScrollerProps {
  readonly label: string;
  readonly class: string;
  readonly frame?: RefObject<HTMLElement | null>;
  readonly onScroll?: () => void;
  readonly children: ComponentChildren;
}

/** What may be wider or longer than its place, and is then scrolled, by keyboard too. */
export function Scroller({ label, frame, children, ...props }: ScrollerProps) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard
    <section {...props} {...(frame === undefined ? {} : { ref: frame })} tabIndex={0} aria-label={label}>
      {children}
    </section>
  );
}
