/** The steps that conversations are made of. */
import type { JsonObject } from "../../../src/core/json.ts";
import type { Step } from "./conversation.ts";
import type { Scene } from "./stage.ts";

type Content = JsonObject | ((scene: Scene) => JsonObject);

/** The person writes a text and the bot is expected to answer. */
export function say(body: string, as?: string): Step {
  return send({ msgtype: "m.text", body }, as, body);
}

export function send(content: Content, as?: string, label?: string, type = "m.room.message"): Step {
  return {
    label: label ?? `${type} ${typeof content === "function" ? as : JSON.stringify(content)}`,
    act: async (scene) => {
      const filled = typeof content === "function" ? content(scene) : content;
      const eventId = await scene.person.send(scene.room, type, filled);
      scene.remembered.set(as ?? "last", eventId);
    },
  };
}

export function silently(step: Step): Step {
  return answered(0, step);
}

/** Answered with so many events. */
export function answered(answers: number, step: Step): Step {
  return { ...step, answers };
}

/** Roost does something else here, on purpose or not yet the same: the reason says which. */
export function differing(differs: string, step: Step): Step {
  return { ...step, differs };
}

/** Answered by several at once, so that the order is left to chance. */
export function inAnyOrder(answers: number, step: Step): Step {
  return { ...step, answers, isUnordered: true };
}

export function remembered(scene: Scene, name = "last"): string {
  return scene.remembered.get(name) ?? "";
}

/** A request of the client-server API under the room's path, by the person or by the guest. */
export function inRoom(
  method: string,
  path: string,
  body: Content,
  who: "person" | "guest" = "person",
): Step {
  return {
    label: `${who}: ${method} ${path}`,
    act: async (scene) => {
      const filled = typeof body === "function" ? body(scene) : body;
      const at = `/_matrix/client/v3/rooms/${encodeURIComponent(scene.room)}/${path}`;
      await scene[who].request(method, at, filled);
    },
  };
}

/** A request to the plugin's own routes; the answer is compared. */
export function visit(
  method: string,
  path: string,
  body?: string,
  headers: Record<string, string> = {},
): Step {
  return {
    label: `${method} ${path}`,
    answers: 0,
    act: async ({ side, plugin }) => {
      const url = `${side.api.origin}/_matrix/maubot/plugin/${plugin}${path}`;
      const answer = await fetch(url, { method, headers, ...(body === undefined ? {} : { body }) });
      const type = answer.headers.get("content-type");
      return { status: answer.status, type, added: answer.headers.get("x-added"), text: await answer.text() };
    },
  };
}

/** Settings given from outside, as the page does. */
export function configure(config: string): Step {
  return {
    label: `settings ${JSON.stringify(config)}`,
    answers: 0,
    act: async ({ side, plugin }) => {
      await side.api.call("PUT", `/instance/${plugin}`, { config });
    },
  };
}

/** What the instance's settings are from outside. */
export const readSettings: Step = {
  label: "the settings from outside",
  answers: 0,
  act: async ({ side, plugin }) =>
    Bun.YAML.parse(String((await side.api.call("GET", `/instance/${plugin}`)).config)),
};

/** Rows of the instance's database. */
export function query(sql: string): Step {
  return {
    label: sql,
    answers: 0,
    act: ({ side, plugin }) => side.query(plugin, sql),
  };
}
