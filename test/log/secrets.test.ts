import { describe, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { loadConfig } from "../../src/config/load.ts";
import { causeChain } from "../../src/core/error.ts";
import type { Logger } from "../../src/core/log.ts";
import type { Secret } from "../../src/core/secret.ts";
import type { HostControl } from "../../src/core/status.ts";
import { pluginSettings } from "../../src/host/plugin-settings.ts";
import { consoleSink } from "../../src/log/console.ts";
import { RecentRecords } from "../../src/log/recent.ts";
import { LogRouter } from "../../src/log/router.ts";
import { RecordStore } from "../../src/store/record-store.ts";
import { ControlServer } from "../../src/web/control.ts";
import { askHost, linesOf } from "../../src/web/control-client.ts";
import { routes } from "../../src/web/routes.ts";
import { noBackups } from "../doubles/backups.ts";
import { temporaryFolder } from "../doubles/folder.ts";
import { noPlugins } from "../doubles/plugins.ts";
import { webParts } from "../doubles/web.ts";
import { instance, snapshot } from "../web/snapshot.ts";

/** Every place of the config that holds a secret, with one that each encoding writes in its own way. */
const secrets = {
  registration_token: "Reg tok/en?1&a=ä",
  username: "admin|^user'x",
  password_hash: "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2g",
  password: 'tulip"Vase\\Fern%20#!~',
  access_token: "syt_b3Jn_AbCdEfGhIj;<k>_[0]",
} as const;

const act = async () => "";
const control: HostControl = {
  snapshot: () => snapshot([]),
  samples: () => [],
  askPlugin: () => Promise.reject(new Error("not asked")),
  start: act,
  stop: act,
  restart: act,
};

type Way = (name: keyof typeof secrets) => string;

/** The three ways in which a secret may be written. */
const ways: Record<string, (folder: string) => Way> = {
  literal: () => (name) => JSON.stringify(secrets[name]),
  file: (folder) => (name) => {
    writeFileSync(join(folder, name), `${secrets[name]}\n`, { mode: 0o600 });
    return `{ file: ${JSON.stringify(join(folder, name))} }`;
  },
  env: () => (name) => `{ env: ${name} }`,
};

function configOf(folder: string, written: Way): string {
  const file = join(folder, "config.yaml");
  const yaml = `homeserver: { url: "https://matrix.example.org", registration_token: ${written("registration_token")} }
admin: { username: ${written("username")}, password_hash: ${written("password_hash")} }
data_dir: ${JSON.stringify(join(folder, "data"))}
accounts:
  "@a:example.org": { password: ${written("password")} }
  "@b:example.org": { access_token: ${written("access_token")} }
`;
  writeFileSync(file, yaml, { mode: 0o600 });
  return file;
}

/** Where a secret may turn up in what is logged. */
const places: Record<string, (log: Logger, secret: string) => void> = {
  "a message": (log, secret) => log.error(`The homeserver said ${secret}.`),
  "the context, its names too": (log, secret) => log.info("x", { said: secret, [secret]: 1 }),
  "a URL's user": (log, secret) => log.warn(urlWith("username", secret)),
  "a URL's password": (log, secret) => log.warn("x", { url: urlWith("password", secret) }),
  "a URL's path": (log, secret) => log.warn(urlWith("pathname", `/_matrix/${secret}/x`)),
  "a URL's path, encoded": (log, secret) => log.warn(`https://h/${encodeURIComponent(secret)}/x`),
  "a URL's query": (log, secret) => log.warn(urlWith("search", `token=${secret}&x=1`)),
  "a URL's form": (log, secret) => log.warn(`https://h/?${new URLSearchParams({ token: secret })}`),
  "a URL's fragment": (log, secret) => log.warn(urlWith("hash", secret)),
  "a stack trace": (log, secret) => log.error("x", { stack: new Error(`bad ${secret}`).stack ?? "" }),
  "a nested cause": (log, secret) =>
    log.error("x", {}, new Error("a", { cause: new Error("b", { cause: new Error(`c ${secret}`) }) })),
  "a nested cause that is text": (log, secret) => log.warn("x", {}, new Error("a", { cause: secret })),
  "JSON that is quoted": (log, secret) => log.error(JSON.stringify({ token: secret })),
};

function urlWith(part: "username" | "password" | "pathname" | "search" | "hash", value: string): string {
  const url = new URL("https://host.example/path");
  url[part] = value;
  return url.href;
}

/** What a secret leaves behind whatever encodes it: its longest runs of letters and digits. */
function tracesOf(secret: string): string[] {
  return secret.match(/[A-Za-z0-9]{4,}/g) ?? [];
}

for (const [way, writtenIn] of Object.entries(ways)) {
  // A user name that stands in plain text in the YAML is meant to be read.
  const kept = Object.entries(secrets).filter(([name]) => way !== "literal" || name !== "username");
  describe(`secrets written as ${way}`, () => {
    for (const [place, log] of Object.entries(places)) {
      test(`are cut from ${place} on console, in the file, followed and in health`, async () => {
        using folder = temporaryFolder();
        const loaded = loadConfig(configOf(folder.path, writtenIn(folder.path)), {
          env: secrets,
          plugins: pluginSettings,
        });
        expect(loaded.secrets.map((secret) => secret.reveal()).toSorted()).toEqual(
          kept.map(([, secret]) => secret).toSorted(),
        );
        const shown = await shownOf(folder.path, loaded.secrets, (logger) => {
          for (const [, secret] of kept) log(logger, secret);
        });
        for (const [output, text] of Object.entries(shown)) {
          expect({ output, isCut: text.includes("[redacted]") }).toEqual({ output, isCut: true });
          for (const [name, secret] of kept)
            for (const trace of tracesOf(secret))
              expect({ output, name, trace, isShown: text.includes(trace) }).toMatchObject({
                isShown: false,
              });
        }
      });
    }
  });
}

/** Everything that a host says when `write` logs: what is printed, kept and followed, and health with that as a bot's failure. */
async function shownOf(
  folder: string,
  known: readonly Secret[],
  write: (log: Logger) => void,
): Promise<Record<string, string>> {
  const dataDir = join(folder, "data");
  const router = new LogRouter();
  router.addSecrets(known);
  const printed: string[] = [];
  router.addSink(consoleSink((line) => printed.push(line), "json"));
  router.addSink(consoleSink((line) => printed.push(line), "text"));
  const store = new RecordStore({ folder: join(dataDir, "host"), log: router.logger() });
  const records = new RecentRecords(store);
  router.addSink(records.sink);
  store.open();
  const server = new ControlServer({
    dataDir,
    control,
    backups: noBackups,
    plugins: noPlugins,
    records,
    log: router.logger(),
  });
  await server.open();
  const leaving = new AbortController();
  const lines = linesOf(await askHost(dataDir, "GET", "/logs?follow=1", leaving.signal));
  write(router.logger());
  router.logger().info("The end.");
  let followed = "";
  for await (const line of lines) {
    followed += line;
    if (line.includes("The end.")) break;
  }
  leaving.abort();
  await server.close();
  store.close();
  const file = readFileSync(join(dataDir, "host/log.db"), "latin1");
  const health = await healthOf((text) => router.cutSecrets(text), write);
  return { console: printed.join(""), file, followed, health };
}

async function healthOf(cutSecrets: (text: string) => string, write: (log: Logger) => void): Promise<string> {
  const said: string[] = [];
  const say = (message: string, context?: object, error?: unknown) =>
    said.push(`${message} ${Object.entries(context ?? {}).join(" ")} ${causeChain(error).join(" ")}`);
  write({ debug: say, info: say, warn: say, error: say, critical: say });
  const bots = said.map((cause, index) =>
    instance(`bot${index}`, { state: "failed", sinceMs: 0, cause }, { warnings: [cause] }),
  );
  const app = routes({ ...webParts(() => snapshot(bots)), host: "localhost", cutSecrets });
  const answers = await Promise.all(
    ["/healthz", "/healthz/bot0"].map(async (path) =>
      (await app.request(path, { headers: { host: "localhost" } })).text(),
    ),
  );
  return answers.join("\n");
}
