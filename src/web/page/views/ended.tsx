import { useEffect, useRef } from "preact/hooks";
import { LoginForm } from "./login.tsx";

/** Stands in front of what somebody was about when their session ended. */
export function Ended() {
  const place = useRef<HTMLElement>(null);
  useEffect(() => place.current?.querySelector<HTMLInputElement>("[name=password]")?.focus(), []);
  return (
    <section ref={place} class="view ended" aria-label="Your session has ended">
      <p class="banner" data-status="warn" role="alert">
        Your session has ended. Log in to go on where you were: what you typed is still there.
      </p>
      <LoginForm />
    </section>
  );
}
