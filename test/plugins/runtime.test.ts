import { expect, test } from "bun:test";
import { z } from "zod";
import { command, rest } from "../../src/core/command.ts";
import type { RoomId } from "../../src/core/id.ts";
import { type Bot, definePlugin } from "../../src/core/plugin.ts";
import { TestBot } from "../../src/plugins/author/test-bot.ts";
import { until } from "../doubles/delivery.ts";

function start(
  setup: (bot: Bot<Record<string, never>>) => void,
  migrations: readonly string[] = [],
): Promise<TestBot> {
  return TestBot.start(definePlugin({ config: z.strictObject({}), answersTo: () => [], migrations, setup }));
}

const dice = (bot: Bot<unknown>) =>
  bot.command("dice", {
    help: "Rolls dice",
    aliases: ["roll"],
    args: { sides: z.coerce.number().int().min(2, "at least 2"), label: rest().optional() },
    run: async (message, { sides, label }) => void (await message.reply(`${sides} ${label ?? "-"}`)),
  });

test("a command's arguments arrive with their types, the last one with all that is left", async () => {
  const bot = await start(dice);
  await bot.post("!dice 6");
  await bot.post("!ROLL 20 for  the\ncrown");
  expect(bot.replies).toEqual(["6 -", "20 for  the\ncrown"]);
});

test("arguments that do not fit are answered with what is wrong and with the usage", async () => {
  const bot = await start(dice);
  await bot.post("!dice");
  await bot.post("!dice 1");
  await bot.post("!diced 6");
  const usage = "Usage: !dice <sides> [label...]: Rolls dice";
  expect(bot.replies).toEqual([`sides is missing.\n${usage}`, `sides: at least 2\n${usage}`]);
});

test("subcommands have arguments of their own, words between quotation marks are one, and too many are refused", async () => {
  const bot = await start((bot) =>
    bot.command("todo", {
      subcommands: {
        add: command({
          args: { what: z.string(), times: z.coerce.number().default(1) },
          run: async (message, { what, times }) => void (await message.reply(`${times} x ${what}`)),
        }),
        list: { help: "Shows all", run: async (message) => void (await message.reply("nothing")) },
      },
    }),
  );
  for (const text of ["!todo add milk", '!todo add "two eggs" 3', "!todo LIST", "!todo", "!todo add a 1 b"])
    await bot.post(text);
  const add = "Usage: !todo add <what> [times]";
  expect(bot.replies).toEqual([
    "1 x milk",
    "3 x two eggs",
    "nothing",
    `${add}\nUsage: !todo list: Shows all`,
    `There is more than it takes: b\n${add}`,
  ]);
});

test("a pattern gets its match, and a global one matches each message from the beginning", async () => {
  const bot = await start((bot) =>
    bot.match(/(\d+) miles/g, ["miles"], async (message, [, miles]) => {
      await message.reply(`${Number(miles) * 1.6} km`);
    }),
  );
  await bot.post("10 miles");
  await bot.post("it is 5 MILES or 5 miles");
  await bot.post("many miles");
  expect(bot.replies).toEqual(["16 km", "8 km"]);
});

test("reactions and other events come with who did what, and can be answered, redacted and reacted to", async () => {
  const bot = await start((bot) => {
    bot.reaction(async (reaction) => {
      await reaction.redact(reaction.target);
      await reaction.send(`${reaction.sender} said ${reaction.emoji}`);
    });
    bot.event(["m.room.topic"], async (event) => void (await event.react("👀")));
  });
  const relation = { rel_type: "m.annotation", event_id: "$liked", key: "👍" };
  await bot.happen({ type: "m.reaction", content: { "m.relates_to": relation } });
  await bot.happen({ type: "m.reaction", content: {} });
  await bot.happen({ type: "m.room.topic", stateKey: "", content: { topic: "news" } });
  expect(bot.sent.map(({ type, content }) => [type, content])).toEqual([
    ["m.room.redaction", { redacts: "$liked" }],
    ["m.room.message", { "m.mentions": {}, msgtype: "m.notice", body: "@ada:test.example said 👍" }],
    ["m.reaction", { "m.relates_to": { rel_type: "m.annotation", event_id: "$event3", key: "👀" } }],
  ]);
});

test("commands and patterns hear no notices, no edits and no state, whatever else the plugin listens to", async () => {
  const bot = await start((bot) => {
    bot.command("ping", async (message) => void (await message.reply("pong")));
    bot.event(["m.room.message", "x.state"], () => {});
  });
  const edit = { "m.relates_to": { rel_type: "m.replace", event_id: "$1" } };
  await bot.happen({ type: "m.room.message", content: { msgtype: "m.notice", body: "!ping" } });
  await bot.happen({ type: "m.room.message", content: { msgtype: "m.text", body: "!ping", ...edit } });
  await bot.happen({ type: "x.state", stateKey: "", content: { msgtype: "m.text", body: "!ping" } });
  expect(bot.replies).toEqual([]);
});

test("timers run until the bot stops, and one that fails is logged and runs again", async () => {
  let runs = 0;
  const bot = await start((bot) =>
    bot.cron("* * * * * *", async () => {
      runs++;
      await bot.send("!room:test.example" as RoomId, `run ${runs}`);
      throw new Error("out of paper");
    }),
  );
  await until("two runs", () => bot.replies.length >= 2);
  expect(bot.logged[0]).toMatchObject({ severity: "ERROR", message: "A scheduled run failed." });
  bot.close();
  const before = runs;
  await Bun.sleep(1_200);
  expect(runs).toBe(before);
});

test("a timer that would never rest, or a pattern that is none, refuses the start with a sentence", async () => {
  expect(start((bot) => bot.every(5, () => {}))).rejects.toThrow("write a second or more");
  expect(start((bot) => bot.every("soon", () => {}))).rejects.toThrow("write a second or more");
  expect(start((bot) => bot.cron("never", () => {}))).rejects.toThrow('cron("never")');
});

test("migrations have run before the plugin is set up", async () => {
  const bot = await start(
    (bot) => void bot.db.run("INSERT INTO note (text) VALUES ('kept')"),
    ["CREATE TABLE note (text TEXT NOT NULL) STRICT"],
  );
  expect(bot.db.query("SELECT text FROM note").all()).toEqual([{ text: "kept" }]);
});

test("a handler that throws rejects the post with its error", async () => {
  const bot = await start((bot) =>
    bot.command("break", () => {
      throw new Error("broken on purpose");
    }),
  );
  expect(bot.post("!break")).rejects.toThrow("broken on purpose");
});
