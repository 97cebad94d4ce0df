import type { Homeserver } from "../../src/sandbox/homeserver.ts";
import type { WireEvent } from "../../src/sandbox/room-event.ts";
import { replyTarget } from "../../test/doubles/reply-target.ts";

export interface Question {
  readonly instance: string;
  readonly askedAtMs: number;
  /** Of the first answer; undefined while there is none. */
  latencyMs: number | undefined;
  answers: number;
}

/** Everything that was asked and how it was answered, by the id of the asking event. Times are of `performance.now()`. */
export class Ledger {
  readonly #questions = new Map<string, Question>();
  #unlisten: (() => void) | undefined;

  /** Reads the answers where they arrive: at the homeserver. */
  open(homeserver: Homeserver): void {
    this.#unlisten = homeserver.onEvent((event) => this.#note(event));
  }
  close(): void {
    this.#unlisten?.();
  }
  add(eventId: string, instance: string, askedAtMs: number): void {
    this.#questions.set(eventId, { instance, askedAtMs, latencyMs: undefined, answers: 0 });
  }
  /** Of those instances, asked in that time. */
  asked(instances: readonly string[], fromMs = 0, toMs = Number.POSITIVE_INFINITY): Question[] {
    return [...this.#questions.values()].filter(
      ({ instance, askedAtMs }) => instances.includes(instance) && askedAtMs >= fromMs && askedAtMs < toMs,
    );
  }
  get all(): readonly Question[] {
    return [...this.#questions.values()];
  }
  /** Of what it was asked, without what was asked in that time. */
  idsOf(instance: string, exceptFromMs = 0, exceptToMs = 0): string[] {
    return [...this.#questions]
      .filter(
        ([, each]) =>
          each.instance === instance && (each.askedAtMs < exceptFromMs || each.askedAtMs >= exceptToMs),
      )
      .map(([id]) => id);
  }

  #note({ type, content }: WireEvent): void {
    const question = this.#questions.get(replyTarget(content) ?? "");
    if (type !== "m.room.message" || question === undefined) return;
    question.answers += 1;
    question.latencyMs ??= performance.now() - question.askedAtMs;
  }
}

export function unanswered(questions: readonly Question[]): number {
  return questions.filter(({ answers }) => answers === 0).length;
}

export function doubled(questions: readonly Question[]): number {
  return questions.filter(({ answers }) => answers > 1).length;
}

export function latenciesOf(questions: readonly Question[]): number[] {
  return questions.flatMap(({ latencyMs }) => latencyMs ?? []);
}
