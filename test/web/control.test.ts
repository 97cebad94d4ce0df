import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RoostError } from "../../src/core/error.ts";
import type { Logger } from "../../src/core/log.ts";
import type { HostControl } from "../../src/core/status.ts";
import { RecentRecords } from "../../src/log/recent.ts";
import { LogRouter } from "../../src/log/router.ts";
import { RecordStore } from "../../src/store/record-store.ts";
import { ControlServer } from "../../src/web/control.ts";
import { askHost, linesOf } from "../../src/web/control-client.ts";
import { noBackups } from "../doubles/backups.ts";
import { refusalOf } from "../doubles/delivery.ts";
import { noPlugins } from "../doubles/plugins.ts";
import { instance, instanceId, snapshot, states } from "./snapshot.ts";

let dataDir = "";
const opened: ControlServer[] = [];
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), "roost-control-"));
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((server) => server.close()));
  rmSync(dataDir, { recursive: true, force: true });
});

const quiet: Logger = { debug() {}, info() {}, warn() {}, error() {}, critical() {} };

const control: HostControl = {
  samples: () => [],
  askPlugin: () => Promise.reject(new RoostError("not-found", "no plugins here")),
  snapshot: () => snapshot([instance("insta", states.running)]),
  start: async (id) => `${id} started.`,
  stop: async (id) => {
    throw new RoostError("not-found", `There is no instance ${id}.`);
  },
  restart: async () => {
    throw new Error("boom");
  },
};

/** The log that the socket reads, in memory alone, with how many follow it. */
class Records extends RecentRecords {
  followerCount = 0;
  constructor() {
    super(new RecordStore({ folder: dataDir, log: new LogRouter().logger() }));
  }
  override onRecord(listener: () => void): () => void {
    this.followerCount++;
    const leave = super.onRecord(listener);
    return () => {
      this.followerCount--;
      leave();
    };
  }
  write(message: string, name?: string): void {
    const id = name === undefined ? undefined : instanceId(name);
    this.sink({ timeMs: Date.now(), severity: "INFO", instance: id, message, context: {}, causes: [] });
  }
}

async function open(): Promise<{ server: ControlServer; records: Records; errors: string[] }> {
  const records = new Records();
  const errors: string[] = [];
  const log: Logger = { ...quiet, error: (message) => errors.push(message) };
  const server = new ControlServer({
    dataDir,
    control,
    backups: noBackups,
    plugins: noPlugins,
    records,
    log,
  });
  await server.open();
  opened.push(server);
  return { server, records, errors };
}

async function waitFor(condition: () => boolean): Promise<void> {
  while (!condition()) await Bun.sleep(5);
}

describe("the control socket", () => {
  test("is only its owner's, and the process's file mask is as before", async () => {
    const umask = process.umask();
    await open();
    expect(statSync(join(dataDir, "control.sock")).mode & 0o777).toBe(0o600);
    expect(process.umask()).toBe(umask);
  });

  test("of a host that was killed is replaced", async () => {
    const path = join(dataDir, "control.sock");
    const killed = Bun.spawn([
      process.execPath,
      "-e",
      `Bun.serve({ unix: ${JSON.stringify(path)}, fetch: () => new Response() }); process.kill(process.pid, "SIGKILL")`,
    ]);
    await killed.exited;
    expect(statSync(path).isSocket()).toBe(true);
    await open();
    expect((await askHost(dataDir, "GET", "/status")).status).toBe(200);
  });

  test("of a host that runs is left to it", async () => {
    await open();
    const second = new ControlServer({
      dataDir,
      control,
      backups: noBackups,
      plugins: noPlugins,
      records: new Records(),
      log: quiet,
    });
    await expect(second.open()).rejects.toThrow("Another Roost already runs on");
    expect((await askHost(dataDir, "GET", "/status")).status).toBe(200);
  });

  test("never replaces a file that is no socket", async () => {
    writeFileSync(join(dataDir, "control.sock"), "precious");
    await expect(open()).rejects.toThrow("is not a socket");
  });

  test("in a folder with too long a path is refused with the reason", async () => {
    const deep = join(dataDir, "x".repeat(120));
    const server = new ControlServer({
      dataDir: deep,
      control,
      backups: noBackups,
      plugins: noPlugins,
      records: new Records(),
      log: quiet,
    });
    await expect(server.open()).rejects.toThrow("at most 107 characters");
  });

  test("is gone after close", async () => {
    const { server } = await open();
    await server.close();
    await expect(askHost(dataDir, "GET", "/status")).rejects.toThrow("No Roost is running on");
  });
});

