/** Somebody who talks to the bots all the time, and counts the answers. */
import { Homeserver } from "../../src/sandbox/homeserver.ts";

/** The last one is an uploaded plugin, in a confined process of its own. */
export const bots = ["one", "two", "uploaded"];
const everyMs = 250;

interface Question {
  readonly room: string;
  readonly text: string;
  readonly askedMs: number;
}

export class Talk {
  readonly homeserver = new Homeserver({
    ...{ serverName: "sandbox", dialect: "synapse", registrationToken: "letmein" },
  });
  readonly #ada = this.homeserver.createUser("ada");
  readonly rooms = new Map(bots.map((bot) => [bot, this.#ada.createRoom({ public: true })]));
  /** Rooms of Instagram bots, in which nothing is asked by itself. */
  readonly pictures = new Map(["films", "ytdlp"].map((bot) => [bot, this.#ada.createRoom({ public: true })]));
  readonly #asked: Question[] = [];
  #count = 0;
  #timer: Timer | undefined;

  /** Begins to ask, whether anybody is there or not: the homeserver keeps what is posted. */
  begin(): void {
    this.#timer = setInterval(() => {
      for (const room of this.rooms.values()) this.#ask(room);
    }, everyMs);
  }

  /** What was asked before the bots were in their rooms is not counted. */
  forget(): void {
    this.#asked.length = 0;
  }

  end(): void {
    clearInterval(this.#timer);
  }

  /** Resolves when every bot has answered something that was asked from now on: so many seconds after `sinceMs`. */
  async untilAnswered(sinceMs: number, limitSeconds: number): Promise<number> {
    const fromMs = performance.now();
    while (performance.now() - sinceMs < limitSeconds * 1000) {
      const answers = this.#answers();
      const isBack = (room: string) =>
        this.#asked.some((each) => each.room === room && each.askedMs >= fromMs && answers.has(each.text));
      if ([...this.rooms.values()].every(isBack)) return (performance.now() - sinceMs) / 1000;
      await Bun.sleep(50);
    }
    return Number.POSITIVE_INFINITY;
  }

  /** Of all that was asked so far; waits a while for answers that are on their way. */
  async tally(): Promise<{ readonly asked: number; readonly lost: number; readonly doubled: number }> {
    const upToHere = [...this.#asked];
    const missing = () => {
      const answers = this.#answers();
      return upToHere.filter(({ text }) => !answers.has(text)).length;
    };
    for (let tries = 0; tries < 200 && missing() > 0; tries++) await Bun.sleep(100);
    const answers = this.#answers();
    const doubled = upToHere.filter(({ text }) => (answers.get(text) ?? 0) > 1).length;
    return { asked: upToHere.length, lost: missing(), doubled };
  }

  #ask(room: string): void {
    const text = `question ${this.#count++}`;
    this.#asked.push({ room, text, askedMs: performance.now() });
    this.#ada.say(room, `!echo ${text}`);
  }

  /** Posts a link for an Instagram bot. */
  post(bot: string, url: string): void {
    this.#ada.say(this.pictures.get(bot) ?? "", url);
  }

  /** The kinds of message that came of it. */
  shown(bot: string): string[] {
    return this.homeserver
      .timeline(this.pictures.get(bot) ?? "")
      .filter(({ sender, type }) => sender === "@films:sandbox" && type === "m.room.message")
      .map(({ content }) => String(content.msgtype));
  }

  /** How often each question was answered. */
  #answers(): Map<string, number> {
    const counts = new Map<string, number>();
    for (const room of this.rooms.values()) {
      for (const { sender, type, content } of this.homeserver.timeline(room)) {
        if (type !== "m.room.message" || sender.startsWith("@ada:")) continue;
        const text = String(content.body);
        counts.set(text, (counts.get(text) ?? 0) + 1);
      }
    }
    return counts;
  }
}
