/** dist/roost with its built-in echo bot, one instance and one access token for each account. */
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findFreePort } from "../test/doubles/free-port.ts";
import type { Contender, Job } from "./job.ts";

const executable = join(import.meta.dir, "../dist/roost");

async function prepare(job: Job): Promise<readonly string[]> {
  const config = {
    homeserver: { url: job.homeserverUrl },
    server: { host: "127.0.0.1", port: await findFreePort() },
    data_dir: join(job.folder, "data"),
    accounts: Object.fromEntries(
      job.accounts.map(({ userId, accessToken }) => [userId, { access_token: accessToken }]),
    ),
    instances: Object.fromEntries(
      job.accounts.map(({ userId, rooms }, index) => [
        `echo${index}`,
        { plugin: "echo", account: userId, rooms, sends_per_minute: 1_000_000 },
      ]),
    ),
  };
  const file = join(job.folder, "config.yaml");
  writeFileSync(file, JSON.stringify(config), { mode: 0o600 });
  return [executable, "serve", "--config", file];
}

export const roost: Contender = {
  name: "roost",
  findLack: async () =>
    existsSync(executable)
      ? undefined
      : { of: "package", why: "dist/roost is not there; run `npm run build` first" },
  prepare,
};
