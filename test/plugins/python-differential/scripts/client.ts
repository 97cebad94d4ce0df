import type { Step } from "../conversation.ts";
import type { Scene } from "../stage.ts";
import { say, silently } from "../steps.ts";

export const client: readonly Step[] = [
  ...["identity", "send", "media", "read", "missing", "missing_event", "forbidden"].map((what) =>
    say(`!call ${what}`),
  ),
  { label: "an alias and the power to set state", isSilent: true, act: prepare },
  sayHere("alias", (scene) => aliasOf(scene)),
  sayHere("alias", () => "#nothing:roost.test"),
  ...["state", "account_data", "receipt", "typing", "request", "formats", "types", "background"].map((what) =>
    say(`!call ${what}`),
  ),
  { ...sayHere("rooms", (scene) => scene.guest.userId), lastsMs: 4_000 },
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
