import { createRoute, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { deleteCookie, setCookie } from "hono/cookie";
import { describeSession, sessionCookie, sessionOf } from "../access.ts";
import { type Api, type ApiOptions, refusalSchema } from "../api.ts";

const sessionSchema = z
  .object({
    user: z.string().nullable().describe("Who is logged in; null when nobody is."),
    canLogIn: z.boolean().describe("False while the config names no account to log in with."),
  })
  .openapi("Session");

const answer = { content: { "application/json": { schema: sessionSchema } } };
const refusal = { content: { "application/json": { schema: refusalSchema } } };

/** Login and logout of the page. A script logs in at maubot's `/auth/login`, which answers a bearer token. */
export function addSessionRoutes(api: Api, { login, sessions, log }: ApiOptions): void {
  const describe = (user: string | undefined) => describeSession(user, login);

  api.openapi(
    createRoute({
      method: "get",
      path: "/session",
      summary: "Who is logged in",
      responses: { 200: { description: "The present session.", ...answer } },
    }),
    (context) => context.json(describe(sessionOf(context, sessions)?.user), 200),
  );

  api.openapi(
    createRoute({
      method: "post",
      path: "/session",
      summary: "Log in: answers a cookie",
      request: {
        body: {
          required: true,
          content: {
            "application/json": {
              schema: z.object({ username: z.string().max(256), password: z.string().max(1024) }),
            },
          },
        },
      },
      responses: {
        200: { description: "Logged in.", ...answer },
        401: { description: "User name or password are wrong.", ...refusal },
        404: { description: "No account is configured.", ...refusal },
        429: { description: "Too many logins at once.", ...refusal },
      },
    }),
    async (context) => {
      const { username, password } = context.req.valid("json");
      const user = await login.verify(username, password);
      endSession(context, sessions);
      const token = sessions.begin(user, "page");
      // No Secure: the page is plain HTTP on loopback, and a browser would drop the cookie.
      setCookie(context, sessionCookie, token, { httpOnly: true, sameSite: "Strict", path: "/" });
      log.info("Somebody logged in to the page.", { user });
      return context.json(describe(user), 200);
    },
  );

  api.openapi(
    createRoute({
      method: "delete",
      path: "/session",
      summary: "Log out",
      responses: { 200: { description: "Logged out.", ...answer } },
    }),
    (context) => {
      endSession(context, sessions);
      deleteCookie(context, sessionCookie, { path: "/" });
      return context.json(describe(undefined), 200);
    },
  );
}

/** The session before a login ends with it, so that a token planted earlier is worth nothing after. */
function endSession(context: Context, sessions: ApiOptions["sessions"]): void {
  const session = sessionOf(context, sessions);
  if (session !== undefined) sessions.end(session);
}
