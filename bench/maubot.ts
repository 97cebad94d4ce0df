/** A real maubot from PyPI in a cached virtual environment, with a ping plugin uploaded through its own API. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { findFreePort } from "../test/doubles/free-port.ts";
import { findMaubot, MaubotApi, maubotConfig } from "../test/doubles/maubot.ts";
import { archiveOf } from "../test/doubles/plugin-archive.ts";
import type { Contender, Job } from "./job.ts";
import { Program } from "./process.ts";

const pingSource = `
from maubot import MessageEvent, Plugin
from maubot.handlers import command


class Ping(Plugin):
    @command.new("ping")
    @command.argument("text", pass_raw=True)
    async def ping(self, evt: MessageEvent, text: str) -> None:
        await evt.reply(f"pong {text}")
`;

export const pingId = "test.roost.ping";
const pingManifest = `
maubot: 0.1.0
id: ${pingId}
version: 1.0.0
license: MIT
modules: [ping]
main_class: Ping
`;

/** For maubot and for Roost alike. */
export const pingArchive = archiveOf({ "maubot.yaml": pingManifest, "ping.py": pingSource });

async function prepare(job: Job): Promise<readonly string[]> {
  const found = await findMaubot();
  if ("lack" in found) throw new Error(found.lack.why);
  const port = await findFreePort();
  const config = join(job.folder, "config.yaml");
  writeFileSync(config, JSON.stringify(maubotConfig(job.folder, port, job.homeserverUrl, "WARNING")));
  const command = [found.python, "-m", "maubot", "-c", config];
  const program = new Program(command, job.folder);
  try {
    await setUp(new MaubotApi(`http://127.0.0.1:${port}`), job);
  } catch (error) {
    throw new Error(`maubot could not be set up:\n${program.output()}`, { cause: error });
  } finally {
    await program.stop();
  }
  return command;
}

/** Plugin, clients and instances can be made through the API only; they are kept in the database for the measured start. */
async function setUp(api: MaubotApi, { accounts, homeserverUrl }: Job): Promise<void> {
  await api.untilItAnswers();
  await api.logIn();
  await api.call("POST", "/plugins/upload", pingArchive);
  for (const account of accounts) {
    const id = account.userId.slice(1).replace(/:.*/, "");
    await api.addInstance(id, pingId, account, homeserverUrl);
  }
}

export const maubot: Contender = {
  name: "maubot",
  findLack: async () => {
    const found = await findMaubot();
    return "lack" in found ? found.lack : undefined;
  },
  prepare,
};
