import type { EventId, UserId } from "../../core/id.ts";
import type { JsonObject } from "../../core/json.ts";
import type { Collection } from "./files.ts";
import type { NoFile, Picture } from "./picture.ts";
import { linkTo, previewed, renderMedium, renderProfile, renderVideo } from "./render.ts";
import type { Run } from "./run.ts";
import type { Settings } from "./settings.ts";
import type { ReadyPost, ReadyProfile } from "./store.ts";

/** Whose answer is shown where. */
export interface Showing {
  readonly run: Run;
  /** Names the answer among those of the message: its first message's key, and what the others' keys begin with. */
  readonly key: string;
  /** The notice that the first message takes the place of. */
  readonly noticeId: EventId | null;
  /** Which medium comes first, from 1: those after it follow, then those before it, as swiping would show them. */
  readonly imgIndex: number | undefined;
  readonly settings: Settings;
  readonly userId: UserId;
}

/** Posts an answer; false when the run's time was up before all was there, and another run has to go on. */
export function show(collection: Collection, showing: Showing): Promise<boolean> {
  const { ready } = collection;
  return ready.kind === "post"
    ? showPost(ready, collection, showing)
    : showProfile(ready, collection, showing);
}

async function showProfile(
  { profile }: ReadyProfile,
  collection: Collection,
  showing: Showing,
): Promise<boolean> {
  const wanted = [0, ...previewed(profile).map((_, at) => at + 1)];
  const has = (index: number) => index > 0 || profile.pictureUrl !== null;
  const pictures = await showing.run.within(
    Promise.all(wanted.map((index) => (has(index) ? collection.picture(index) : null))),
  );
  if (pictures === undefined) return false;
  await postFirst(renderProfile(profile, pictures), showing);
  return true;
}

async function showPost(ready: ReadyPost, collection: Collection, showing: Showing): Promise<boolean> {
  const { run, key, settings } = showing;
  const { post } = ready;
  const order = orderOf(post.media.length, showing.imgIndex);
  const pictures = order.map((index) => collection.picture(index));
  const isThreaded = settings.carousel === "thread" && post.media.length > 1;
  const ids: EventId[] = [];
  for (const [at, index] of order.entries()) {
    const medium = post.media[index];
    const picture = await run.within(pictures[at] ?? collection.picture(index));
    if (picture === undefined || medium === undefined) return false;
    const content = renderMedium(post, medium, picture, placeAt(at, ids, showing), settings.caption_max);
    const [first] = ids;
    const thread = isThreaded && first !== undefined ? { thread: first } : {};
    ids.push(
      first === undefined
        ? await postFirst(content, showing)
        : await run.message.reply(content, { key: `${key}:${at + 1}`, ...thread }),
    );
    if (medium.kind === "video" && settings.video === "upload") {
      const isThere = await showVideo(
        ready,
        index,
        picture,
        collection,
        showing,
        isThreaded ? ids[0] : undefined,
      );
      if (!isThere) return false;
    }
  }
  if (order.length > 1) await addIndex(ready, order, ids, await pictures[0], showing);
  return true;
}

/** Posts the file of a video under its picture. One that cannot be had is no news: the download link is there. */
async function showVideo(
  ready: ReadyPost,
  index: number,
  still: Picture | NoFile,
  collection: Collection,
  { run, key }: Showing,
  thread: EventId | undefined,
): Promise<boolean> {
  const medium = ready.post.media[index];
  if (medium?.videoUrl === undefined) return true;
  const video = await run.within(collection.video(ready, index));
  if (video === undefined) return false;
  if ("cause" in video) return true;
  const content = renderVideo(ready.post, medium, video, still);
  await run.message.reply(content, {
    key: `${key}:video${index + 1}`,
    ...(thread === undefined ? {} : { thread }),
  });
  return true;
}

/** Edits links to all media of a carousel into its first message. */
async function addIndex(
  { post }: ReadyPost,
  order: readonly number[],
  ids: readonly EventId[],
  picture: Picture | NoFile | undefined,
  showing: Showing,
): Promise<void> {
  const { run, key, settings, userId } = showing;
  const [first] = ids;
  const medium = post.media[order[0] ?? 0];
  if (first === undefined || medium === undefined) return;
  const index = ids
    .map((id, at) => ({ url: linkTo(run.message.roomId, id, userId), index: order[at] ?? 0 }))
    .sort((one, other) => one.index - other.index)
    .map(({ url }) => url);
  const content = renderMedium(post, medium, picture ?? null, { isFirst: true, index }, settings.caption_max);
  await run.message.edit(first, content, { key: `${key}:index` });
}

function placeAt(at: number, ids: readonly EventId[], { run, userId }: Showing) {
  const link = (id: EventId | undefined) =>
    id === undefined ? undefined : linkTo(run.message.roomId, id, userId);
  const previous = link(ids[at - 1]);
  const first = link(ids[0]);
  return {
    isFirst: at === 0,
    ...(previous === undefined ? {} : { previous }),
    ...(first === undefined ? {} : { first }),
  };
}

/** 3 of 5: 2, 3, 4, 0, 1. */
function orderOf(count: number, imgIndex: number | undefined): number[] {
  const start = imgIndex !== undefined && imgIndex <= count ? imgIndex - 1 : 0;
  return Array.from({ length: count }, (_, at) => (start + at) % count);
}

/** The answer's first message: in the place of the notice that announced it, if there is one. Answers its id in the room. */
export async function postFirst(content: JsonObject | string, showing: Showing): Promise<EventId> {
  const { run, key, noticeId } = showing;
  await run.inOrder();
  if (noticeId === null) return run.message.reply(content, { key });
  await run.message.edit(noticeId, content, { key });
  return noticeId;
}
