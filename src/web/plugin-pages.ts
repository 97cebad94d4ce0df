import type { Context, Handler } from "hono";
import { bodyLimit } from "hono/body-limit";
import { RoostError } from "../core/error.ts";
import { asInstanceId, type InstanceId } from "../core/id.ts";
import { type WebAnswer, type WebRequest, webRoot } from "../core/web-request.ts";
import { statusOf } from "./refusal.ts";

/** Hands a request to an instance's plugin. Rejects with a RoostError: `not-found` when there is no such instance that runs. */
export type AskPlugin = (id: InstanceId, request: WebRequest) => Promise<WebAnswer>;

const largestBodyBytes = 10 * 1024 * 1024;

/**
 * A plugin's page is no part of ours: it may run its own scripts, but in an origin of its own, from which neither the management
 * page nor its session can be reached.
 */
const pluginPolicy = "sandbox allow-scripts allow-forms allow-popups allow-downloads";

/** About this connection and not the next one, or ours to say. */
const keptBack: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "transfer-encoding",
  "content-length",
  "content-encoding",
  "upgrade",
  "cookie",
  "set-cookie",
  "content-security-policy",
]);

/** Whether the path is below the plugins' pages: the only ones that are answered under `server.public_url`. */
export function isPluginPage(path: string): boolean {
  return path.startsWith(`${webRoot}/`);
}

/** Bounds what comes in. */
export const limitPluginBody = bodyLimit({
  maxSize: largestBodyBytes,
  onError: (context) => context.text("A request to a plugin may be no larger than 10 MB.\n", 413),
});

/** Answers a request to `/_matrix/maubot/plugin/ID/...` by what the plugin says. */
export function answerByPlugin(ask: AskPlugin): Handler {
  return async (context) => {
    const id = asInstanceId(context.req.param("id") ?? "");
    if (id === undefined) return context.text("There is nothing here.\n", 404);
    try {
      return toResponse(await ask(id, await readRequest(context, id)));
    } catch (error) {
      if (!(error instanceof RoostError)) throw error;
      return context.text(`${error.message}\n`, statusOf(error));
    }
  };
}

async function readRequest(context: Context, id: InstanceId): Promise<WebRequest> {
  const { pathname, search } = new URL(context.req.url);
  const headers = Object.entries(context.req.header()).filter(([name]) => !keptBack.has(name.toLowerCase()));
  return {
    method: context.req.method,
    path: `${pathname.slice(webRoot.length + 1 + id.length) || "/"}${search}`,
    headers: Object.fromEntries(headers),
    body: new Uint8Array(await context.req.arrayBuffer()),
  };
}

function toResponse({ status, headers, body }: WebAnswer): Response {
  const isBodyless = status === 204 || status === 205 || status === 304;
  const answer = new Response(isBodyless ? null : (body as Uint8Array<ArrayBuffer>), { status });
  for (const [name, value] of Object.entries(headers)) {
    if (!keptBack.has(name.toLowerCase())) answer.headers.set(name, value);
  }
  answer.headers.set("content-security-policy", pluginPolicy);
  answer.headers.set("x-content-type-options", "nosniff");
  return answer;
}
