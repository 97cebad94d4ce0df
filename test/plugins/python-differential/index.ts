/** The plugins that cover maubot's API, each with the conversation that tries it. */
import { join } from "node:path";
import type { Step } from "./conversation.ts";
import { client } from "./scripts/client.ts";
import { commands } from "./scripts/commands.ts";
import { legacy, storage } from "./scripts/databases.ts";
import { messages } from "./scripts/messages.ts";
import { webhook } from "./scripts/webhook.ts";

export const pluginsFolder = join(import.meta.dir, "../python-api");

export const conversations: Readonly<Record<string, readonly Step[]>> = {
  commands,
  messages,
  client,
  storage,
  legacy,
  webhook,
};
