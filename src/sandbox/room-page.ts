import { type Context, Hono } from "hono";
import { secureHeaders } from "hono/secure-headers";
import { stringAt } from "../core/json.ts";
import type { Media } from "./media.ts";
import { jsonBody, param } from "./parts.ts";
import { answerRefusals, badRequest, forbidden } from "./refusal.ts";
import type { Room } from "./room.ts";
import css from "./room-page.css" with { type: "text" };
import html from "./room-page.html" with { type: "text" };
import script from "./room-page-script.js" with { type: "text" };
import { changedItem, nameOf, pageItems } from "./room-view.ts";
import type { SandboxUser } from "./sandbox-user.ts";
import type { Change, Stream } from "./stream.ts";

export interface RoomPageWish {
  readonly room: string;
  /** Who the page's visitor speaks as. */
  readonly user: SandboxUser;
  /** Offered as buttons that fill the text field. */
  readonly links: readonly { readonly url: string; readonly label: string }[];
}

const shownItems = 300;
const maxTextLength = 4_000;
/** What a browser may render from the origin of the page; everything else is downloaded. */
const renderable = new Set(["image/png", "image/jpeg", "image/gif", "image/webp", "video/mp4", "video/webm"]);

/** The demo's room in a browser: its timeline, live, and a field to post as one user. For loopback only: there is no login. */
export function roomPageRoutes(room: Room, stream: Stream, media: Media, wish: RoomPageWish): Hono {
  const routes = answerRefusals(new Hono());
  routes.use(
    secureHeaders({
      contentSecurityPolicy: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'"],
        imgSrc: ["'self'"],
        mediaSrc: ["'self'"],
        connectSrc: ["'self'"],
        baseUri: ["'none'"],
        formAction: ["'none'"],
        frameAncestors: ["'none'"],
      },
      referrerPolicy: "no-referrer",
      strictTransportSecurity: false,
    }),
  );
  routes.use(async (c, next) => {
    requireLoopback(c);
    await next();
  });

  // The type says HTMLBundle, which is what the import would be without `type: "text"`.
  routes.get("/", (c) => c.html(String(html)));
  routes.get("/sandbox/page.css", (c) => c.body(css, 200, { "content-type": "text/css; charset=utf-8" }));
  routes.get("/sandbox/page.js", (c) =>
    c.body(script, 200, { "content-type": "text/javascript; charset=utf-8" }),
  );
  routes.get("/sandbox/room", (c) => {
    const name = stringAt(room.stateEvent("m.room.name")?.content, "name") ?? room.id;
    return c.json({ name, user: nameOf(room, wish.user.userId), links: wish.links });
  });
  routes.get("/sandbox/events", (c) => eventStream(room, stream, c.req.raw.signal));
  routes.get("/sandbox/media/:server/:id", (c) => {
    const { bytes, mimetype } = media.get(`mxc://${param(c, "server")}/${param(c, "id")}`);
    const isShown = renderable.has(mimetype);
    return c.body(bytes.slice(), 200, {
      "content-type": isShown ? mimetype : "application/octet-stream",
      "content-disposition": isShown ? "inline" : "attachment",
    });
  });
  routes.post("/sandbox/say", async (c) => {
    requireSameOrigin(c);
    const text = stringAt(await jsonBody(c), "body")?.trim() ?? "";
    if (text === "" || text.length > maxTextLength) {
      throw badRequest("M_INVALID_PARAM", `A message has 1 to ${maxTextLength} characters.`);
    }
    return c.json({ event_id: wish.user.say(room.id, text) });
  });
  return routes;
}

/** Lines as server-sent events: those there are, then each that is new or changed, under its id; and who is typing. */
function eventStream(room: Room, stream: Stream, signal: AbortSignal): Response {
  const encoder = new TextEncoder();
  let unlisten = () => {};
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      const send = (name: string, data: unknown) => {
        controller.enqueue(encoder.encode(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`));
      };
      for (const item of pageItems(room, shownItems)) send("item", item);
      const sendTyping = () => {
        const names = [...room.typing].map((user) => nameOf(room, user));
        send("typing", names);
      };
      sendTyping();
      send("ready", {});
      unlisten = stream.listen((change: Change) => {
        if (change.kind === "account-data" || change.room !== room) return;
        if (change.kind === "typing") sendTyping();
        const item = change.kind === "event" ? changedItem(room, change.event) : undefined;
        if (item !== undefined) send("item", item);
      });
      signal.addEventListener("abort", () => unlisten());
    },
    cancel: () => unlisten(),
  });
  return new Response(body, {
    headers: { "content-type": "text/event-stream", "cache-control": "no-store" },
  });
}

/** A page elsewhere that has its name resolve to 127.0.0.1 must not read the room. */
function requireLoopback(c: Context): void {
  const { hostname } = new URL(c.req.url);
  if (hostname !== "127.0.0.1" && hostname !== "localhost" && hostname !== "[::1]") {
    throw forbidden("This page is only for this machine: open it as http://127.0.0.1.");
  }
}
/** Nor may a page elsewhere post into it. Browsers always name the origin of a POST. */
function requireSameOrigin(c: Context): void {
  const isJson = c.req.header("content-type")?.startsWith("application/json") === true;
  if (!isJson || c.req.header("origin") !== new URL(c.req.url).origin) {
    throw forbidden("Only the room page itself may post here.");
  }
}
