import { definePlugin } from "../../core/plugin.ts";
import { Answerer } from "./answer.ts";
import { literals } from "./link.ts";
import { settingsSchema } from "./settings.ts";
import { AnswerStore } from "./store.ts";

/** Shows the post or profile behind an Instagram link to the room it was posted in. */
export default definePlugin({
  config: settingsSchema,
  answersTo: () => ["Instagram links"],
  setup(bot) {
    const store = new AnswerStore(bot.db);
    store.open();
    const answerer = new Answerer(bot, store);
    bot.message(literals, (message) => answerer.answer(message));
  },
});
