/**
 * `node build/bun.mjs bench/instagram.ts`: how long a link takes to its answer in a real host process, on the sandbox homeserver
 * and with a local stand-in for Instagram, and what reading a large page costs.
 */
import { extract } from "../src/bots/instagram/extract/index.ts";
import { renderMedium } from "../src/bots/instagram/render.ts";
import { posts, profiles, type ReplayedPost } from "../src/sandbox/instagram-catalogue.ts";
import { renderPage, renderPost } from "../src/sandbox/instagram-page.ts";
import { drawJpeg } from "../src/sandbox/instagram-picture.ts";
import { replyTarget } from "../test/doubles/reply-target.ts";
import { SandboxScene } from "../test/doubles/sandbox-scene.ts";

const links = 60;
const readings = 50;
const megabyte = 1024 * 1024;

/** A page of at least 1 MB, as Instagram's are, with the post in its last block. */
function renderLargePage(shortcode: string, origin: string): string {
  const [model] = posts;
  const [owner] = profiles;
  if (model === undefined || owner === undefined) throw new Error("The catalogue is empty.");
  const post: ReplayedPost = { ...model, shortcode };
  const flags = JSON.stringify(
    Object.fromEntries(Array.from({ length: 1500 }, (_, at) => [at, { result: true, hash: `AT${at}` }])),
  );
  const filler = `<script type="application/json" data-sjs>{"require":[["Flags","handle",null,[${flags}]]]}</script>`;
  const small = renderPage("Post", [renderPost(post, owner, [], origin)]).length;
  const fillers = Array.from({ length: Math.ceil((megabyte - small) / filler.length) }, () => filler);
  return renderPage("Post", [...fillers, renderPost(post, owner, [], origin)]);
}

function measureReading(): { pageBytes: number; cpuMs: number } {
  const body = renderLargePage("BenchPage01", "https://scontent.cdninstagram.com");
  const read = () => {
    const extraction = extract({ status: 200, body }, { shortcode: "BenchPage01" });
    if (extraction.outcome !== "post") throw new Error("The page is not read.");
    const { post } = extraction;
    for (const medium of post.media) renderMedium(post, medium, null, { isFirst: true }, 500);
  };
  for (let warmUp = 0; warmUp < 10; warmUp++) read();
  const before = process.cpuUsage();
  for (let reading = 0; reading < readings; reading++) read();
  const { user, system } = process.cpuUsage(before);
  return { pageBytes: body.length, cpuMs: (user + system) / 1000 / readings };
}

function startInstagram(picture: Uint8Array): Bun.Server<undefined> {
  return Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch(request) {
      const { pathname, origin } = new URL(request.url);
      if (pathname.startsWith("/media/")) return new Response(Uint8Array.from(picture));
      return new Response(renderLargePage(pathname.split("/")[2] ?? "", origin));
    },
  });
}

async function measureAnswers(): Promise<{ fresh: number[]; cached: number[] }> {
  await using scene = await SandboxScene.open({ dialect: "conduwuit" });
  const { homeserver, ada, host } = scene;
  const instagram = startInstagram(await drawJpeg(1, 1080, 1350));
  try {
    const room = ada.createRoom({ name: "bench", public: true });
    scene.configure(
      `accounts: { "@bot:sandbox": {} }\ninstances:\n  instagram:\n    plugin: instagram\n    account: "@bot:sandbox"\n    rooms: ["${room}"]\n    config: { origin: "http://127.0.0.1:${instagram.port}", budget: { burst: 100, seconds: 1 } }\n`,
    );
    host.start();
    await scene.joined(room);
    const ask = async (code: string) => {
      const startedAt = performance.now();
      const asked = ada.say(room, `https://www.instagram.com/p/${code}/`);
      await homeserver.waitForEvent(room, ({ content }) => {
        return replyTarget(content) === asked && content.msgtype === "m.image";
      });
      return performance.now() - startedAt;
    };
    const codes = Array.from({ length: links }, (_, at) => `BenchCode${at}`);
    await ask("BenchWarmUp");
    const fresh: number[] = [];
    for (const code of codes) fresh.push(await ask(code));
    const cached: number[] = [];
    for (const code of codes) cached.push(await ask(code));
    return { fresh, cached };
  } finally {
    await host.kill();
    await instagram.stop(true);
  }
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

const { pageBytes, cpuMs } = measureReading();
const { fresh, cached } = await measureAnswers();
console.log(
  `reading and rendering a page of ${(pageBytes / megabyte).toFixed(2)} MB, processor time (goal 20 ms): ${cpuMs.toFixed(1)} ms`,
);
console.log(`link to reply, p50 of ${links}, nothing cached (goal 150 ms): ${median(fresh).toFixed(1)} ms`);
console.log(`link to reply, p50 of ${links}, cached (goal 10 ms): ${median(cached).toFixed(1)} ms`);
