import { describe, expect, test } from "bun:test";
import type { PageItem } from "../../src/sandbox/room-view.ts";
import { bodies, openHomeserver } from "./client.ts";

async function openPage() {
  const homeserver = await openHomeserver();
  const alice = homeserver.createUser("alice");
  const room = alice.createRoom({ name: "Links" });
  const links = [{ url: "https://www.instagram.com/p/abc/", label: "A picture" }];
  homeserver.openRoomPage({ room, user: alice, links });
  return { homeserver, alice, room, links };
}
/** Reads the page's event stream until as many items have come. */
async function items(url: string, count: number): Promise<PageItem[]> {
  const response = await fetch(`${url}/sandbox/events`);
  const found: PageItem[] = [];
  let text = "";
  for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += chunk;
    const parts = text.split("\n\n");
    text = parts.pop() ?? "";
    for (const part of parts) {
      if (part.startsWith("event: item")) found.push(JSON.parse(part.slice(part.indexOf("data: ") + 6)));
    }
    if (found.length >= count) break;
  }
  return found;
}

describe("the room page", () => {
  test("is served with its own script and style and a policy that allows nothing else", async () => {
    const { homeserver, links } = await openPage();
    const page = await fetch(homeserver.url);
    const policy = page.headers.get("content-security-policy");
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self'");
    expect(policy).not.toContain("unsafe");
    const assets = [...(await page.text()).matchAll(/(?:src|href)="(\/sandbox\/[^"]+)"/g)].map(
      ([, path]) => path,
    );
    expect(assets).toHaveLength(2);
    for (const path of assets) expect((await fetch(homeserver.url + path)).status).toBe(200);
    const about = await (await fetch(`${homeserver.url}/sandbox/room`)).json();
    expect(about).toEqual({ name: "Links", user: "alice", links });
  });

  test("shows edits and redactions in place, quotes, threads and captions", async () => {
    const { homeserver, alice, room } = await openPage();
    const root = alice.say(room, "look");
    const url = "mxc://example.org/abc";
    alice.send(room, "m.room.message", {
      msgtype: "m.image",
      body: "a caption",
      filename: "a.png",
      url,
      info: { w: 30, h: 20 },
      "m.relates_to": { "m.in_reply_to": { event_id: root } },
    });
    alice.say(room, "aside", {
      "m.relates_to": {
        rel_type: "m.thread",
        event_id: root,
        is_falling_back: true,
        "m.in_reply_to": { event_id: root },
      },
    });
    const typo = alice.say(room, "tpyo");
    alice.say(room, "* typo", {
      "m.new_content": { msgtype: "m.text", body: "typo" },
      "m.relates_to": { rel_type: "m.replace", event_id: typo },
    });
    const gone = alice.say(room, "gone");
    alice.redact(room, gone);
    const [joined, first, picture, aside, edited, deleted] = await items(homeserver.url, 6);
    expect(joined).toMatchObject({ kind: "event", text: "alice joined" });
    expect(first).toMatchObject({ id: root, text: "look", sender: "alice" });
    expect(picture).toMatchObject({
      text: "a caption",
      quote: { sender: "alice", text: "look" },
      media: { kind: "image", url: "/sandbox/media/example.org/abc", name: "a.png", width: 30, height: 20 },
    });
    expect(aside).toMatchObject({ text: "aside", inThread: true });
    expect(aside?.quote).toBeUndefined();
    expect(edited).toMatchObject({ id: typo, text: "typo", edited: true });
    expect(deleted).toMatchObject({ id: gone, text: "Message deleted", redacted: true });
  });

  test("posts as its user, and streams what is posted", async () => {
    const { homeserver, room } = await openPage();
    const streamed = items(homeserver.url, 2);
    const posted = await fetch(`${homeserver.url}/sandbox/say`, {
      method: "POST",
      headers: { "content-type": "application/json", origin: homeserver.url },
      body: JSON.stringify({ body: " hello " }),
    });
    expect(posted.status).toBe(200);
    expect((await streamed)[1]).toMatchObject({ text: "hello", sender: "alice" });
    expect(bodies(homeserver.timeline(room))).toEqual(["hello"]);
  });

  test("takes no posts from other pages and answers no other host name", async () => {
    const { homeserver, room } = await openPage();
    const body = JSON.stringify({ body: "hello" });
    const json = { "content-type": "application/json" };
    const wrong: Record<string, string>[] = [
      json,
      { ...json, origin: "https://example.com" },
      { "content-type": "text/plain", origin: homeserver.url },
      { ...json, origin: "http://rebound.example", host: "rebound.example" },
    ];
    for (const headers of wrong) {
      const answer = await fetch(`${homeserver.url}/sandbox/say`, { method: "POST", headers, body });
      expect(answer.status).toBe(403);
    }
    expect((await fetch(homeserver.url, { headers: { host: "rebound.example" } })).status).toBe(403);
    expect(bodies(homeserver.timeline(room))).toEqual([]);
  });

  test("lets a browser render pictures and nothing else that was uploaded", async () => {
    const { homeserver, alice } = await openPage();
    const upload = async (mimetype: string) => {
      const answer = await fetch(`${homeserver.url}/_matrix/media/v3/upload`, {
        method: "POST",
        headers: { authorization: `Bearer ${alice.accessToken}`, "content-type": mimetype },
        body: "<script>",
      });
      const { content_uri: uri } = (await answer.json()) as { content_uri: string };
      return fetch(`${homeserver.url}/sandbox/media/${uri.slice("mxc://".length)}`);
    };
    expect((await upload("image/png")).headers.get("content-type")).toBe("image/png");
    const page = await upload("text/html");
    expect(page.headers.get("content-type")).toBe("application/octet-stream");
    expect(page.headers.get("content-disposition")).toBe("attachment");
  });
});
