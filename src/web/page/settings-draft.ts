import { computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { Problem } from "../../core/config.ts";
import type { JsonObject } from "../../core/json.ts";
import type { InstanceChange, InstanceDefinition, InstancePreview } from "../../core/management.ts";
import { ask, Refusal } from "./host.ts";

const lookAfterMs = 350;

/**
 * An edit of an instance while somebody makes it. Its settings stand in a form and in YAML at once: the side that was typed in last
 * is what counts, and a moment later the host, which validates it, tells what the other side says.
 */
export class SettingsDraft {
  /** As it was read: what an edit is compared with, and what it names to the host. */
  readonly base: Signal<InstanceDefinition>;
  readonly rooms: Signal<string>;
  readonly prefix: Signal<string>;
  readonly config: Signal<JsonObject>;
  readonly yaml: Signal<string>;
  readonly preview: Signal<InstancePreview | undefined> = signal(undefined);
  /** Why the host does not take it at all, such as that somebody else was faster; then with what they changed. */
  readonly refusal: Signal<{ readonly sentence: string; readonly difference?: string } | undefined> =
    signal(undefined);
  readonly isChanged: Signal<boolean> = signal(false);
  readonly problems: ReadonlySignal<readonly Problem[]> = computed(() => this.preview.value?.problems ?? []);
  readonly canSave: ReadonlySignal<boolean> = computed(() => {
    const { value } = this.preview;
    return value !== undefined && value.problems.length === 0 && (value.diff !== "" || value.writesSecrets);
  });
  #side: "form" | "yaml" = "form";
  #timer: ReturnType<typeof setTimeout> | undefined;
  #looks = 0;

  constructor(definition: InstanceDefinition) {
    this.base = signal(definition);
    this.rooms = signal(textOf(definition.rooms));
    this.prefix = signal(definition.prefix);
    this.config = signal(definition.config);
    this.yaml = signal(definition.configYaml);
  }

  /** Takes over what is on disk now, and drops what was typed. */
  begin(definition: InstanceDefinition): void {
    this.base.value = definition;
    this.rooms.value = textOf(definition.rooms);
    this.prefix.value = definition.prefix;
    this.config.value = definition.config;
    this.yaml.value = definition.configYaml;
    this.close();
    this.preview.value = undefined;
    this.refusal.value = undefined;
    this.isChanged.value = false;
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#looks += 1;
  }

  type<Value>(field: Signal<Value>, value: Value): void {
    field.value = value;
    const isForm = (field as unknown) === this.config;
    if (isForm || (field as unknown) === this.yaml) this.#side = isForm ? "form" : "yaml";
    this.isChanged.value = true;
    this.preview.value = undefined;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#look(), lookAfterMs);
  }

  /** Names rooms and prefix only where they were changed: a default stays unwritten. */
  change(): InstanceChange {
    const { rooms, prefix } = this.base.value;
    return {
      ...(this.rooms.value === textOf(rooms)
        ? {}
        : { rooms: roomsOf(this.rooms.value) as NonNullable<InstanceChange["rooms"]> }),
      ...(this.prefix.value === prefix ? {} : { prefix: this.prefix.value }),
      config: this.#side === "yaml" ? { yaml: this.yaml.value } : this.config.value,
      revision: this.base.value.revision,
    };
  }

  refuse(error: unknown): void {
    const sentence = error instanceof Error ? error.message : String(error);
    const difference = error instanceof Refusal ? error.details.difference : undefined;
    this.refusal.value = typeof difference === "string" ? { sentence, difference } : { sentence };
  }

  async #look(): Promise<void> {
    this.#looks += 1;
    const look = this.#looks;
    const path = `/instances/${encodeURIComponent(this.base.value.id)}/preview`;
    try {
      const preview = await ask<InstancePreview>("POST", path, this.change());
      if (look !== this.#looks) return;
      if (this.#side === "form") this.yaml.value = preview.configYaml;
      else this.config.value = preview.config ?? this.config.value;
      this.preview.value = preview;
      this.refusal.value = undefined;
    } catch (error) {
      if (look === this.#looks) this.refuse(error);
    }
  }
}

function textOf(rooms: InstanceDefinition["rooms"]): string {
  return rooms === "any" ? rooms : rooms.join("\n");
}

/** What the field with the rooms says: `any`, or one room a line. */
export function roomsOf(text: string): "any" | string[] {
  return text.trim() === "any" ? "any" : linesOf(text);
}

export function linesOf(text: string): string[] {
  return text
    .split("\n")
    .map((line) =>
      line
        .trim()
        .replace(/^- +/, "")
        .replace(/^["'](.*)["']$/, "$1"),
    )
    .filter((line) => line !== "");
}

/** What is wrong with a list of rooms, as far as it is to be seen without the homeserver. */
export function roomsProblem(text: string): string | undefined {
  if (text.trim() === "any") return undefined;
  const wrong = linesOf(text).find((line) => !/^[!#]\S+$/.test(line));
  return wrong === undefined
    ? undefined
    : `"${wrong}" is not a room: an id begins with !, an alias with # and has its server, such as #pictures:example.org`;
}
