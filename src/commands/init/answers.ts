import { existsSync, readFileSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { RoostError, sentenceOf } from "../../core/error.ts";
import { asRoomAlias, asRoomId, asUserId, serverOf, type UserId } from "../../core/id.ts";
import { objectAt, stringAt } from "../../core/json.ts";
import type { RoomReference } from "../../core/matrix.ts";
import { Secret } from "../../core/secret.ts";
import { checkHomeserver } from "../../doctor/homeserver.ts";
import { Http } from "../../matrix/http.ts";
import { requireFreeName, requireValidToken } from "../../matrix/registration.ts";

/** The homeserver that the answers are tried on. */
export interface Place {
  readonly url: string;
  readonly http: Http;
  /** What stands behind the colon of its users, where it tells. */
  readonly serverName: string | undefined;
}

export interface FoundRoom {
  readonly room: RoomReference;
  /** Whether anybody may join it; undefined where strangers are not told. */
  readonly isOpen: boolean | undefined;
}

const limitMs = 15_000;
const signal = new AbortController().signal;

/** A server's address or its name, such as example.org, whose `.well-known` says the address. */
export async function checkPlace(text: string): Promise<Place> {
  const scheme = /^(localhost|127\.|\[::1\])/.test(text) ? "http" : "https";
  const typed = /^https?:\/\//.test(text) ? text : `${scheme}://${text}`;
  if (!URL.canParse(typed)) throw wrong(`"${text}" is no address such as https://matrix.example.org.`);
  const url = new URL(typed).origin;
  const why = await whyNotHomeserver(url);
  if (why === undefined) return await placeAt(url);
  const told = await askedOf(new Http(url), "/.well-known/matrix/client");
  const base = stringAt(objectAt(told, "m.homeserver"), "base_url");
  if (base === undefined || !URL.canParse(base)) throw wrong(why);
  const elsewhere = new URL(base).origin;
  const whyElsewhere = await whyNotHomeserver(elsewhere);
  if (whyElsewhere !== undefined) throw wrong(`${url} names ${elsewhere} as its homeserver. ${whyElsewhere}`);
  return await placeAt(elsewhere);
}

/** The file's path, once the token in it is one that the homeserver takes. */
export async function checkTokenFile(text: string, { http }: Place): Promise<string> {
  const path = resolve(text);
  let content: string;
  try {
    content = readFileSync(path, "utf8");
  } catch (error) {
    // Whoever gave the token itself is not to see it in a path.
    if (!existsSync(path))
      throw wrong(
        "There is no such file. Write the homeserver's registration token into a file, mode 600, and give its path.",
      );
    throw wrong(`${path} cannot be read (${sentenceOf(error)}): let yourself read it, or name another file.`);
  }
  const token = content.split(/\r?\n/, 1)[0] ?? "";
  if (token === "") throw wrong(`The first line of ${path} is empty: write the registration token there.`);
  await requireValidToken({ http, token: { secret: new Secret(token) }, signal });
  return path;
}

/** Whether others on this machine can read the file, as a sentence. */
export function readableByOthers(path: string): string | undefined {
  return (statSync(path).mode & 0o077) === 0
    ? undefined
    : `Others on this machine can read ${path}: chmod 600 ${path}`;
}

/** A user of this homeserver that can still be registered, or is one of ours. */
export async function checkUser(
  text: string,
  { http, serverName }: Place,
  isOurs: (userId: UserId) => boolean,
): Promise<UserId> {
  const userId = asUserId(text);
  if (userId === undefined) throw wrong(`"${text}" is no user id such as @roost:example.org.`);
  const server = serverOf(userId);
  if (serverName !== undefined && server !== serverName)
    throw wrong(`The homeserver's users end in :${serverName}, not in :${server}.`);
  if (isOurs(userId)) return userId;
  await requireFreeName({ http, userId, signal }).catch((error: unknown) => {
    if (!(error instanceof RoostError) || error.code !== "user-id-taken") throw error;
    throw wrong(`${userId} is there already. Choose a name that nobody has: the account is made for Roost.`);
  });
  return userId;
}

/** Ids and aliases between commas or spaces, each looked up where the homeserver lets strangers do so. */
export async function checkRooms(text: string, { http }: Place): Promise<FoundRoom[]> {
  const words = text.split(/[\s,]+/).filter((word) => word !== "");
  if (words.length === 0)
    throw wrong("Name at least one room: an alias such as #pictures:example.org, or its id.");
  return await Promise.all(words.map((word) => checkRoom(word, http)));
}

/** Whether the homeserver knows the alias. */
export async function isAlias(alias: string, http: Http): Promise<boolean> {
  return (
    (await askedOf(http, `/_matrix/client/v3/directory/room/${encodeURIComponent(alias)}`)) !== undefined
  );
}

async function checkRoom(word: string, http: Http): Promise<FoundRoom> {
  const alias = asRoomAlias(word);
  const room = alias ?? asRoomId(word);
  if (room === undefined)
    throw wrong(
      `"${word}" is no room: write an alias such as #pictures:example.org, or an id such as !abc:example.org.`,
    );
  if (alias !== undefined && !(await isAlias(alias, http)))
    throw wrong(
      `The homeserver does not know ${alias}. See the room's settings for its address, or use its id.`,
    );
  const summary = await askedOf(http, `/_matrix/client/v1/room_summary/${encodeURIComponent(room)}`);
  if (stringAt(summary, "encryption") !== undefined)
    throw wrong(`${room} is encrypted, and encrypted rooms cannot be read yet: name another room.`);
  const rule = stringAt(summary, "join_rule");
  return { room, isOpen: rule === undefined ? undefined : rule === "public" };
}

async function whyNotHomeserver(url: string): Promise<string | undefined> {
  const findings = await checkHomeserver(url);
  return findings.find(({ subject, isFine }) => subject === "homeserver" && !isFine)?.sentence;
}

async function placeAt(url: string): Promise<Place> {
  const http = new Http(url);
  // Told between servers; most homeservers tell it at their clients' address too.
  const keys = await askedOf(http, "/_matrix/key/v2/server");
  return { url, http, serverName: stringAt(keys, "server_name") };
}

/** Undefined for whatever is not answered. */
async function askedOf(http: Http, path: string): Promise<unknown> {
  return await http
    .request({ method: "GET", path, anonymous: true, timeoutMs: limitMs, signals: [] })
    .catch(() => undefined);
}

function wrong(sentence: string): RoostError {
  return new RoostError("bad-request", sentence);
}
