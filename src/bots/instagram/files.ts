import { type FileBot, fetchPicture, fetchPreview, type NoFile, type Picture } from "./picture.ts";
import { previewed } from "./render.ts";
import type { AnswerStore, Ready, ReadyPost } from "./store.ts";
import { fetchVideo, type Video } from "./video.ts";

const picturesAtOnce = 6;
const videosAtOnce = 2;

/** Brings the files of answers to the homeserver: each once, however many messages wait for it, a few at a time. */
export class FileCollector {
  readonly #bot: FileBot;
  readonly #store: AnswerStore;
  readonly #collections = new Map<string, Collection>();
  readonly #pictureLane = new Lane(picturesAtOnce);
  readonly #videoLane = new Lane(videosAtOnce);

  constructor(bot: FileBot, store: AnswerStore) {
    this.#bot = bot;
    this.#store = store;
  }

  /** The files of the answer to a target, those under way included. */
  collect(target: string, ready: Ready): Collection {
    const known = this.#collections.get(target);
    if (known !== undefined) return known;
    const collection = new Collection(ready, {
      bot: this.#bot,
      pictureLane: this.#pictureLane,
      videoLane: this.#videoLane,
      keep: () => this.#store.keepReady(target, ready),
      changed: (isBusy) => {
        if (isBusy) this.#collections.set(target, collection);
        else this.#collections.delete(target);
      },
    });
    return collection;
  }
}

interface CollectionOptions {
  readonly bot: FileBot;
  readonly pictureLane: Lane;
  readonly videoLane: Lane;
  /** Writes down what has come. */
  readonly keep: () => void;
  readonly changed: (isBusy: boolean) => void;
}

/**
 * The files of one answer. Asking for one begins to fetch it; it rejects when the homeserver is away. What may succeed another
 * time is not written down, so that the next message with this link tries again.
 */
export class Collection {
  readonly ready: Ready;
  readonly #options: CollectionOptions;
  readonly #started = new Map<string, Promise<Picture | Video | NoFile>>();
  #busy = 0;

  constructor(ready: Ready, options: CollectionOptions) {
    this.ready = ready;
    this.#options = options;
  }

  picture(index: number): Promise<Picture | NoFile> {
    const { bot, pictureLane } = this.#options;
    return this.#once(`picture ${index}`, this.ready.pictures, index, () =>
      pictureLane.run(() => fetchStill(this.ready, index, bot)),
    );
  }

  video(ready: ReadyPost, index: number): Promise<Video | NoFile> {
    const { bot, videoLane } = this.#options;
    return this.#once(`video ${index}`, ready.videos, index, () =>
      videoLane.run(async () => {
        const medium = ready.post.media[index];
        return medium === undefined ? nothing : fetchVideo(medium, nameOf(ready, index), bot);
      }),
    );
  }

  #once<File extends Picture | Video>(
    name: string,
    files: (File | NoFile | null)[],
    index: number,
    fetch: () => Promise<File | NoFile>,
  ): Promise<File | NoFile> {
    const known = files[index];
    if (known !== null && known !== undefined) return Promise.resolve(known);
    const started = this.#started.get(name) as Promise<File | NoFile> | undefined;
    if (started !== undefined) return started;
    const file = this.#fetch(name, files, index, fetch);
    this.#started.set(name, file);
    // Whoever waits for it hears of a failure; when nobody does yet, it is no failure of the process.
    file.catch(() => undefined);
    return file;
  }

  async #fetch<File extends Picture | Video>(
    name: string,
    files: (File | NoFile | null)[],
    index: number,
    fetch: () => Promise<File | NoFile>,
  ): Promise<File | NoFile> {
    this.#busy++;
    this.#options.changed(true);
    try {
      const file = await fetch();
      if (!("cause" in file && file.isTransient)) {
        files[index] = file;
        this.#options.keep();
      }
      return file;
    } catch (error) {
      this.#started.delete(name);
      throw error;
    } finally {
      this.#busy--;
      this.#options.changed(this.#busy > 0);
    }
  }
}

const nothing: NoFile = { cause: "there is none", isTransient: false };

function fetchStill(ready: Ready, index: number, bot: FileBot): Promise<Picture | NoFile> {
  if (ready.kind === "post") {
    const medium = ready.post.media[index];
    return medium === undefined
      ? Promise.resolve(nothing)
      : fetchPicture(medium.url, nameOf(ready, index), bot);
  }
  const { profile } = ready;
  const name = `instagram-${profile.username}`;
  if (index === 0) {
    return profile.pictureUrl === null
      ? Promise.resolve(nothing)
      : fetchPicture(profile.pictureUrl, name, bot);
  }
  const recent = previewed(profile)[index - 1];
  return recent === undefined
    ? Promise.resolve(nothing)
    : fetchPreview(recent.url, `instagram-${recent.shortcode}`, bot);
}

function nameOf({ post }: ReadyPost, index: number): string {
  return `instagram-${post.shortcode}-${index + 1}`;
}

/** Runs so many tasks at a time, the others in the order of their coming. */
class Lane {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(most: number) {
    this.#free = most;
  }

  async run<Value>(task: () => Promise<Value>): Promise<Value> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await task();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free++;
      else next();
    }
  }
}
