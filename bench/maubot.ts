/** A real maubot from PyPI in a cached virtual environment, with a ping plugin uploaded through its own API. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { findFreePort } from "../test/doubles/free-port.ts";
import { type Environment, pythonWith } from "../test/doubles/python.ts";
import type { Contender, Job } from "./job.ts";
import { Program } from "./process.ts";
import { zipStored } from "./zip.ts";

const pluginSource = `
from maubot import MessageEvent, Plugin
from maubot.handlers import command


class Ping(Plugin):
    @command.new("ping")
    @command.argument("text", pass_raw=True)
    async def ping(self, evt: MessageEvent, text: str) -> None:
        await evt.reply(f"pong {text}")
`;

const pluginManifest = `
maubot: 0.1.0
id: test.roost.ping
version: 1.0.0
license: MIT
modules: [ping]
main_class: Ping
`;

const password = "only-on-loopback";

function findMaubot(): Promise<Environment> {
  return pythonWith("maubot", "0.6.0");
}

async function prepare(job: Job): Promise<readonly string[]> {
  const found = await findMaubot();
  if ("lack" in found) throw new Error(found.lack.why);
  const port = await findFreePort();
  const config = join(job.folder, "config.yaml");
  writeFileSync(config, JSON.stringify(maubotConfig(job, port)));
  const command = [found.python, "-m", "maubot", "-c", config];
  const program = new Program(command, job.folder);
  try {
    await setUp(`http://127.0.0.1:${port}/_matrix/maubot/v1`, job, program);
  } catch (error) {
    throw new Error(`maubot could not be set up:\n${program.output()}`, { cause: error });
  } finally {
    await program.stop();
  }
  return command;
}

/** Plugin, clients and instances can be made through the API only; they are kept in the database for the measured start. */
async function setUp(api: string, job: Job, program: Program): Promise<void> {
  while (
    !(await fetch(`${api}/features`).then(
      (answer) => answer.ok,
      () => false,
    ))
  ) {
    if (program.hasEnded) throw new Error("it ended");
    await Bun.sleep(50);
  }
  const login = await send("POST", `${api}/auth/login`, "", JSON.stringify({ username: "admin", password }));
  const { token } = (await login.json()) as { token: string };
  const archive = zipStored({ "maubot.yaml": pluginManifest, "ping.py": pluginSource });
  await send("POST", `${api}/plugins/upload`, token, archive);
  for (const { userId, accessToken } of job.accounts) {
    const client = {
      homeserver: job.homeserverUrl,
      access_token: accessToken,
      enabled: true,
      started: true,
      sync: true,
      autojoin: false,
      online: false,
    };
    await send(
      "PUT",
      `${api}/client/${encodeURIComponent(userId)}`,
      token,
      JSON.stringify({ ...client, id: userId }),
    );
    const id = userId.slice(1).replace(/:.*/, "");
    const instance = { id, type: "test.roost.ping", primary_user: userId, enabled: true, started: true };
    await send("PUT", `${api}/instance/${id}`, token, JSON.stringify(instance));
  }
}

async function send(
  method: string,
  url: string,
  token: string,
  body: string | Uint8Array<ArrayBuffer>,
): Promise<Response> {
  const answer = await fetch(url, { method, headers: { authorization: `Bearer ${token}` }, body });
  if (!answer.ok) throw new Error(`${method} ${url}: ${answer.status} ${await answer.text()}`);
  return answer;
}

function maubotConfig({ folder, homeserverUrl }: Job, port: number) {
  return {
    database: `sqlite:${join(folder, "maubot.db")}`,
    plugin_directories: { upload: folder, load: [folder], trash: "delete" },
    plugin_databases: { sqlite: folder },
    server: {
      hostname: "127.0.0.1",
      port,
      public_url: `http://127.0.0.1:${port}`,
      unshared_secret: password,
    },
    homeservers: { bench: { url: homeserverUrl } },
    admins: { admin: password },
    logging: {
      version: 1,
      handlers: { console: { class: "logging.StreamHandler" } },
      root: { level: "WARNING", handlers: ["console"] },
    },
  };
}

export const maubot: Contender = {
  name: "maubot",
  findLack: async () => {
    const found = await findMaubot();
    return "lack" in found ? found.lack : undefined;
  },
  prepare,
};
