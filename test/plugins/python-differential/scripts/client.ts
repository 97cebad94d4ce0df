import type { Step } from "../conversation.ts";
import type { Scene } from "../stage.ts";
import { answered, differing, inAnyOrder, say, silently } from "../steps.ts";

export const client: readonly Step[] = [
  say("!call identity"),
  answered(10, say("!call send")),
  answered(5, say("!call media")),
  ...["read", "missing", "missing_event", "forbidden"].map((what) => say(`!call ${what}`)),
  { label: "an alias and the power to set state", answers: 0, act: prepare },
  sayHere("alias", (scene) => aliasOf(scene)),
  sayHere("alias", () => "#nothing:roost.test"),
  answered(3, say("!call state")),
  ...["account_data", "request", "formats", "types"].map((what) => say(`!call ${what}`)),
  ...["receipt", "typing", "background"].map((what) => inAnyOrder(2, say(`!call ${what}`))),
  differing(
    "an instance works in the rooms that its config lists, and makes none",
    answered(
      7,
      sayHere("rooms", (scene) => scene.guest.userId),
    ),
  ),
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

async function prepare(scene: Scene): Promise<void> {
  const alias = encodeURIComponent(aliasOf(scene));
  await scene.person.request("PUT", `/_matrix/client/v3/directory/room/${alias}`, { room_id: scene.room });
  const path = `/_matrix/client/v3/rooms/${encodeURIComponent(scene.room)}/state/m.room.power_levels`;
  const levels = await scene.person.request("GET", path);
  await scene.person.request("PUT", path, { ...levels, state_default: 0, events: {} });
}
