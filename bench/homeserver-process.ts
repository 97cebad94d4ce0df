import { join } from "node:path";

/** Starts the do-nothing homeserver; it ends with its disposal. */
export async function startHomeserver(): Promise<{ url: string } & AsyncDisposable> {
  const homeserver = Bun.spawn([process.execPath, join(import.meta.dir, "homeserver.ts")], {
    stdout: "pipe",
  });
  const { value } = await homeserver.stdout.getReader().read();
  return {
    url: `http://127.0.0.1:${new TextDecoder().decode(value).trim()}`,
    async [Symbol.asyncDispose]() {
      homeserver.kill();
      await homeserver.exited;
    },
  };
}
