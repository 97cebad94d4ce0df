import { OpenAPIHono } from "@hono/zod-openapi";
import type { ApiOptions } from "./api.ts";
import { maubotApi } from "./maubot/index.ts";
import { maubotPaths } from "./maubot/paths.ts";
import { roostApi } from "./roost/index.ts";

const sentences = {
  title: "Roost",
  description:
    "Both APIs of a Roost host: its own below `/_roost/v1`, and maubot's below `/_matrix/maubot/v1`. Log in at `/_matrix/maubot/v1/auth/login` for a bearer token.",
};

/** Both APIs with their paths, and the one document that describes them. */
export function apis(options: ApiOptions): OpenAPIHono {
  const app = new OpenAPIHono();
  const describe = () =>
    app.getOpenAPI31Document({
      openapi: "3.1.0",
      info: { ...sentences, version: options.version },
      security: [{ token: [] }, { cookie: [] }],
    });
  app.openAPIRegistry.registerComponent("securitySchemes", "token", { type: "http", scheme: "bearer" });
  app.openAPIRegistry.registerComponent("securitySchemes", "cookie", {
    type: "apiKey",
    in: "cookie",
    name: "roost_session",
  });
  app.route("/_roost/v1", roostApi(options, describe));
  app.route("/_matrix/maubot/v1", maubotApi(options));
  app.route("/_matrix", maubotPaths());
  return app;
}
