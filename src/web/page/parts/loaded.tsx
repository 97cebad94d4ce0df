import { type Signal, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { ask, overview } from "../host.ts";

export type Loading<Answer> =
  | { readonly state: "loading" }
  | { readonly state: "there"; readonly answer: Answer }
  | { readonly state: "refused"; readonly sentence: string };

export interface Loaded<Answer> {
  readonly now: Signal<Loading<Answer>>;
  /** Asks again, keeping what is shown until the answer is there. */
  reload(): Promise<void>;
}

/** What the API answers at `path`, asked when the path changes. */
export function useLoaded<Answer>(path: string, method = "GET", body?: unknown): Loaded<Answer> {
  const now = useSignal<Loading<Answer>>({ state: "loading" });
  const key = JSON.stringify([path, body]);
  const reload = async () => {
    try {
      const answer = await ask<Answer>(method, path, body);
      now.value = { state: "there", answer };
    } catch (error) {
      now.value = { state: "refused", sentence: error instanceof Error ? error.message : String(error) };
    }
  };
  useEffect(() => {
    now.value = { state: "loading" };
    void reload();
  }, [key]);
  return { now, reload };
}

/** The same, asked again whenever the state of the named instance changes. */
export function useLoadedWith<Answer>(path: string, id: string): Loaded<Answer> {
  const loaded = useLoaded<Answer>(path);
  const state = overview.value?.snapshot.instances.find((instance) => instance.id === id);
  const key = `${state?.observed.state} ${state?.restartNeeded}`;
  useEffect(() => {
    if (loaded.now.peek().state !== "loading") void loaded.reload();
  }, [key]);
  return loaded;
}

/** What to show until the answer is there, or instead of it; undefined when it is. */
export function Waiting({ loading }: { readonly loading: Loading<unknown> }) {
  if (loading.state === "there") return null;
  if (loading.state === "loading") return <p class="soft">Asking the host…</p>;
  return (
    <p class="refusal" role="alert">
      {loading.sentence}
    </p>
  );
}
