import { isIP } from "node:net";
import type { Context, MiddlewareHandler } from "hono";
import { pagePolicy } from "./page-document.ts";
import { isPluginPage } from "./plugin-pages.ts";

/** Sent with every answer: nothing but our own files runs, nothing is framed, guessed, shared with other origins or stored. */
const securityHeaders = {
  "content-security-policy": pagePolicy,
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "cache-control": "no-store",
} as const;

interface Doors {
  readonly host: string;
  readonly allowRemote: boolean;
  /** Under this address the plugins' pages are answered, and nothing else. */
  readonly publicUrl: string | undefined;
}

/**
 * Stands before every route: requests whose Host is none of ours are refused, because a page on the web can make its own name
 * point at 127.0.0.1 (DNS rebinding) and the browser would then let it read the answers.
 */
export function gate({ host, allowRemote, publicUrl }: Doors): MiddlewareHandler {
  const publicHost = publicUrl === undefined ? undefined : new URL(publicUrl).host;
  return async (context, next) => {
    const asked = context.req.header("host")?.toLowerCase() ?? "";
    const isPlugins = isPluginPage(context.req.path);
    const isOurs = isOurHost(asked, host, allowRemote) || (isPlugins && asked === publicHost);
    if (isOurs) await next();
    else context.res = refusal(context);
    // What a plugin answers has a policy of its own.
    if (isOurs && isPlugins && context.res.headers.has("content-security-policy")) return;
    for (const [name, value] of Object.entries(securityHeaders)) context.res.headers.set(name, value);
  };
}

/** Any port will do, since an SSH tunnel may begin at any. Addresses cannot be rebound, so remote use allows all of them. */
function isOurHost(header: string, host: string, allowRemote: boolean): boolean {
  const match = /^(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(?::\d{1,5})?$/i.exec(header);
  const name = match?.[1]?.toLowerCase().replace(/^\[|\]$/g, "") ?? "";
  if (["127.0.0.1", "localhost", "::1"].includes(name)) return true;
  return allowRemote && (isIP(name) !== 0 || name === host.toLowerCase());
}

function refusal(context: Context): Response {
  return context.text(
    "Roost answers only to 127.0.0.1, localhost and [::1]. Open it through a tunnel, such as " +
      "ssh -L 29316:127.0.0.1:29316 you@server, and then http://127.0.0.1:29316/\n",
    421,
  );
}
