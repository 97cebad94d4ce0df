import { posts, profiles, type ReplayedPost } from "./instagram-catalogue.ts";
import { renderEmbed } from "./instagram-data.ts";
import { catalogue, type Offer } from "./instagram-offers.ts";
import { renderNothing, renderPage, renderPost, renderPreview, renderProfile } from "./instagram-page.ts";
import { drawJpeg, drawPng, emptyMp4 } from "./instagram-picture.ts";
import {
  answerData,
  answerFaulty,
  type Fault,
  find,
  html,
  pleaseWait,
  shownBy,
  type Way,
  wayOf,
} from "./instagram-routes.ts";

/** Short, so that whoever watches the demo sees its end. */
const demoWaitSeconds = 5;

/**
 * An Instagram for the demo and the tests: invented posts behind true page shapes, on loopback. A bot whose `origin` points here
 * answers the addresses that people paste. `open` before use, `close` after.
 */
export class ReplayedInstagram {
  /** What may be pasted, and what should come of it. */
  readonly catalogue: readonly Offer[] = catalogue;
  /** How often pages and files were asked for. */
  readonly requests = { pages: 0, media: 0 };
  /** Method and path of every request but those for files, in their order. */
  readonly asked: string[] = [];
  readonly #drawn = new Map<string, Promise<Uint8Array>>();
  readonly #limits = new Map<string, number>();
  /** Posts whose page was refused last: every other way to them is then shut too. */
  readonly #limited = new Set<string>();
  /** Posts that have asked somebody to wait. */
  readonly #waited = new Set<string>();
  readonly #faults = new Map<Way, Fault>();
  readonly #slowMs: number;
  readonly #filmBytes: number | undefined;
  #server: Bun.Server<undefined> | undefined;

  /** `filmBytes`: how large every film is; by itself as large as its picture has points. */
  constructor({ slowMs = 3000, filmBytes }: { slowMs?: number; filmBytes?: number } = {}) {
    this.#slowMs = slowMs;
    this.#filmBytes = filmBytes;
    for (const post of posts) if (post.behaviour === "rate-limited") this.rateLimitFor(post.shortcode, 99);
  }