describe("commands", () => {
  test("see the whole snapshot", async () => {
    await open();
    const answer: unknown = await (await askHost(dataDir, "GET", "/status")).json();
    expect(answer).toEqual(JSON.parse(JSON.stringify(control.snapshot())));
  });

  test("get the host's sentence when they work", async () => {
    await open();
    const answer: unknown = await (await askHost(dataDir, "POST", "/instances/insta/start")).json();
    expect(answer).toEqual({ message: "insta started." });
  });

  test("get the host's sentence as an error when they do not", async () => {
    const { errors } = await open();
    await expect(askHost(dataDir, "POST", "/instances/other/stop")).rejects.toThrow(
      "There is no instance other.",
    );
    await expect(askHost(dataDir, "POST", "/instances/..%2f/stop")).rejects.toThrow(
      "is not an instance's name",
    );
    await expect(askHost(dataDir, "POST", "/instances/insta/restart")).rejects.toThrow("boom");
    await expect(askHost(dataDir, "POST", "/nothing")).rejects.toThrow("no such command");
    await expect(askHost(dataDir, "GET", "/instances/insta/start")).rejects.toThrow("no such command");
    expect(errors).toEqual(["A command failed."]);
  });

  test("say that no host runs where there is no socket", async () => {
    await expect(askHost(dataDir, "GET", "/status")).rejects.toThrow(
      `No Roost is running on ${dataDir}. Start it with: roost serve --config FILE`,
    );
  });
});

describe("logs", () => {
  const messageOf = (line: string | undefined) => (line === undefined ? undefined : JSON.parse(line).message);

  test("come as lines of JSON, by instance", async () => {
    const { records } = await open();
    records.write("host");
    records.write("bot", "insta");
    const all = await Array.fromAsync(linesOf(await askHost(dataDir, "GET", "/logs")));
    const one = await Array.fromAsync(
      linesOf(await askHost(dataDir, "GET", "/logs?instance=insta&severity=info")),
    );
    expect(all.map(messageOf)).toEqual(["host", "bot"]);
    expect(one.map(messageOf)).toEqual(["bot"]);
  });

  test("refuse what they cannot filter by, saying what there is", async () => {
    await open();
    await expect(askHost(dataDir, "GET", "/logs?severity=loud")).rejects.toThrow(
      "DEBUG, INFO, WARN, ERROR, CRITICAL",
    );
    await expect(askHost(dataDir, "GET", "/logs?instance=..")).rejects.toThrow("is not an instance's name");
  });

  test("are followed until the reader leaves", async () => {
    const { records } = await open();
    records.write("before");
    const leaving = new AbortController();
    const lines = linesOf(await askHost(dataDir, "GET", "/logs?follow=1", leaving.signal));
    expect(messageOf((await lines.next()).value ?? undefined)).toBe("before");
    records.write("after");
    expect(messageOf((await lines.next()).value ?? undefined)).toBe("after");
    leaving.abort();
    await waitFor(() => records.followerCount === 0);
  });

  test("end when the host closes", async () => {
    const { server, records } = await open();
    const lines = linesOf(await askHost(dataDir, "GET", "/logs?follow=1"));
    const first = lines.next();
    await waitFor(() => records.followerCount === 1);
    await server.close();
    const ended = await first.then(
      ({ done }) => done,
      () => true,
    );
    expect(ended).toBe(true);
    await waitFor(() => records.followerCount === 0);
  });

  test("reach a reader late rather than not at all when it is slow", async () => {
    const { records } = await open();
    const leaving = new AbortController();
    const response = await askHost(dataDir, "GET", "/logs?follow=1", leaving.signal);
    await waitFor(() => records.followerCount === 1);
    for (let i = 0; i < 900; i++) records.write(`${i} ${"x".repeat(2000)}`);
    const lines = linesOf(response);
    for (let i = 0; i < 900; i++)
      expect(messageOf((await lines.next()).value ?? undefined)).toStartWith(`${i} `);
    leaving.abort();
  });

  test("are found by time, text and number, the newest or those after a known one", async () => {
    const { records } = await open();
    for (const message of ["one", "Two", "three", "four"]) records.write(message);
    const ask = async (query: string) =>
      (await Array.fromAsync(linesOf(await askHost(dataDir, "GET", `/logs?${query}`)))).map((line) =>
        JSON.parse(line),
      );
    const messages = async (query: string) => (await ask(query)).map(({ message }) => message);
    expect(await messages("limit=2")).toEqual(["three", "four"]);
    expect(await messages("text=T")).toEqual(["Two", "three"]);
    expect(await messages("since=1h&until=2020-01-01")).toEqual([]);
    const [, second] = await ask("");
    expect(await messages(`before=${second.id}`)).toEqual(["one"]);
    expect(await messages(`after=${second.id}&limit=1`)).toEqual(["three"]);
    const lines = linesOf(await askHost(dataDir, "GET", `/logs?follow=1&limit=1&after=${second.id}`));
    expect(messageOf((await lines.next()).value ?? undefined)).toBe("three");
    expect(messageOf((await lines.next()).value ?? undefined)).toBe("four");
    await lines.return(undefined);
  });

  test("refuse a time and a limit that are none", async () => {
    await open();
    for (const [query, sentence] of [
      ["since=yesterday", "since must be how long ago, such as 30m"],
      ["limit=0", "limit must be a whole number from 1 to 10000"],
      ["before=x", "before must be a whole number"],
      [`text=${"x".repeat(201)}`, "at most 200 characters"],
    ])
      expect(String(await refusalOf(askHost(dataDir, "GET", `/logs?${query}`)))).toContain(sentence ?? "");
  });
});
