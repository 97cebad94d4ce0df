/** What befalls a database of a real host: said plainly, mended by one command or by itself, nothing lost and nothing doubled. */
import { Database } from "bun:sqlite";
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { spawnSync } from "node:child_process";
import {
  closeSync,
  copyFileSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { ReplayedInstagram } from "../src/sandbox/instagram.ts";
import { until } from "./doubles/delivery.ts";
import { lackOfMounts, needs } from "./doubles/needs.ts";
import { SandboxScene } from "./doubles/sandbox-scene.ts";

const bot = "@bot:sandbox";
const garbage = "not a database at all ".repeat(1000);
setDefaultTimeout(60_000);

/** A host with an Instagram bot, whose database is in use, and an echo bot that nothing is to happen to. */
class Scene extends SandboxScene {
  readonly room = this.ada.createRoom({ public: true });
  readonly #instagram = new ReplayedInstagram();

  async start(): Promise<void> {
    this.#instagram.open();
    const common = `account: "${bot}", rooms: ["${this.room}"]`;
    this.configure(`accounts: { "${bot}": {} }
instances:
  insta: { plugin: instagram, ${common}, config: { origin: "${this.#instagram.origin}", budget: { burst: 50, seconds: 1 } } }
  echo: { plugin: echo, ${common} }
`);
    this.host.start();
    await this.running();
    await this.joined(this.room);
  }

  async running(): Promise<void> {
    for (const id of ["insta", "echo"]) await this.host.untilInstance(id, "running");
  }

  get database(): string {
    return join(this.host.dataDir, "instances/insta/data.db");
  }

  get hostDatabase(): string {
    return join(this.host.dataDir, "host/roost.db");
  }

  #answersTo(asked: string): number {
    return this.homeserver
      .timeline(this.room)
      .filter(({ sender, content }) => sender === bot && JSON.stringify(content).includes(asked)).length;
  }

  /** Posts a link; the answer quotes nothing of it, so it is known by the event it replies to. */
  link(shortcode = "DRoostPic01"): string {
    return this.ada.say(this.room, `https://www.instagram.com/p/${shortcode}/`);
  }

  async answersOnce(asked: string): Promise<void> {
    await until(`${asked} is answered`, () => this.#answersTo(asked) > 0, 20_000);
    expect(this.#answersTo(asked)).toBe(1);
  }

  /** For a post that takes several messages to show. */
  async answersInFull(asked: string): Promise<void> {
    await until(`${asked} is answered`, () => this.#answersTo(asked) > 0, 20_000);
  }

  async echoes(text: string): Promise<void> {
    this.ada.say(this.room, `!echo ${text}`);
    await until(`${text} is said`, () => this.replies(this.room).includes(text), 20_000);
    expect(this.replies(this.room).filter((reply) => reply === text).length).toBe(1);
  }

  async command(...args: string[]): Promise<string> {
    const { code, out, err } = await this.host.command(...args);
    expect([code, err]).toEqual([0, ""]);
    return out;
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    await super[Symbol.asyncDispose]();
    await this.#instagram.close();
  }
}

function rowsOf(file: string): number {
  const db = new Database(file, { readonly: true });
  try {
    return db.query<{ rows: number }, []>("SELECT count(*) AS rows FROM answers").get()?.rows ?? 0;
  } finally {
    db.close();
  }
}

describe("an instance's database", () => {
  for (const [what, harm] of [
    ["deleted", (file: string) => rmSync(file)],
    [
      "damaged",
      (file: string) => {
        writeFileSync(`${file}.other`, garbage);
        renameSync(`${file}.other`, file);
      },
    ],
    [
      "emptied by another in its place",
      (file: string) => {
        writeFileSync(`${file}.other`, "");
        renameSync(`${file}.other`, file);
      },
    ],
  ] as const) {
    test.concurrent(`${what} under a running instance waits for roost restore, while the others go on`, async () => {
      await using scene = await Scene.open();
      await scene.start();
      await scene.answersOnce(scene.link());
      await scene.command("backup");
      const rows = rowsOf(scene.database);
      harm(scene.database);
      await scene.host.untilInstance("insta", "failed");
      expect((await scene.host.health("/healthz/insta")).body).toContain("roost restore insta");
      await until("it is logged", () => scene.host.output.includes('"CRITICAL"'));
      const asked = scene.link("DRoostMov02");
      await scene.echoes("not harmed");
      expect((await scene.host.command("restart", "insta")).code).toBe(1);
      if (what === "deleted") expect(existsSync(scene.database)).toBe(false);
      expect(await scene.command("restore", "insta")).toMatch(/was restored from the backup .*0 min ago/);
      await scene.running();
      await scene.answersOnce(asked);
      expect(rowsOf(scene.database)).toBeGreaterThanOrEqual(rows);
    });
  }

  for (const [what, fromByte] of [
    ["overwritten from its first byte", 0],
    ["written to in its middle", 4096],
  ] as const) {
    test.concurrent(`${what} by another program is found damaged, though SQLite reads on from its cache`, async () => {
      await using scene = await Scene.open();
      await scene.start();
      await scene.answersOnce(scene.link());
      await scene.command("backup");
      // Folds the log into the file: what only the file holds is what can be lost.
      await scene.host.stop();
      scene.host.start();
      await scene.running();
      const handle = openSync(scene.database, "r+");
      writeSync(handle, garbage.slice(0, fstatSync(handle).size - fromByte), fromByte);
      closeSync(handle);
      await scene.host.untilInstance("insta", "failed");
      expect((await scene.host.health("/healthz/insta")).body).toContain("roost restore insta");
      const asked = scene.link("DRoostMov02");
      await scene.echoes("not harmed");
      await scene.command("restore", "insta");
      await scene.running();
      await scene.answersOnce(asked);
    });
  }

  test.concurrent("moved away and put back is in use again by itself", async () => {
    await using scene = await Scene.open();
    await scene.start();
    renameSync(scene.database, `${scene.database}.away`);
    await scene.host.untilInstance("insta", "failed");
    const asked = scene.link();
    renameSync(`${scene.database}.away`, scene.database);
    await scene.host.untilInstance("insta", "running");
    await scene.answersOnce(asked);
  });

  test.concurrent("lost while the host was down is not begun anew, unless somebody says so", async () => {
    await using scene = await Scene.open();
    await scene.start();
    await scene.host.stop();
    rmSync(scene.database);
    scene.host.start();
    await scene.host.untilInstance("insta", "failed");
    expect(existsSync(scene.database)).toBe(false);
    const { code, err } = await scene.host.command("restore", "insta");
    expect([code, err]).toEqual([1, expect.stringContaining("roost restore insta --empty")]);
    await scene.command("restore", "insta", "--empty");
    await scene.host.untilInstance("insta", "running");
    await scene.answersOnce(scene.link());
  });

  test.concurrent("locked by somebody else, at the start and later, is waited for", async () => {
    await using scene = await Scene.open();
    await scene.start();
    const other = new Database(scene.database);
    other.run("BEGIN IMMEDIATE");
    const first = scene.link();
    await scene.host.untilInstance("insta", "waiting");
    expect((await scene.host.health("/healthz/insta")).body).toContain("Another program has locked it");
    await scene.echoes("not harmed");
    await scene.host.stop();
    scene.host.start();
    await scene.host.untilInstance("insta", "waiting");
    other.run("ROLLBACK");
    other.close();
    await scene.running();
    await scene.answersOnce(first);
  });
});

describe("the host's database", () => {
  test.concurrent("moved away under the host stops everything until it is back, and loses nothing", async () => {
    await using scene = await Scene.open();
    await scene.start();
    renameSync(scene.hostDatabase, `${scene.hostDatabase}.away`);
    const asked = scene.link();
    await until("it is said", async () => (await scene.host.health()).body.includes("roost.db is gone"));
    await until("it is logged", () => /"CRITICAL".*roost\.db is gone/.test(scene.host.output));
    renameSync(`${scene.hostDatabase}.away`, scene.hostDatabase);
    await scene.answersOnce(asked);
    await scene.running();
    await until("health is well", async () => (await scene.host.health()).status === 200);
  });

  test.concurrent("moved away with the whole data folder, too", async () => {
    await using scene = await Scene.open();
    await scene.start();
    renameSync(scene.host.dataDir, `${scene.host.dataDir}.away`);
    await until("it is logged", () => /"CRITICAL".*roost\.db is gone/.test(scene.host.output));
    const asked = scene.link();
    rmSync(scene.host.dataDir, { recursive: true, force: true });
    renameSync(`${scene.host.dataDir}.away`, scene.host.dataDir);
    await scene.running();
    await scene.answersOnce(asked);
  });

  test.concurrent("restored on the running host answers what comes, and repeats nothing", async () => {
    await using scene = await Scene.open();
    await scene.start();
    const before = scene.link();
    await scene.answersOnce(before);
    await scene.command("backup");
    const after = scene.link("DRoostMov02");
    await scene.answersOnce(after);
    expect(await scene.command("restore", "host")).toContain("host was restored from the backup");
    await scene.running();
    const later = scene.link("DRoostSet03");
    await scene.echoes("and on");
    for (const asked of [before, after]) await scene.answersOnce(asked);
    await until("it is answered", () =>
      JSON.stringify(scene.homeserver.timeline(scene.room)).includes(later),
    );
    expect(readdirSync(join(scene.host.dataDir, "host")).some((name) => name.includes(".replaced-"))).toBe(
      true,
    );
  });

  for (const [what, harm] of [
    ["damaged", (file: string) => writeFileSync(file, garbage)],
    ["deleted", (file: string) => rmSync(file)],
  ] as const) {
    test.concurrent(`${what} while the host was down comes back from the newest backup, with a CRITICAL`, async () => {
      await using scene = await Scene.open();
      await scene.start();
      await scene.command("stop", "echo");
      const asked = scene.link();
      await scene.answersOnce(asked);
      const made = JSON.parse(await scene.command("backup", "--json"));
      expect(made.databases).toEqual(["host", "echo", "insta"]);
      await scene.host.stop();
      harm(scene.hostDatabase);
      scene.host.start();
      await scene.host.untilInstance("insta", "running");
      await scene.host.untilInstance("echo", "stopped");
      expect(scene.host.output).toMatch(/"CRITICAL".*was restored from the backup/);
      await scene.answersOnce(asked);
      await scene.answersOnce(scene.link("DRoostMov02"));
      expect(scene.homeserver.devices(bot).length).toBe(1);
    });
  }
});

test.concurrent("roost backup and restore work without a host too, and refuse what is damaged before touching anything", async () => {
  await using scene = await Scene.open();
  await scene.start();
  await scene.answersOnce(scene.link());
  await scene.host.stop();
  const { folder, name } = JSON.parse(await scene.command("backup", "--json"));
  expect(await scene.command("backup", "list")).toContain(name);
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  for (const file of readdirSync(join(folder, "credentials")))
    expect(statSync(join(folder, "credentials", file)).mode & 0o777).toBe(0o600);
  const rows = rowsOf(scene.database);
  const bytes = readFileSync(scene.database);
  rmSync(scene.database);
  await scene.command("restore", "all", "--from", name);
  expect(rowsOf(scene.database)).toBe(rows);
  copyFileSync(scene.host.configFile, join(folder, "instances/insta/data.db"));
  const refused = await scene.host.command("restore", "insta");
  expect([refused.code, refused.out]).toEqual([1, ""]);
  expect(refused.err).toContain("Nothing was changed");
  expect(rowsOf(scene.database)).toBe(rows);
  expect(bytes.length).toBeGreaterThan(0);
  expect((await scene.host.command("restore", "nobody")).err).toContain(
    "No backup holds a database of nobody",
  );
});

needs("a disk of its own", lackOfMounts())("a mount", () => {
  test("that turns read-only under an instance is waited for", async () => {
    await using scene = await Scene.open();
    await scene.start();
    await scene.answersOnce(scene.link());
    const rows = rowsOf(scene.database);
    const folder = join(scene.host.dataDir, "instances/insta");
    expect(spawnSync("mount", ["--bind", folder, folder]).status).toBe(0);
    try {
      expect(spawnSync("mount", ["-o", "remount,ro,bind", folder]).status).toBe(0);
      await scene.host.untilInstance("insta", "waiting");
      expect((await scene.host.health("/healthz/insta")).body).toContain("cannot be written");
      const asked = scene.link("DRoostMov02");
      await scene.echoes("not harmed");
      expect(rowsOf(scene.database)).toBe(rows);
      expect(spawnSync("umount", [folder]).status).toBe(0);
      await scene.host.untilInstance("insta", "running");
      await scene.answersOnce(asked);
    } finally {
      spawnSync("umount", [folder]);
    }
  });

  test("that is full under an instance, or read-only under the host, is waited for", async () => {
    await using scene = await Scene.open();
    const instanceFolder = join(scene.host.dataDir, "instances/insta");
    const hostFolder = join(scene.host.dataDir, "host");
    for (const folder of [instanceFolder, hostFolder]) mkdirSync(folder, { recursive: true });
    try {
      expect(spawnSync("mount", ["-t", "tmpfs", "-o", "size=2m", "tmpfs", instanceFolder]).status).toBe(0);
      await scene.start();
      await scene.answersOnce(scene.link());
      const filler = join(instanceFolder, "filler");
      spawnSync("dd", ["if=/dev/zero", `of=${filler}`, "bs=1k"]);
      // The log has some room in what it already takes up: one of these finds none any more.
      const asked = ["DRoostSet03", "DRoostMov02", "DRoostLim07"].map((shortcode) => scene.link(shortcode));
      await scene.host.command("restart", "insta");
      await scene.host.untilInstance("insta", "waiting");
      expect((await scene.host.health("/healthz/insta")).body).toContain("Free some disk space");
      await scene.echoes("not harmed");
      rmSync(filler);
      await scene.running();
      for (const each of asked) await scene.answersInFull(each);

      expect(spawnSync("mount", ["--bind", hostFolder, hostFolder]).status).toBe(0);
      expect(spawnSync("mount", ["-o", "remount,ro,bind", hostFolder]).status).toBe(0);
      await until("it is said", async () => (await scene.host.health()).body.includes("cannot be written"));
      const later = scene.link();
      expect(spawnSync("umount", [hostFolder]).status).toBe(0);
      await scene.answersOnce(later);
      await scene.running();
    } finally {
      spawnSync("umount", [hostFolder]);
      await scene.host.kill();
      spawnSync("umount", [instanceFolder]);
    }
  });
});
