import type { JsonObject } from "../../../../src/core/json.ts";
import type { Step } from "../conversation.ts";
import type { Scene } from "../stage.ts";
import { answered, inAnyOrder, inRoom, remembered, say, send, silently } from "../steps.ts";

const state = (type: string, content: JsonObject) => inRoom("PUT", `state/${type}`, content);
const relate =
  (relation: (scene: Scene) => JsonObject, more: JsonObject = {}) =>
  (scene: Scene) => ({
    msgtype: "m.text",
    body: "describe",
    ...more,
    "m.relates_to": relation(scene),
  });
const image = {
  msgtype: "m.image",
  body: "describe.png",
  filename: "describe.png",
  url: "mxc://roost.test/abcdefg",
  info: { mimetype: "image/png", size: 70, w: 1, h: 2, thumbnail_url: "mxc://roost.test/thumb" },
};

/** Each with how many events it sends. */
const waysToSpeak = {
  markdown: 6,
  reply: 4,
  content: 5,
  edit: 4,
  set_reply: 1,
  reactions: 3,
  redactions: 2,
  long: 1,
};

export const messages: readonly Step[] = [
  // Patterns
  say("What is the weather in Berlin today?"),
  say("THE WEATHER IN Rome"),
  say("see #12 and #34, not #x"),
  say("line one\nline two\nline three"),
  say("begin\nof the\nend"),
  silently(say("line two and more")),
  send({ msgtype: "m.notice", body: "cat here" }),
  send({ msgtype: "m.image", body: "cat.png", url: "mxc://roost.test/abc" }),
  silently(say("cat as a text")),
  send(
    (scene) => ({
      msgtype: "m.text",
      body: "you",
      format: "org.matrix.custom.html",
      formatted_body: `hello ${scene.bot}!`,
    }),
    "mention",
  ),
  say("stacked"),
  say("twice"),
  // What a handler is given
  say("describe", "described"),
  send({
    msgtype: "m.text",
    body: "describe html",
    format: "org.matrix.custom.html",
    formatted_body: "<b>describe</b>",
  }),
  send(image),
  send({
    msgtype: "m.file",
    body: "describe.bin",
    file: {
      url: "mxc://roost.test/enc",
      v: "v2",
      key: { kty: "oct", alg: "A256CTR", ext: true, k: "k", key_ops: [] },
      iv: "iv",
      hashes: { sha256: "h" },
    },
  }),
  send({ msgtype: "m.location", body: "describe", geo_uri: "geo:1,2" }),
  send({ msgtype: "org.example.own", body: "describe", more: [1] }),
  send(
    relate((scene) => ({ "m.in_reply_to": { event_id: remembered(scene, "described") } })),
    "reply",
  ),
  send(
    relate((scene) => ({
      rel_type: "m.thread",
      event_id: remembered(scene, "described"),
      is_falling_back: true,
      "m.in_reply_to": { event_id: remembered(scene, "reply") },
    })),
    "thread",
  ),
  send(
    relate((scene) => ({ rel_type: "m.replace", event_id: remembered(scene, "described") }), {
      body: "* describe",
      "m.new_content": { msgtype: "m.text", body: "describe after the edit" },
    }),
    "edit",
  ),
  // Other events
  inAnyOrder(
    2,
    send(
      (scene) => ({
        "m.relates_to": { rel_type: "m.annotation", event_id: remembered(scene, "described"), key: "👍" },
      }),
      "reaction",
      "a reaction",
      "m.reaction",
    ),
  ),
  answered(
    1,
    send(
      (scene) => ({
        "m.relates_to": { rel_type: "m.annotation", event_id: remembered(scene, "described"), key: "other" },
      }),
      "reaction",
      "another",
      "m.reaction",
    ),
  ),
  { label: "a redaction", act: (scene) => redact(scene, remembered(scene, "reaction")) },
  state("m.room.name", { name: "Another name" }),
  state("m.room.topic", { topic: "A topic" }),
  state("m.room.avatar", { url: "mxc://roost.test/avatar" }),
  send({ words: ["one"], nested: { two: 2 } }, undefined, "words", "org.example.words"),
  send({ any: 1 }, undefined, "an unknown event", "org.example.any"),
  state("org.example.any_state", { any: 2 }),
  send(
    {
      algorithm: "m.megolm.v1.aes-sha2",
      ciphertext: "AwgA",
      device_id: "D",
      sender_key: "k",
      session_id: "s",
    },
    undefined,
    "an encrypted event",
    "m.room.encrypted",
  ),
  // Members
  inAnyOrder(
    2,
    inRoom("POST", "invite", (scene) => ({ user_id: scene.guest.userId })),
  ),
  inAnyOrder(2, inRoom("POST", "join", {}, "guest")),
  inAnyOrder(
    2,
    inRoom(
      "PUT",
      "state/m.room.member/@bert:roost.test",
      { membership: "join", displayname: "Bertram" },
      "guest",
    ),
  ),
  inAnyOrder(2, inRoom("POST", "leave", {}, "guest")),
  inAnyOrder(
    2,
    inRoom("POST", "invite", (scene) => ({ user_id: scene.guest.userId })),
  ),
  inAnyOrder(2, inRoom("POST", "join", {}, "guest")),
  inAnyOrder(
    2,
    inRoom("POST", "kick", (scene) => ({ user_id: scene.guest.userId, reason: "out" })),
  ),
  inAnyOrder(
    2,
    inRoom("POST", "invite", (scene) => ({ user_id: scene.guest.userId })),
  ),
  inRoom("POST", "kick", (scene) => ({ user_id: scene.guest.userId, reason: "enough" })),
  inAnyOrder(
    2,
    inRoom("POST", "ban", (scene) => ({ user_id: scene.guest.userId })),
  ),
  inRoom("POST", "unban", (scene) => ({ user_id: scene.guest.userId })),
  { label: "power levels", act: raisePower },
  // Handlers that come and go
  say("!listen on"),
  say("anybody?"),
  say("!listen off"),
  silently(say("anybody?")),
  // Ways to speak
  ...Object.entries(waysToSpeak).map(([what, count]) => answered(count, say(`!say ${what}`))),
  inAnyOrder(2, say("!say read")),
  ...(["reply", "content", "reactions"] as const).map((what) =>
    answered(
      waysToSpeak[what],
      send(
        (scene) => ({
          msgtype: "m.text",
          body: `!say ${what}`,
          "m.relates_to": { rel_type: "m.thread", event_id: remembered(scene, "described") },
        }),
        "threaded",
        `!say ${what} in a thread`,
      ),
    ),
  ),
  { label: "a tombstone", act: replace },
];

async function redact(scene: Scene, eventId: string): Promise<void> {
  const path = `/_matrix/client/v3/rooms/${encodeURIComponent(scene.room)}/redact/${encodeURIComponent(eventId)}/${Date.now()}`;
  await scene.person.request("PUT", path, { reason: "a mistake" });
}

async function raisePower(scene: Scene): Promise<void> {
  const path = `/_matrix/client/v3/rooms/${encodeURIComponent(scene.room)}/state/m.room.power_levels`;
  const levels = await scene.person.request("GET", path);
  await scene.person.request("PUT", path, { ...levels, users_default: 3 });
}

async function replace(scene: Scene): Promise<void> {
  const path = `/_matrix/client/v3/rooms/${encodeURIComponent(scene.room)}/state/m.room.tombstone`;
  await scene.person.request("PUT", path, { body: "moved", replacement_room: "!nowhere:roost.test" });
}
