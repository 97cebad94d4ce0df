import type { Step } from "../conversation.ts";
import type { Scene } from "../stage.ts";
import { answered, inAnyOrder, remembered, say, silently } from "../steps.ts";

export const client: readonly Step[] = [
  say("!call identity"),
  say("!call memberships"),
  answered(10, say("!call send")),
  answered(5, say("!call media")),
  ...["read", "missing", "missing_event", "missing_media", "forbidden", "no_room"].map((what) =>
    say(`!call ${what}`),
  ),
  { label: "an alias and the power to set state", answers: 0, act: prepare },
  sayHere("alias", (scene) => aliasOf(scene)),
  sayHere("alias", () => "#nothing:roost.test"),
  answered(3, say("!call state")),
  ...["account_data", "request", "formats", "types"].map((what) => say(`!call ${what}`)),
  ...["receipt", "typing", "background"].map((what) => inAnyOrder(2, say(`!call ${what}`))),
  answered(
    7,
    sayHere("rooms", (scene) => scene.guest.userId),
  ),
  { label: "an open room", answers: 0, act: makeOpenRoom },
  answered(
    4,
    sayHere("enter", (scene) => remembered(scene, "open room")),
  ),
  answered(
    4,
    sayHere("enter", (scene) => remembered(scene, "open alias")),
  ),
  say("!call memberships"),
  silently(say("!call nothing")),
];

/** A call with something that differs from side to side. */
function sayHere(what: string, rest: (scene: Scene) => string): Step {
  return {
    label: `!call ${what}`,
    act: async (scene) => {
      await scene.person.say(scene.room, `!call ${what} ${rest(scene)}`);
    },
  };
}

function aliasOf({ bot }: Scene): string {
  return bot.replace("@", "#");
}

async function makeOpenRoom({ bot, person, remembered }: Scene): Promise<void> {
  const alias = `open-${bot.slice(1, bot.indexOf(":"))}`;
  const asked = { preset: "public_chat", name: "Open", room_alias_name: alias };
  const made = await person.request("POST", "/_matrix/client/v3/createRoom", asked);
  remembered.set("open room", String(made.room_id));
  remembered.set("open alias", `#${alias}:roost.test`);
}

async function prepare(scene: Scene): Promise<void> {
  const alias = encodeURIComponent(aliasOf(scene));
  await scene.person.request("PUT", `/_matrix/client/v3/directory/room/${alias}`, { room_id: scene.room });
  const path = `/_matrix/client/v3/rooms/${encodeURIComponent(scene.room)}/state/m.room.power_levels`;
  const levels = await scene.person.request("GET", path);
  await scene.person.request("PUT", path, { ...levels, state_default: 0, events: {} });
}
