import type { JsonObject } from "../../core/json.ts";
import type { Bot, Message } from "../../core/plugin.ts";
import { fetchLink } from "./fetch.ts";
import { findLinks, type Link } from "./link.ts";
import { fetchPicture } from "./picture.ts";
import { type Post, type Profile, type Refusal, refuse } from "./post.ts";
import { renderPost, renderProfile } from "./render.ts";
import type { Settings } from "./settings.ts";
import type { Answer, AnswerStore, Ready } from "./store.ts";

const firstWaitMs = 2 * 60_000;
const longestWaitMs = 2 * 60 * 60_000;
const picturesAtOnce = 4;

/** Answers the Instagram links of messages, each once, however often a message is handled and whichever way it goes. */
export class Answerer {
  readonly #bot: Bot<Settings>;
  readonly #store: AnswerStore;
  /** Fetches under way, by what they fetch: two messages with one link cost one request. */
  readonly #flights = new Map<string, Promise<Answer>>();

  constructor(bot: Bot<Settings>, store: AnswerStore) {
    this.#bot = bot;
    this.#store = store;
  }

  async answer(message: Message): Promise<void> {
    const links = findLinks(message.body, message.formattedBody);
    const due = links.filter(
      (link) => message.deferredKey === undefined || message.deferredKey === `retry:${targetOf(link)}`,
    );
    if (due.length === 0) return;
    message.setTyping(true);
    try {
      for (const link of due) await this.#answerLink(message, link, links.length > 1);
    } finally {
      message.setTyping(false);
    }
  }

  async #answerLink(message: Message, link: Link, isOneOfSeveral: boolean): Promise<void> {
    const target = targetOf(link);
    const { eventId } = message.event;
    const known = this.#store.decision(eventId, target) ?? this.#store.ready(target);
    const wait = this.#store.wait(eventId, target);
    const isRepeated = message.deferredKey === undefined && wait !== undefined && wait.dueAtMs > Date.now();
    if (known === undefined && isRepeated) {
      await message.defer(`retry:${target}`, wait.dueAtMs);
      return;
    }
    const answer = known ?? (await this.#prepare(link));
    if (!("kind" in answer) && answer.class === "rate-limited") {
      await this.#wait(message, target, answer, wait?.attempts ?? 0);
      return;
    }
    if (this.#store.ready(target) === undefined) this.#store.keepDecision(eventId, target, answer);
    for (const [index, content] of this.#render(link, answer, isOneOfSeveral).entries()) {
      await message.reply(content, { key: index === 0 ? target : `${target}:${index + 1}` });
    }
  }

  #render(link: Link, answer: Answer, isOneOfSeveral: boolean): (JsonObject | string)[] {
    const { caption_max, refusals } = this.#bot.config;
    if ("kind" in answer) {
      return answer.kind === "post"
        ? renderPost(answer.post, answer.pictures, caption_max)
        : [renderProfile(answer.profile, answer.picture)];
    }
    if (refusals === "log") return [];
    return [isOneOfSeveral ? `${labelOf(link)}: ${answer.sentence}` : answer.sentence];
  }

  #prepare(link: Link): Promise<Answer> {
    const isShown = link.shortcode !== undefined || link.kind === "profile";
    if (!isShown) return Promise.resolve({ ...refuse("unsupported").refusal, sentence: explain(link) });
    const target = targetOf(link);
    const flight = this.#flights.get(target) ?? this.#fetch(link).finally(() => this.#flights.delete(target));
    this.#flights.set(target, flight);
    return flight;
  }

  async #fetch(link: Link): Promise<Answer> {
    const bot = this.#bot;
    const { extraction, strategy } = await fetchLink(link, {
      http: bot.http,
      settings: bot.config,
      signal: bot.signal,
    });
    if (extraction.outcome === "refused") {
      bot.log.info(`Instagram gave nothing: ${extraction.refusal.class}.`, { strategy, link: labelOf(link) });
      return extraction.refusal;
    }
    const ready =
      extraction.outcome === "post"
        ? await this.#readyPost(extraction.post)
        : await this.#readyProfile(extraction.profile);
    const isComplete =
      ready.kind === "post"
        ? ready.pictures.every((picture) => !("cause" in picture && picture.isTransient))
        : !(ready.picture !== undefined && "cause" in ready.picture && ready.picture.isTransient);
    if (isComplete) this.#store.keepReady(targetOf(link), ready);
    return ready;
  }

  async #readyPost(post: Post): Promise<Ready> {
    const pictures: Extract<Ready, { kind: "post" }>["pictures"][number][] = [];
    for (let start = 0; start < post.media.length; start += picturesAtOnce) {
      const batch = post.media.slice(start, start + picturesAtOnce);
      const fetched = await Promise.all(
        batch.map((medium, index) =>
          fetchPicture(medium.url, `instagram-${post.shortcode}-${start + index + 1}`, this.#bot),
        ),
      );
      pictures.push(...fetched);
    }
    return { kind: "post", post, pictures };
  }

  async #readyProfile(profile: Profile): Promise<Ready> {
    if (profile.pictureUrl === null) return { kind: "profile", profile };
    const picture = await fetchPicture(profile.pictureUrl, `instagram-${profile.username}`, this.#bot);
    return { kind: "profile", profile, picture };
  }

  /** Tells the room once, and comes back later by the host's hand: after 2 minutes, then 4, up to every 2 hours. */
  async #wait(message: Message, target: string, refusal: Refusal, attempts: number): Promise<void> {
    const toldMs = (refusal.retryAfterSeconds ?? 0) * 1000;
    const delayMs = Math.min(Math.max(firstWaitMs * 2 ** attempts, toldMs), longestWaitMs);
    const dueAtMs = Date.now() + delayMs;
    this.#store.keepWait(message.event.eventId, target, { attempts: attempts + 1, dueAtMs });
    if (this.#bot.config.refusals === "notice") {
      const minutes = Math.ceil(delayMs / 60_000);
      await message.reply(
        `Instagram asks us to wait (rate-limited); trying again in about ${minutes} minute${minutes === 1 ? "" : "s"}.`,
        { key: `wait:${target}` },
      );
    }
    await message.defer(`retry:${target}`, dueAtMs);
  }
}

/** Names what a link leads to: one answer each, and the key of that answer's first message whichever it is. */
function targetOf(link: Link): string {
  if (link.shortcode !== undefined) return `post:${link.shortcode}`;
  return link.kind === "profile" ? `profile:${link.username}` : `link:${link.url.slice(0, 120)}`;
}

function labelOf(link: Link): string {
  return link.shortcode ?? (link.kind === "profile" ? `@${link.username}` : link.url.slice(0, 120));
}

function explain(link: Link): string {
  switch (link.kind) {
    case "story":
    case "highlight":
      return "Instagram shows stories only to people who are logged in, so there is no preview.";
    case "share":
      return "This kind of Instagram link hides what it leads to; open it and post the address it ends at.";
    default:
      return refuse("unsupported").refusal.sentence;
  }
}
