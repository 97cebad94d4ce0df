/** dist/roost with a bot that answers `!ping`, one instance and one access token for each account, in each way to run a bot. */
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findFreePort } from "../test/doubles/free-port.ts";
import { findMaubot } from "../test/doubles/maubot.ts";
import type { Lack } from "../test/doubles/needs.ts";
import { archiveOf } from "../test/doubles/plugin-archive.ts";
import type { Contender, Job } from "./job.ts";
import { pingArchive, pingId } from "./maubot.ts";

const executable = join(import.meta.dir, "../dist/roost");

interface Bot {
  /** The plugin's id, and its archive unless it is built in. */
  readonly plugin: string;
  readonly archive?: Uint8Array<ArrayBuffer>;
  /** The interpreter for one written in Python. */
  readonly python?: string;
}

const scriptArchive = archiveOf({
  "maubot.yaml":
    "id: test.roost.script\nversion: 1.0.0\nlicense: MIT\nmodules: [ping]\nmain_class: Ping\nroost: { runtime: typescript }\n",
  "ping.ts": `import { definePlugin, z } from "roost";

export default definePlugin({
  config: z.strictObject({}),
  setup(bot) {
    bot.command("ping", async (message, text) => {
      await message.reply(\`pong \${text}\`);
    });
  },
});
`,
});

/** A built-in bot in a worker. */
export const roost: Contender = {
  name: "roost",
  findLack: lackOfExecutable,
  prepare: (job) => prepare(job, { plugin: "echo" }),
};

/** An uploaded bot in a confined process. */
export const roostProcess: Contender = {
  name: "roost, process",
  findLack: lackOfExecutable,
  prepare: (job) => prepare(job, { plugin: "test.roost.script", archive: scriptArchive }),
};

/** The very archive that maubot runs. */
export const roostPython: Contender = {
  name: "roost, Python",
  findLack: async () => {
    const found = await findMaubot();
    return "lack" in found ? found.lack : lackOfExecutable();
  },
  prepare: async (job) => {
    const found = await findMaubot();
    if ("lack" in found) throw new Error(found.lack.why);
    return prepare(job, { plugin: pingId, archive: pingArchive, python: found.python });
  },
};

function lackOfExecutable(): Promise<Lack | undefined> {
  const lack: Lack = { of: "package", why: "dist/roost is not there; run `npm run build` first" };
  return Promise.resolve(existsSync(executable) ? undefined : lack);
}

async function prepare(job: Job, { plugin, archive, python }: Bot): Promise<readonly string[]> {
  const dataDir = join(job.folder, "data");
  if (archive !== undefined) {
    mkdirSync(join(dataDir, "plugins"), { recursive: true, mode: 0o700 });
    writeFileSync(join(dataDir, "plugins", `${plugin}-v1.0.0.mbp`), archive);
  }
  const config = {
    homeserver: { url: job.homeserverUrl },
    server: { host: "127.0.0.1", port: await findFreePort() },
    data_dir: dataDir,
    python,
    accounts: Object.fromEntries(
      job.accounts.map(({ userId, accessToken }) => [userId, { access_token: accessToken }]),
    ),
    instances: Object.fromEntries(
      job.accounts.map(({ userId, rooms }, index) => [
        `echo${index}`,
        { plugin, account: userId, rooms, sends_per_minute: 1_000_000 },
      ]),
    ),
  };
  const file = join(job.folder, "config.yaml");
  writeFileSync(file, JSON.stringify(config), { mode: 0o600 });
  return [executable, "serve", "--config", file];
}
