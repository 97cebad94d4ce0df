import { lstatSync, rmSync } from "node:fs";
import { type Context, type Handler, Hono } from "hono";
import type { BackupControl } from "../core/backup.ts";
import { RoostError, sentenceOf } from "../core/error.ts";
import { asInstanceId, type InstanceId } from "../core/id.ts";
import type { Logger } from "../core/log.ts";
import type { Actor, Management } from "../core/management.ts";
import type { RecordSource } from "../core/record.ts";
import type { HostControl, HostSnapshot } from "../core/status.ts";
import { controlSocketPath, isHostThere } from "./control-client.ts";
import { parseRecordQuery, streamRecords } from "./log-stream.ts";
import { statusOf } from "./refusal.ts";
import { pluginUploadLimits, receiveUpload } from "./upload.ts";

export interface ControlServerOptions {
  readonly dataDir: string;
  readonly control: HostControl;
  readonly backups: BackupControl;
  readonly plugins: Pick<Management, "addPlugin" | "lookForMissing">;
  readonly records: RecordSource;
  readonly log: Logger;
}

/**
 * How the command line on this machine reaches the running host: HTTP over a socket in the data folder that only the folder's
 * owner may open, so that it needs no password. Errors answer `{ errcode, error }`, errcode being RoostError's code.
 */
export class ControlServer {
  readonly #options: ControlServerOptions;
  #server: Bun.Server<undefined> | undefined;

  constructor(options: ControlServerOptions) {
    this.#options = options;
  }

  /** Throws RoostError: `data-dir-in-use` when a host answers there already, `internal` when the socket cannot be made. */
  async open(): Promise<void> {
    const path = controlSocketPath(this.#options.dataDir);
    await this.#removeStale(path);
    // Bun makes the socket within this call, so no other file is made under this mask.
    const umask = process.umask(0o177);
    try {
      const app = controlRoutes(this.#options);
      this.#server = Bun.serve({
        unix: path,
        fetch: (request, server) => {
          // A followed log may be silent for hours, and stopping a bot takes as long as it takes.
          server.timeout(request, 0);
          return app.fetch(request);
        },
        maxRequestBodySize: pluginUploadLimits.sizeBytes,
        development: false,
      });
    } catch (error) {
      throw new RoostError(
        "internal",
        `The control socket ${path} cannot be made: ${sentenceOf(error)}. Its path may have at most 107 characters; choose a shorter data_dir if it has more.`,
        { cause: error },
      );
    } finally {
      process.umask(umask);
    }
  }

  async close(): Promise<void> {
    await this.#server?.stop(true);
    this.#server = undefined;
  }

  async #removeStale(path: string): Promise<void> {
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (found === undefined) return;
    if (!found.isSocket())
      throw new RoostError("internal", `${path} is in the way and is not a socket. Remove it.`);
    if (await isHostThere(this.#options.dataDir)) {
      throw new RoostError("data-dir-in-use", `Another Roost already runs on ${this.#options.dataDir}.`);
    }
    rmSync(path, { force: true });
  }
}

/** Whoever may open the socket is the owner of the data folder. */
const owner: Actor = { name: "the data folder's owner", via: "command line" };

function controlRoutes({ control, backups, plugins, records, log }: ControlServerOptions): Hono {
  const app = new Hono();
  app.get("/status", (context) => context.json(control.snapshot()));
  app.post(
    "/instances/:id/start",
    act((id) => control.start(id, owner)),
  );
  app.post(
    "/instances/:id/stop",
    act((id) => control.stop(id, owner)),
  );
  app.post(
    "/instances/:id/restart",
    act((id) => control.restart(id, owner)),
  );
  app.post("/backups", async (context) => context.json(await backups.backUp()));
  app.post("/restore", async (context) => {
    const { what = "", from, empty } = context.req.query();
    return context.json(await backups.restore({ what, from, empty: empty === "1" }));
  });
  app.post("/plugins", async (context) => {
    await using upload = await receiveUpload(context.req.raw, pluginUploadLimits);
    const how = { replace: true, agree: context.req.query("agree") === "1" };
    return context.json(await plugins.addPlugin(upload.file, how, owner));
  });
  app.post("/plugins/missing", async (context) => context.json(await plugins.lookForMissing()));
  app.get("/logs", (context) => {
    const query = parseRecordQuery(new URL(context.req.url).searchParams, Date.now());
    if (query.instance && !isKnown(control.snapshot(), query.instance))
      throw new RoostError(
        "not-found",
        `There is no instance ${query.instance}. See which there are with: roost status`,
      );
    return streamRecords(records, query, context.req.query("follow") === "1");
  });
  app.notFound((context) => refuse(context, new RoostError("not-found", "The host has no such command.")));
  app.onError((error, context) => {
    if (!(error instanceof RoostError)) log.error("A command failed.", { path: context.req.path }, error);
    return refuse(context, error);
  });
  return app;
}

function isKnown({ instances }: HostSnapshot, id: InstanceId): boolean {
  return instances.some((instance) => instance.id === id);
}

function act(perform: (id: InstanceId) => Promise<string>): Handler {
  return async (context) => {
    const name = context.req.param("id") ?? "";
    const id = asInstanceId(name);
    if (id === undefined)
      throw new RoostError("bad-request", `${JSON.stringify(name)} is not an instance's name.`);
    return context.json({ message: await perform(id) });
  };
}

function refuse(context: Context, error: Error): Response {
  const errcode = error instanceof RoostError ? error.code : "internal";
  return context.json({ errcode, error: sentenceOf(error) }, statusOf(error));
}
