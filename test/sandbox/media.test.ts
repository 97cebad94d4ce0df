import { describe, expect, test } from "bun:test";
import { Client, openHomeserver } from "./client.ts";

describe("media", () => {
  test("comes back as it was uploaded, with a token only", async () => {
    const homeserver = await openHomeserver();
    const { accessToken } = homeserver.createUser("bot");
    const headers = { authorization: `Bearer ${accessToken}` };
    const bytes = crypto.getRandomValues(new Uint8Array(10_000));
    const upload = await fetch(
      `${homeserver.url}/_matrix/media/v3/upload?filename=${encodeURIComponent("a b.png")}`,
      {
        method: "POST",
        headers: { ...headers, "content-type": "image/png" },
        body: bytes,
      },
    );
    const { content_uri: uri } = (await upload.json()) as { content_uri: string };
    expect(homeserver.media(uri)).toEqual({ bytes, mimetype: "image/png", filename: "a b.png" });

    const path = uri.slice("mxc://".length);
    const address = `${homeserver.url}/_matrix/client/v1/media/download/${path}`;
    const download = await fetch(address, { headers });
    expect(await download.bytes()).toEqual(bytes);
    expect(download.headers.get("content-type")).toBe("image/png");
    expect((await fetch(address)).status).toBe(401);
    const legacy = await fetch(`${homeserver.url}/_matrix/media/v3/download/${path}`, { headers });
    expect([legacy.status, await legacy.json()]).toMatchObject([403, { errcode: "M_FORBIDDEN" }]);
  });

  test("an upload beyond the announced limit is too large", async () => {
    const homeserver = await openHomeserver();
    const { accessToken } = homeserver.createUser("bot");
    homeserver.maxUploadBytes = 100;
    const { body } = await new Client(homeserver, accessToken).get("/v1/media/config");
    expect(body).toMatchObject({ "m.upload.size": 100 });
    const upload = await fetch(`${homeserver.url}/_matrix/media/v3/upload`, {
      method: "POST",
      headers: { authorization: `Bearer ${accessToken}` },
      body: new Uint8Array(101),
    });
    expect([upload.status, await upload.json()]).toMatchObject([413, { errcode: "M_TOO_LARGE" }]);
  });
});
