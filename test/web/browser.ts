import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isObject } from "../../src/core/json.ts";

/** Where a Chromium is on this machine; undefined where there is none. */
export function findBrowser(): string | undefined {
  return (
    ["chromium", "chromium-browser", "google-chrome"]
      .map((name) => Bun.which(name))
      .find((path) => path !== null) ?? undefined
  );
}

/** One page in a headless Chromium, driven through its DevTools protocol. */
export class Browser {
  /** Complaints of the page: uncaught errors and what its policy blocked. */
  readonly complaints: string[] = [];
  readonly #profile = mkdtempSync(join(tmpdir(), "roost-browser-"));
  readonly #answers = new Map<number, (answer: unknown) => void>();
  readonly #chromium: Bun.Subprocess<"ignore", "ignore", "pipe">;
  #socket: WebSocket | undefined;
  #lastId = 0;

  constructor(path: string) {
    const flags = ["--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0"];
    this.#chromium = Bun.spawn([path, ...flags, `--user-data-dir=${this.#profile}`, "about:blank"], {
      stdin: "ignore",
      stdout: "ignore",
      stderr: "pipe",
    });
  }

  async open(url: string): Promise<void> {
    const port = await this.#debuggingPort();
    const tabs: unknown = await (await fetch(`http://127.0.0.1:${port}/json`)).json();
    const tab: unknown = Array.isArray(tabs)
      ? tabs.find((found) => isObject(found) && found.type === "page")
      : undefined;
    if (!isObject(tab)) throw new Error("The browser has no page.");
    const socket = new WebSocket(String(tab.webSocketDebuggerUrl));
    this.#socket = socket;
    await new Promise((resolve) => socket.addEventListener("open", resolve, { once: true }));
    socket.addEventListener("message", ({ data }) => this.#take(JSON.parse(String(data))));
    for (const domain of ["Page", "Runtime", "Log"]) await this.#command(`${domain}.enable`, {});
    await this.#command("Page.navigate", { url });
  }

  /** The value of a JavaScript expression in the page. */
  async evaluate(expression: string): Promise<unknown> {
    const answer = await this.#command("Runtime.evaluate", { expression, returnByValue: true });
    return isObject(answer) && isObject(answer.result) ? answer.result.value : undefined;
  }

  async close(): Promise<void> {
    this.#socket?.close();
    this.#chromium.kill("SIGKILL");
    await this.#chromium.exited;
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 5 });
  }

  async #debuggingPort(): Promise<string> {
    let said = "";
    for await (const chunk of this.#chromium.stderr) {
      said += new TextDecoder().decode(chunk);
      const port = /listening on ws:\/\/127\.0\.0\.1:(\d+)\//.exec(said)?.[1];
      if (port !== undefined) return port;
    }
    throw new Error(`The browser did not start: ${said}`);
  }

  #command(method: string, params: object): Promise<unknown> {
    const id = ++this.#lastId;
    return new Promise((resolve) => {
      this.#answers.set(id, resolve);
      this.#socket?.send(JSON.stringify({ id, method, params }));
    });
  }

  #take(message: unknown): void {
    if (!isObject(message)) return;
    if (typeof message.id === "number") this.#answers.get(message.id)?.(message.result);
    const text = JSON.stringify(message.params);
    if (message.method === "Runtime.exceptionThrown") this.complaints.push(text);
    if (message.method === "Log.entryAdded" && !text.includes("ERR_CONNECTION_REFUSED"))
      this.complaints.push(text);
  }
}
