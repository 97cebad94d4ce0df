import { type Context, Hono } from "hono";
import { type Parts, param } from "./parts.ts";
import { forbidden } from "./refusal.ts";

/** The media repository: uploads at the old address, everything else only with a token, or where the dialect is older in its ways. */
export function mediaRoutes({ users, media, dialect }: Parts): Hono {
  const routes = new Hono();
  routes.post("/_matrix/media/v3/upload", async (c) => {
    users.session(c.req.raw);
    const bytes = await c.req.raw.bytes();
    const mimetype = c.req.header("content-type") ?? "application/octet-stream";
    return c.json({ content_uri: media.keep({ bytes, mimetype, filename: c.req.query("filename") }) });
  });
  routes.get("/_matrix/client/v1/media/config", (c) => {
    users.session(c.req.raw);
    return c.json({ "m.upload.size": media.maxUploadBytes });
  });
  const download = (c: Context) => {
    users.session(c.req.raw);
    return answer(c);
  };
  const answer = (c: Context) => {
    const { bytes, mimetype, filename } = media.get(`mxc://${param(c, "server")}/${param(c, "id")}`);
    const name = encodeURIComponent(c.req.param("name") ?? filename ?? "");
    return new Response(bytes.slice(), {
      headers: {
        "content-type": mimetype,
        "content-disposition": name === "" ? "inline" : `inline; filename*=utf-8''${name}`,
        "content-security-policy": "sandbox; default-src 'none'",
        "x-content-type-options": "nosniff",
      },
    });
  };
  routes.get("/_matrix/client/v1/media/download/:server/:id", download);
  routes.get("/_matrix/client/v1/media/download/:server/:id/:name", download);
  // The picture itself is a thumbnail of every size: servers answer the original where it is small enough.
  routes.get("/_matrix/client/v1/media/thumbnail/:server/:id", download);
  if (dialect.servesLegacyMedia) routes.get("/_matrix/media/v3/download/:server/:id", answer);
  routes.get("/_matrix/media/v3/*", () => {
    throw forbidden("Unauthenticated media is disabled.");
  });
  return routes;
}
