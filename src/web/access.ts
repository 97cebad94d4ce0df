import type { Context, MiddlewareHandler } from "hono";
import { getCookie } from "hono/cookie";
import type { Actor } from "../core/management.ts";
import type { Login } from "./login.ts";
import type { Session, Sessions } from "./sessions.ts";

/** What every handler behind the login may rely on. */
export interface SignedIn {
  Variables: { session: Session; actor: Actor };
}

/** All ports of this machine share their cookies, so the name is one that nobody else uses. */
export const sessionCookie = "roost_session";

/** The session a request carries, as a bearer token or as the page's cookie; never in its address, which ends up in logs. */
export function sessionOf(context: Context, sessions: Sessions): Session | undefined {
  const header = context.req.header("authorization");
  if (header !== undefined) return sessions.find(/^Bearer +(\S+)$/i.exec(header)?.[1] ?? "");
  const cookie = getCookie(context, sessionCookie);
  const session = cookie === undefined ? undefined : sessions.find(cookie);
  // A script's token in a cookie would escape the rules that guard the page's.
  return session?.kind === "page" ? session : undefined;
}

/** A session as the page is told of it: who is logged in, and whether the config names an account to log in with. */
export function describeSession(user: string | undefined, login: Login) {
  return { user: user ?? null, canLogIn: login.isPossible };
}

export function isTokenMissing(context: Context): boolean {
  return context.req.header("authorization") === undefined && getCookie(context, sessionCookie) === undefined;
}

/** Lets only those through who are logged in; `refuse` answers the others. */
export function signedInOnly(
  sessions: Sessions,
  refuse: (context: Context, isTokenMissing: boolean) => Response,
): MiddlewareHandler<SignedIn> {
  return async (context, next) => {
    const session = sessionOf(context, sessions);
    if (session === undefined) {
      return refuse(context, isTokenMissing(context));
    }
    context.set("session", session);
    context.set("actor", { name: session.user, via: session.kind });
    return next();
  };
}

/**
 * Refuses what a page of another origin makes a browser send: reading too, since streams and sockets are read with cookies. A
 * request with neither header is no browser's (the algorithm of Go's net/http CrossOriginProtection).
 */
export function sameOriginOnly(refuse: (context: Context) => Response): MiddlewareHandler {
  return async (context, next) => {
    if (!isSameOrigin(context.req.raw.headers)) return refuse(context);
    return next();
  };
}

function isSameOrigin(headers: Headers): boolean {
  const site = headers.get("sec-fetch-site");
  if (site !== null) return site === "same-origin" || site === "none";
  const origin = headers.get("origin");
  if (origin === null) return true;
  return URL.canParse(origin) && new URL(origin).host === headers.get("host");
}
