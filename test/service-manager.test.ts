import { afterEach, beforeEach, expect, test } from "bun:test";
import { ServiceManager } from "../src/host/service-manager.ts";
import { LogRouter } from "../src/log/router.ts";
import { until } from "./doubles/delivery.ts";
import { temporaryFolder } from "./doubles/folder.ts";
import { findProgram, needs } from "./doubles/needs.ts";
import { NotifyListener } from "./doubles/notify-listener.ts";
import { SandboxScene } from "./doubles/sandbox-scene.ts";
import { instance, nowMs, snapshot, states } from "./web/snapshot.ts";

const python = findProgram("python3");
const lack = python ? undefined : ({ of: "package", why: "apt-get install python3" } as const);

needs("Python, for a datagram socket", lack)("a unit of Type=notify", () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let listener: NotifyListener;
  let scene: SandboxScene;

  beforeEach(async () => {
    folder = temporaryFolder();
    listener = new NotifyListener(folder.path, python ?? "");
    await listener.open();
  });
  afterEach(async () => {
    await scene[Symbol.asyncDispose]();
    listener.close();
    folder[Symbol.dispose]();
  });

  async function start(env: Record<string, string>): Promise<void> {
    scene = await SandboxScene.open({ env });
    const room = scene.ada.createRoom({ public: true });
    const account = '"@bot:sandbox"';
    scene.configure(
      `accounts: { ${account}: {} }\ninstances: { echo: { plugin: echo, account: ${account}, rooms: ["${room}"] } }\n`,
    );
    scene.host.start();
  }
  const heard = (text: string) =>
    until(`systemd hears ${text}`, () => listener.messages.some((message) => message.includes(text)));

  test("is ready once the page answers, gives signs of life, says in one line what runs, and that it stops", async () => {
    await start({ NOTIFY_SOCKET: listener.path, WATCHDOG_USEC: "400000" });
    await heard("READY=1 | STATUS=");
    expect((await fetch(`http://127.0.0.1:${scene.host.port}/livez`)).status).toBe(200);
    await heard("WATCHDOG=1");
    await until("the status line follows", () =>
      listener.messages.includes("STATUS=1/1 instances running, 1/1 accounts syncing"),
    );
    await scene.host.stop();
    await heard("STOPPING=1");
    expect(scene.host.output).toContain("Roost is stopping.");
  });

  test("with a watchdog for another process gets no sign of life", async () => {
    await start({ NOTIFY_SOCKET: listener.path, WATCHDOG_USEC: "40000", WATCHDOG_PID: "1" });
    await heard("STATUS=1/1 instances running");
    expect(listener.messages).not.toContain("WATCHDOG=1");
  });

  test("gets no sign of life from a main loop that stands still", async () => {
    await start({ NOTIFY_SOCKET: listener.path, WATCHDOG_USEC: "400000", ROOST_DEBUG_STALL: "1" });
    await heard("WATCHDOG=1");
    process.kill(scene.host.pid, "SIGUSR2");
    await Bun.sleep(300);
    const count = listener.messages.length;
    await Bun.sleep(500);
    expect(listener.messages.length).toBe(count);
  });

  test("whose socket cannot be used ends at once, saying what to change", async () => {
    await start({ NOTIFY_SOCKET: `/${"x".repeat(200)}` });
    await until("it says so", () =>
      scene.host.output.includes("Use Type=exec and no WatchdogSec= in the unit"),
    );
  });
});

needs("Python, for a datagram socket", lack)("a supervisor that leaves undone what is long due", () => {
  test("costs the sign of life, and the log says for which bot", async () => {
    using folder = temporaryFolder();
    const listener = new NotifyListener(folder.path, python ?? "");
    await listener.open();
    const router = new LogRouter();
    const said: string[] = [];
    router.addSink(({ message }) => void said.push(message), "ERROR");
    let now = nowMs;
    const manager = new ServiceManager({
      env: { NOTIFY_SOCKET: listener.path, WATCHDOG_USEC: "40000" },
      log: router.logger(),
      snapshot: () => snapshot([instance("rss", states.backoff)], { nowMs: now }),
    });
    manager.open();
    await until("it gives signs of life", () => listener.messages.includes("WATCHDOG=1"));
    now += 60_000;
    await until("it says so", () => said.some((line) => line.includes("what is due for rss was not done")));
    const count = listener.messages.length;
    await Bun.sleep(200);
    expect(listener.messages.length).toBe(count);
    manager.close();
    listener.close();
  });
});
