/** The real `mbc` of maubot 0.6.0 against a real host: the commands as a person types them. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { adminYaml, password } from "./doubles/api.ts";
import { until } from "./doubles/delivery.ts";
import { findMaubot } from "./doubles/maubot.ts";
import { needs } from "./doubles/needs.ts";
import { archiveOf, greeter } from "./doubles/plugin-archive.ts";
import { SandboxScene } from "./doubles/sandbox-scene.ts";

setDefaultTimeout(180_000);

const maubot = await findMaubot();

needs("maubot's mbc", "lack" in maubot ? maubot.lack : undefined)("mbc", () => {
  let scene: SandboxScene;
  let transcript = "";

  beforeAll(async () => {
    scene = await SandboxScene.open({ dialect: "conduwuit" });
    scene.configure(`${adminYaml}accounts: { "@bot:sandbox": {} }\n`);
    scene.host.start();
    await scene.host.untilUp();
  });
  afterAll(async () => {
    if (process.env.ROOST_TRANSCRIPT) console.log(transcript);
    await scene[Symbol.asyncDispose]();
  });

  function spawn(...args: string[]) {
    const python = "python" in maubot ? maubot.python : "";
    return Bun.spawn([python, "-m", "maubot.cli", ...args], {
      cwd: scene.folder,
      env: { HOME: scene.folder, XDG_CONFIG_HOME: scene.folder, PYTHONUNBUFFERED: "1" },
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
  }

  /** What it printed, without colours. */
  async function mbc(...args: string[]): Promise<string> {
    const child = spawn(...args);
    const [out, err] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
    ]);
    await child.exited;
    return note(args, out + err);
  }

  function note(args: readonly string[], printed: string): string {
    const text = Bun.stripANSI(printed);
    transcript += `$ mbc ${args.join(" ")}\n${text}`;
    return text;
  }

  test("logs in, and is told when the password is wrong", async () => {
    const server = `http://127.0.0.1:${scene.host.port}`;
    expect(await mbc("login", "-s", server, "-u", "admin", "-p", "not this one", "-a", "here")).toContain(
      "wrong",
    );
    expect(await mbc("login", "-s", server, "-u", "admin", "-p", password, "-a", "here")).toContain(
      "Logged in successfully",
    );
  });

  test("uploads an archive, builds and uploads a folder, and is told why one is refused", async () => {
    writeFileSync(join(scene.folder, "greeter.mbp"), archiveOf(greeter));
    expect(await mbc("upload", "greeter.mbp")).toContain("org.example.greeter v1.2.0 uploaded to");
    for (const [name, text] of Object.entries(greeter)) {
      const file = join(scene.folder, "source", name);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text);
    }
    expect(await mbc("build", "--upload", "source")).toContain("org.example.greeter v1.2.0 uploaded to");
    writeFileSync(join(scene.folder, "broken.mbp"), "no zip at all");
    expect(await mbc("upload", "broken.mbp")).toContain("Failed to upload plugin: ");
  });

  test("registers and logs in on the homeserver, for the caller or for a client", async () => {
    const auth = (...args: string[]) => mbc("auth", "-h", "sandbox", "-p", "a long one", ...args);
    expect(await mbc("auth", "--list")).toContain("* sandbox");
    expect(await auth("-u", "mine", "--register")).toMatch(
      /Successfully registered @mine:sandbox\.\nAccess token: \S+\nDevice ID: \S+/,
    );
    expect(await auth("-u", "mine")).toMatch(/Successfully logged in as @mine:sandbox\.\nAccess token: \S+/);
    expect(await auth("-u", "yours", "--register", "--update-client")).toContain(
      "Successfully created client for @yours:sandbox",
    );
    expect(await auth("-u", "yours", "--update-client")).toContain(
      "Successfully updated client for @yours:sandbox",
    );
    expect(await auth("-u", "yours", "--register")).toContain("Failed to register: ");
    expect(await auth("-u", "nobody")).toContain("Failed to log in: ");
  });

  test("shows the log as it grows", async () => {
    const child = spawn("logs", "-t", "3");
    let printed = "";
    const reading = (async () => {
      const decoder = new TextDecoder();
      for await (const part of child.stdout) printed += decoder.decode(part);
    })();
    await until("the log is connected", () => printed.includes("Connected to log websocket"), 20_000);
    await until("there is history", () => printed.split("\n").length > 3);
    const begin = printed.length;
    await mbc("auth", "-h", "sandbox", "-p", "a long one", "-u", "mine");
    await until("the new record comes", () => printed.slice(begin).includes("@mine:sandbox"));
    child.kill();
    await reading;
    expect(note(["logs", "-t", "3"], printed)).toMatch(/\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\] \[INFO@roost\] /);
  });
});
