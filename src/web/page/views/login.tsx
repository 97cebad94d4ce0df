import { useSignal } from "@preact/signals";
import { endedFor, logIn, session } from "../host.ts";
import { Status } from "./status.tsx";

/** What anybody may see, and the way in. */
export function Login() {
  return (
    <div class="front">
      <Status entry={session.value.canLogIn ? <LoginForm /> : <HowToSetUp />} />
    </div>
  );
}

export function LoginForm() {
  const refusal = useSignal("");
  const isBusy = useSignal(false);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    isBusy.value = true;
    refusal.value = "";
    try {
      await logIn(String(form.get("username")), String(form.get("password")));
    } catch (error) {
      refusal.value = error instanceof Error ? error.message : String(error);
    } finally {
      isBusy.value = false;
    }
  };
  return (
    <form class="card login entry" onSubmit={(event) => void submit(event)}>
      <h2>Log in</h2>
      <label>
        User name
        <input
          name="username"
          autocomplete="username"
          required
          autofocus
          defaultValue={endedFor.value ?? ""}
        />
      </label>
      <label>
        Password
        <input name="password" type="password" autocomplete="current-password" required />
      </label>
      <button type="submit" class="primary" disabled={isBusy.value} aria-busy={isBusy.value}>
        Log in
      </button>
      <p class="refusal" role="alert">
        {refusal.value}
      </p>
    </form>
  );
}

function HowToSetUp() {
  return (
    <section class="card stack entry">
      <h2>Nobody can log in yet</h2>
      <p>
        To manage bots from here, make a password hash with <code>roost hash-password</code>, put it into the
        config, and restart Roost:
      </p>
      <pre>{'admin:\n  username: admin\n  password_hash: "$argon2id$…"'}</pre>
    </section>
  );
}