  /** Listens on loopback; port 0 takes a free one. */
  open(port = 0): void {
    this.#server = Bun.serve({
      hostname: "127.0.0.1",
      port,
      fetch: (request) => this.#answer(request),
    });
  }

  async close(): Promise<void> {
    await this.#server?.stop(true);
    this.#server = undefined;
  }

  get origin(): string {
    if (this.#server === undefined) throw new Error("The replayed Instagram is not open.");
    return `http://127.0.0.1:${this.#server.port}`;
  }

  /** The next `times` page loads of this post bring the empty shell that Instagram gives to those who ask too often. */
  rateLimitFor(shortcode: string, times: number): void {
    this.#limits.set(shortcode, times);
  }

  /** From now on this way to posts and profiles goes wrong like this; every way goes right again with `restore`. */
  spoil(way: Way, fault: Fault): void {
    this.#faults.set(way, fault);
  }
  restore(): void {
    this.#faults.clear();
    this.#limited.clear();
    this.asked.length = 0;
  }

  async #answer(request: Request): Promise<Response> {
    const url = new URL(request.url);
    const [first = "", second = "", third = ""] = url.pathname.split("/").filter(Boolean);
    if (first === "media") {
      this.requests.media++;
      return this.#answerMedia(second);
    }
    this.requests.pages++;
    this.asked.push(`${request.method} ${url.pathname}`);
    const fault = this.#faults.get(wayOf(url.pathname));
    if (fault === "unknown" || fault === "told") return answerFaulty(fault);
    if (first === "") return html(renderPage("Login"));
    if (first === "accounts" || first === "challenge") return html(renderPage("Login"));
    if (first === "share") return this.#answerShare(second, request);
    if (first === "api") return answerData(request, fault, (post) => this.#turnAway(post));
    if (third === "embed") return this.#answerEmbed(second, fault);
    if (first === "p" || first === "reel") return this.#answerPost(second, fault);
    return this.#answerProfile(first.toLowerCase(), fault);
  }

  #turnAway(post: ReplayedPost): Response | undefined {
    if (this.#limited.has(post.shortcode)) return Response.json(pleaseWait, { status: 401 });
    return this.#misbehave(post);
  }

  async #answerPost(shortcode: string, fault: Fault | undefined): Promise<Response> {
    const left = this.#limits.get(shortcode) ?? 0;
    this.#limited.delete(shortcode);
    if (left > 0) {
      this.#limits.set(shortcode, left - 1);
      this.#limited.add(shortcode);
      return html(renderPage("Post"));
    }
    const { post, owner } = find((known) => known.shortcode === shortcode);
    if (post === undefined || owner === undefined) return html(renderPage("Error"));
    const misbehaved = this.#misbehave(post);
    if (misbehaved !== undefined) return misbehaved;
    if (fault === "limited") return html(renderPage("Post"));
    if (fault === "preview") return html(renderPage("Post", [], renderPreview(post, this.origin)));
    if (post.behaviour === "followers-only") return html(renderPage("Post", [renderNothing(owner)]));
    if (post.behaviour === "slow") await Bun.sleep(this.#slowMs);
    return html(renderPage("Post", [renderPost(post, owner, shownBy(owner.username), this.origin)]));
  }

  /** The answer to those whom Instagram turns away by status or address. */
  #misbehave({ behaviour, shortcode }: ReplayedPost): Response | undefined {
    switch (behaviour) {
      case "login-wall":
        return Response.redirect(`${this.origin}/accounts/login/?next=%2Fp%2F${shortcode}%2F`, 302);
      case "challenge":
        return Response.redirect(`${this.origin}/challenge/?next=%2Fp%2F${shortcode}%2F`, 302);
      case "unknown-shape":
        return answerFaulty("unknown");
      case "broken-server":
        return new Response("<html>5xx Server Error</html>", { status: 503 });
      case "asks-to-wait": {
        if (this.#waited.has(shortcode)) return undefined;
        this.#waited.add(shortcode);
        return answerFaulty("told", demoWaitSeconds);
      }
    }
    return undefined;
  }

  #answerEmbed(shortcode: string, fault: Fault | undefined): Response {
    if (fault === "limited" || this.#limited.has(shortcode)) return html(renderPage("Post"));
    const { post, owner } = find((known) => known.shortcode === shortcode);
    const misbehaved = post === undefined ? undefined : this.#misbehave(post);
    if (misbehaved !== undefined) return misbehaved;
    return html(renderEmbed(post, owner, this.origin, fault === "html" ? "html" : "script"));
  }

  #answerProfile(username: string, fault: Fault | undefined): Response {
    const profile = profiles.find((known) => known.username === username);
    if (profile === undefined) return html(renderPage("Error"));
    if (fault === "limited") return html(renderPage("Profile"));
    return html(renderPage("Profile", renderProfile(profile, shownBy(username), this.origin)));
  }

  /** Simple programs are sent on; a browser gets scripts that find out where to. `none` leads nowhere. */
  #answerShare(token: string, request: Request): Response {
    if (!/^curl\//.test(request.headers.get("user-agent") ?? "")) return html(renderPage("Login"));
    const { post } = find((known) => known.shortcode === token);
    if (post !== undefined) return Response.redirect(`${this.origin}/p/${post.shortcode}/?igsh=x`, 302);
    return token === "none"
      ? Response.redirect(`${this.origin}/accounts/login/`, 302)
      : html(renderPage("Error"));
  }

  async #answerMedia(file: string): Promise<Response> {
    switch (file) {
      case "empty.jpg":
        return picture(new Uint8Array(0), "image/jpeg");
      case "huge.jpg":
        return endless();
      case "page.jpg":
        return picture(new TextEncoder().encode("<html>not a picture</html>"), "image/jpeg");
      case "metadata.jpg":
        return Response.redirect("http://169.254.169.254/latest/meta-data/", 302);
      case "loopback.jpg":
        return Response.redirect("http://127.0.0.1:1/secret.jpg", 302);
      case "cut.jpg":
        return picture((await drawJpeg(9, 640, 640)).slice(0, 4000), "image/jpeg");
    }
    const match = /^(\d{1,3})-(\d{2,4})x(\d{2,4})\.(jpg|png|mp4)$/.exec(file);
    if (match === null) return new Response("no such file", { status: 404 });
    const [, seed, width, height, type] = match;
    if (type === "mp4")
      return picture(emptyMp4(this.#filmBytes ?? Number(width) * Number(height)), "video/mp4");
    const draw = type === "png" ? drawPng : drawJpeg;
    const drawn = this.#drawn.get(file) ?? Promise.resolve(draw(Number(seed), Number(width), Number(height)));
    this.#drawn.set(file, drawn);
    return picture(await drawn, type === "png" ? "image/png" : "image/jpeg");
  }
}

function picture(bytes: Uint8Array, type: string): Response {
  return new Response(Uint8Array.from(bytes), { headers: { "Content-Type": type } });
}

/** A file of 200 MB, made while it is read. */
function endless(): Response {
  const chunk = new Uint8Array(1024 * 1024);
  let left = 200;
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) => (left-- > 0 ? controller.enqueue(chunk) : controller.close()),
  });
  return new Response(body, { headers: { "Content-Type": "image/jpeg" } });
}
