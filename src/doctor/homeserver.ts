import { RoostError, sentenceOf } from "../core/error.ts";
import { asRoomId, type RoomId, type UserId } from "../core/id.ts";
import { isObject, objectAt, stringAt } from "../core/json.ts";
import type { RoomReference } from "../core/matrix.ts";
import { type Finding, fine, wrong } from "./finding.ts";

/** A GET of one account, with its token where it has one: the parsed answer, or a RoostError. */
export type Ask = (path: string) => Promise<unknown>;

const probeLimitMs = 10_000;
const skewLimitMs = 30_000;
const client = "/_matrix/client/v3";

/** Whether the homeserver answers, what it speaks, and whether its clock and ours agree. */
export async function checkHomeserver(url: string): Promise<Finding[]> {
  const askedMs = performance.now();
  let response: Response;
  let versions: unknown;
  try {
    const address = `${url.replace(/\/+$/, "")}/_matrix/client/versions`;
    response = await fetch(address, { redirect: "manual", signal: AbortSignal.timeout(probeLimitMs) });
    const answer: unknown = await response.json();
    versions = isObject(answer) ? answer.versions : undefined;
  } catch (error) {
    return [
      wrong(
        "homeserver",
        `${url} does not answer as a homeserver (${sentenceOf(error).replace(/\.$/, "")}). See that it runs.`,
      ),
    ];
  }
  if (!response.ok || !Array.isArray(versions) || versions.length === 0) {
    return [wrong("homeserver", `What answers at ${url} is no Matrix homeserver: correct homeserver.url.`)];
  }
  const tookMs = Math.round(performance.now() - askedMs);
  const newest = String(versions.at(-1));
  return [
    fine("homeserver", `${url} answers in ${tookMs} ms and speaks Matrix up to ${newest}.`),
    ...checkClock(response.headers.get("date"), Date.now()),
  ];
}

/** By the homeserver's Date header, which counts whole seconds. Nothing where it sends none. */
export function checkClock(date: string | null, nowMs: number): Finding[] {
  const theirMs = Date.parse(date ?? "");
  if (Number.isNaN(theirMs)) return [];
  const skewMs = nowMs - theirMs;
  const seconds = Math.round(Math.abs(skewMs) / 1000);
  if (Math.abs(skewMs) <= skewLimitMs) return [fine("clock", "It agrees with the homeserver's.")];
  const order = skewMs > 0 ? "ahead of" : "behind";
  return [
    wrong(
      "clock",
      `This machine's clock is ${seconds} s ${order} the homeserver's: see timedatectl on both.`,
    ),
  ];
}

/** Whether the account's stored session is good. Never logs in. */
export async function checkAccount(userId: UserId, ask: Ask | undefined): Promise<Finding> {
  const subject = `account ${userId}`;
  if (ask === undefined) return fine(subject, "It was not logged in yet; the next start does it.");
  try {
    const found = stringAt(await ask(`${client}/account/whoami`), "user_id");
    if (found === userId) return fine(subject, "Its session is good.");
    return wrong(subject, `Its token belongs to ${found ?? "nobody"}: correct its access_token.`);
  } catch (error) {
    if (error instanceof RoostError && error.code === "token-revoked") {
      const remedy = "Roost logs in anew where it knows a password, else give it a new access_token";
      return wrong(
        subject,
        `Its session was ended on the homeserver. ${remedy}; then restart its instances.`,
      );
    }
    return wrong(subject, `Its session could not be checked: ${sentenceOf(error)}`);
  }
}

/** The rooms that an instance works in with `rooms: any`: those its account is in, but for those where no bot works. */
export async function roomsOfAny(ask: Ask, except: readonly RoomReference[]): Promise<RoomId[]> {
  const excepted = await Promise.all(except.map((each) => asRoomId(each) ?? resolve(each, ask)));
  return (await joinedRooms(ask)).filter((room) => !excepted.includes(room));
}

async function joinedRooms(ask: Ask): Promise<RoomId[]> {
  const answer = await ask(`${client}/joined_rooms`);
  const joined: unknown[] = isObject(answer) && Array.isArray(answer.joined_rooms) ? answer.joined_rooms : [];
  return joined.flatMap((each) => (typeof each === "string" ? (asRoomId(each) ?? []) : []));
}

/** Whether the account is in the room, may post there and can read what is said. */
export async function checkRoom(
  subject: string,
  reference: RoomReference,
  userId: UserId,
  ask: Ask,
): Promise<Finding> {
  try {
    const roomId = asRoomId(reference) ?? (await resolve(reference, ask));
    if (roomId === undefined) return wrong(subject, `The homeserver does not know ${reference}: correct it.`);
    if (!(await joinedRooms(ask)).includes(roomId))
      return wrong(subject, `${userId} is not in ${reference}: invite it, and Roost accepts.`);
    const state = async (type: string) =>
      optional(ask(`${client}/rooms/${encodeURIComponent(roomId)}/state/${type}/`));
    if ((await state("m.room.encryption")) !== undefined)
      return wrong(subject, `${reference} is encrypted and cannot be read: use a room without encryption.`);
    const levels = await state("m.room.power_levels");
    if (!mayPost(levels, userId))
      return wrong(subject, `${userId} may not post in ${reference}: raise its power level there.`);
    return fine(subject, `${userId} is in it and may post.`);
  } catch (error) {
    return wrong(subject, `${reference} could not be looked at: ${sentenceOf(error)}`);
  }
}

/** By the room's power levels (spec, m.room.power_levels); without any, everybody may post. */
export function mayPost(levels: unknown, userId: UserId): boolean {
  const numberAt = (value: unknown, key: string) => {
    const found = isObject(value) ? value[key] : undefined;
    return typeof found === "number" ? found : undefined;
  };
  const own = numberAt(objectAt(levels, "users"), userId) ?? numberAt(levels, "users_default") ?? 0;
  const needed =
    numberAt(objectAt(levels, "events"), "m.room.message") ?? numberAt(levels, "events_default") ?? 0;
  return own >= needed;
}

async function resolve(reference: RoomReference, ask: Ask) {
  const answer = await optional(ask(`${client}/directory/room/${encodeURIComponent(reference)}`));
  return asRoomId(stringAt(answer, "room_id") ?? "");
}

/** Undefined for what is not there. */
async function optional(answer: Promise<unknown>): Promise<unknown> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof RoostError && error.code === "not-found") return undefined;
    throw error;
  }
}
