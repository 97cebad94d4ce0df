/** What `import ... from "roost"` gives an uploaded plugin: the contract, and the zod that its settings' schema is made with. */
import { z } from "zod";
import type { Bot, PluginDefinition } from "../../core/plugin.ts";

export type * from "../../core/command.ts";
export { command, rest } from "../../core/command.ts";
export { RoostError } from "../../core/error.ts";
export type { EventId, MxcUri, RoomId, UserId } from "../../core/id.ts";
export type { JsonObject } from "../../core/json.ts";
export type { Logger } from "../../core/log.ts";
export type { MatrixEvent } from "../../core/matrix.ts";
export type * from "../../core/plugin.ts";
export { secretSetting } from "../../core/plugin.ts";
export { z };

type Optional = "config" | "answersTo";

/** A plugin as an author writes it: all but `setup` may be left out. */
export type AuthoredPlugin<Schema extends z.ZodType> = Partial<Pick<PluginDefinition<Schema>, Optional>> &
  Omit<PluginDefinition<Schema>, Optional | "setup"> & {
    setup(bot: Bot<z.output<Schema>>): void | Promise<void>;
  };

/** Ties the type of `bot.config` to the schema. */
export function definePlugin<Schema extends z.ZodType = z.ZodObject>(
  plugin: AuthoredPlugin<Schema>,
): PluginDefinition {
  return { config: z.looseObject({}), answersTo: () => [], ...plugin } as PluginDefinition;
}
