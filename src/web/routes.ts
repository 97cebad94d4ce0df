import type { OpenAPIHono } from "@hono/zod-openapi";
import { type Context, type Handler, Hono } from "hono";
import { webRoot } from "../core/web-request.ts";
import { describeSession, sessionOf } from "./access.ts";
import type { ApiOptions } from "./api.ts";
import { gate } from "./gate.ts";
import { type Health, healthOf, instanceHealthOf, isReady } from "./health.ts";
import type { Metrics } from "./metrics.ts";
import { pageDocument } from "./page-document.ts";
import { answerByPlugin, limitPluginBody } from "./plugin-pages.ts";
import { overviewOf } from "./roost/overview.ts";
import type { Served } from "./socket.ts";

export interface RouteOptions extends ApiOptions {
  readonly host: string;
  readonly allowRemote: boolean;
  readonly publicUrl: string | undefined;
  readonly metrics: Metrics;
}

/** Every path that is answered, for GET and HEAD, and the APIs with their own. All others are 404, other methods 405. */
export function routes(options: RouteOptions): Hono<Served> {
  const { host, allowRemote, publicUrl, control, metrics, log, login, sessions, cutSecrets } = options;
  const snapshot = () => control.snapshot();
  const answer = (context: Context, body: Pick<Health, "status">, status: 200 | 503) =>
    context.body(cutSecrets(JSON.stringify(body)), status, { "content-type": "application/health+json" });
  const answerHealth = (context: Context, health: Health) =>
    answer(context, health, health.status === "fail" ? 503 : 200);

  const firstAnswer = (context: Context) => {
    const session = sessionOf(context, sessions);
    return {
      session: describeSession(session?.user, login),
      health: healthOf(snapshot()),
      overview: session === undefined ? null : overviewOf(control),
    };
  };
  const listed: readonly (readonly [path: string, handler: Handler])[] = [
    ["/", (context) => context.html(pageDocument(firstAnswer(context), cutSecrets))],
    ["/livez", (context) => answer(context, { status: "pass" }, 200)],
    [
      "/readyz",
      (context) => {
        const ready = isReady(snapshot());
        return answer(context, { status: ready ? "pass" : "fail" }, ready ? 200 : 503);
      },
    ],
    ["/healthz", (context) => answerHealth(context, healthOf(snapshot()))],
    [
      "/healthz/:instance",
      (context) => {
        const health = instanceHealthOf(snapshot(), context.req.param("instance") ?? "");
        return health === undefined
          ? context.text("There is no such instance.\n", 404)
          : answerHealth(context, health);
      },
    ],
    [
      "/metrics",
      async (context) =>
        context.body(cutSecrets(await metrics.text(snapshot())), 200, {
          "content-type": metrics.contentType,
        }),
    ],
  ];
  const app = new Hono<Served>();
  app.use(gate({ host, allowRemote, publicUrl }));
  app.all(`${webRoot}/:id/*`, limitPluginBody, answerByPlugin(control.askPlugin));
  for (const [path, handler] of listed) {
    app.get(path, handler);
    app.all(path, (context) => context.text("Only GET and HEAD.\n", 405, { allow: "GET, HEAD" }));
  }
  // Read at the first request: a host that nobody looks at does without them.
  let apis: Promise<OpenAPIHono> | undefined;
  const answerApi: Handler<Served> = async (context) => {
    apis ??= import("./apis.ts").then((module) => module.apis(options));
    return (await apis).fetch(context.req.raw, context.env);
  };
  for (const path of ["/_roost/*", "/_matrix/*"]) app.all(path, answerApi);
  app.notFound((context) => context.text("There is nothing here.\n", 404));
  app.onError((error, context) => {
    log.error("A request failed.", { path: context.req.path }, error);
    return context.text("Something went wrong inside Roost; its log says what.\n", 500);
  });
  return app;
}
