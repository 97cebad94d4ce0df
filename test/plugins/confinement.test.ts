import { expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { type Confinement, confinedCommand } from "../../src/plugins/confinement/confinement.ts";
import { landlockVersion } from "../../src/plugins/confinement/landlock.ts";
import { roles } from "../../src/roles.ts";
import { temporaryFolder } from "../doubles/folder.ts";
import { needs } from "../doubles/needs.ts";

const main = join(import.meta.dir, "../../src/main.ts");
const landlock = landlockVersion();
const describeConfined = needs(
  "Landlock",
  landlock > 0 ? undefined : { of: "kernel", why: "it is in Linux 5.13 and newer, where it is switched on" },
);

/** Runs `probe` confined to a folder of its own, beside one that holds what it must not see; answers what it printed as JSON. */
async function probe(code: string, rules: Partial<Confinement> = {}) {
  using folder = temporaryFolder();
  const own = join(folder.path, "own");
  const secret = join(folder.path, "secret.json");
  const program = join(folder.path, "program");
  mkdirSync(own);
  mkdirSync(program);
  writeFileSync(secret, "a token", { mode: 0o640 });
  await using socket = createServer().listen(join(folder.path, "control.sock"));
  await once(socket, "listening");
  writeFileSync(
    join(program, "probe.ts"),
    `import * as fs from "node:fs"; import * as net from "node:net"; import { spawnSync } from "node:child_process";
const secret = ${JSON.stringify(secret)}; const folder = ${JSON.stringify(folder.path)};
const attempt = async (work) => { try { return (await work()) ?? "done"; } catch (error) { return "refused " + (error.code ?? error.name); } };
const connect = (where) => new Promise((resolve, reject) => net.connect(where).once("connect", () => resolve("connected")).once("error", reject));
console.log(JSON.stringify(await (async () => { ${code} })())); process.exit(0);`,
  );
  const confinement: Confinement = {
    readWrite: [own],
    readOnly: [program],
    network: false,
    host: process.pid,
    ...rules,
  };
  const command = confinedCommand([process.execPath, main, roles.confine], confinement, [
    process.execPath,
    join(program, "probe.ts"),
  ]);
  const child = spawn(command[0], command.slice(1), { cwd: own, env: {}, stdio: ["ignore", "pipe", "pipe"] });
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
  expect(err).toBe("");
  return {
    answer: JSON.parse(out),
    secretMode: statSync(secret).mode & 0o777,
    secret: readFileSync(secret, "utf8"),
  };
}

describeConfined("a confined process", () => {
  test("reads its own folder and the system's libraries, and nothing else, by no way in", async () => {
    const { answer } = await probe(`return {
      own: await attempt(() => { fs.writeFileSync("a.txt", "mine"); return fs.readFileSync("a.txt", "utf8"); }),
      library: await attempt(() => fs.readdirSync("/usr").length > 0),
      sync: await attempt(() => fs.readFileSync(secret, "utf8")),
      promise: await attempt(() => fs.promises.readFile(secret, "utf8")),
      bun: await attempt(() => Bun.file(secret).text()),
      list: await attempt(() => fs.readdirSync(folder).length),
      link: await attempt(() => fs.symlinkSync(secret, "link")),
      hardLink: await attempt(() => fs.linkSync(secret, "link")),
      passwords: await attempt(() => fs.readFileSync("/etc/shadow", "utf8")),
      parent: await attempt(() => fs.readFileSync("/proc/" + process.ppid + "/environ", "utf8")),
      write: await attempt(() => fs.writeFileSync(secret, "changed")),
      remove: await attempt(() => fs.rmSync(secret)),
      truncate: await attempt(() => fs.truncateSync(secret, 0)),
      device: await attempt(() => fs.readdirSync("/dev").length),
    };`);
    const { own, library, ...others } = answer;
    expect([own, library]).toEqual(["mine", true]);
    for (const [way, outcome] of Object.entries(others))
      expect(`${way} ${outcome}`).toMatch(/refused (EACCES|EPERM|EXDEV)$/);
  });

  test("cannot change whose a file outside is, or who may read it", async () => {
    const { secretMode, secret } = await probe(
      "fs.chmodSync(secret, 0o777); fs.chownSync(secret, 1, 1); return 0;",
    );
    expect([secretMode, secret]).toEqual([0o640, "a token"]);
  });

  test("has no environment but its own", async () => {
    expect(
      (await probe("return Object.entries(process.env).filter(([, value]) => value !== undefined);")).answer,
    ).toEqual([]);
  });

  test("opens no connection, not to the host's control socket either, starts no program and signals nobody", async () => {
    const { answer } = await probe(`return {
      tcp: await attempt(() => connect({ port: 9, host: "127.0.0.1" })),
      listen: await attempt(() => Bun.serve({ port: 0, fetch: () => new Response() }).port),
      unix: await attempt(() => connect({ path: folder + "/control.sock" })),
      start: await attempt(() => { const { error } = spawnSync("/bin/true"); if (error) throw error; }),
      kill: await attempt(() => process.kill(process.ppid, 0)),
    };`);
    for (const [way, outcome] of Object.entries(answer)) expect(`${way} ${outcome}`).toContain("refused");
  });

  test("with the network opens connections, though never to a local socket, and listens nowhere", async () => {
    const { answer } = await probe(
      `return {
        tcp: await attempt(() => connect({ port: 9, host: "127.0.0.1" })),
        listen: await attempt(() => Bun.serve({ port: 0, fetch: () => new Response() }).port),
        unix: await attempt(() => connect({ path: folder + "/control.sock" })),
      };`,
      { network: true },
    );
    expect(answer.tcp).toBe("refused ECONNREFUSED");
    expect(answer.listen).toContain("refused");
    expect(answer.unix).toContain("refused");
  });

  test("with threads, timers and a database runs as any other", async () => {
    const { answer } = await probe(`
      const { Database } = await import("bun:sqlite");
      const db = new Database("data.db"); db.run("PRAGMA journal_mode = WAL"); db.run("CREATE TABLE t (x)"); db.run("INSERT INTO t VALUES (7)");
      const worker = new Worker(URL.createObjectURL(new Blob(["postMessage(5)"])));
      const told = await new Promise((resolve) => { worker.onmessage = ({ data }) => resolve(data); });
      return [told, db.query("SELECT x FROM t").all()];`);
    expect(answer).toEqual([5, [{ x: 7 }]]);
  });
});

test("a process that cannot be confined does not run", async () => {
  const command = confinedCommand(
    [process.execPath, main, roles.confine],
    { readWrite: ["/nowhere/at/all"], readOnly: [], network: false, host: process.pid },
    ["/bin/echo", "ran"],
  );
  const { stdout, stderr, exitCode } = Bun.spawnSync(command, { env: {} });
  if (landlock > 0) {
    expect([stdout.toString(), exitCode]).toEqual(["", 1]);
    expect(stderr.toString()).toContain("could not be confined");
  } else expect(exitCode).toBe(0);
});
