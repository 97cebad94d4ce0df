import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { definePlugin } from "../../core/plugin.ts";
import { Answerer } from "./answer.ts";
import { literals } from "./link.ts";
import { settingsSchema } from "./settings.ts";
import { AnswerStore } from "./store.ts";
import { StrategyState } from "./strategy-state.ts";
import { temporaryPrefix } from "./video.ts";

/** Shows the post or profile behind an Instagram link to the room it was posted in. */
export default definePlugin({
  config: settingsSchema,
  answersTo: () => ["Instagram links"],
  redactsReplies: true,
  setup(bot) {
    sweep(bot.folder);
    const store = new AnswerStore(bot.db);
    store.open();
    const state = new StrategyState(bot.db);
    state.open();
    const answerer = new Answerer({ bot, store, state });
    bot.message(literals, (message) => answerer.answer(message));
  },
});

/** Removes what a killed run left half downloaded. */
function sweep(folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(folder)) if (name.startsWith(temporaryPrefix)) rmSync(join(folder, name));
}
