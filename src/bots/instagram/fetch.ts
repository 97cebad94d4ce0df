import { RoostError } from "../../core/error.ts";
import type { Http, HttpAnswer } from "../../core/plugin.ts";
import { type Answer, extract, type Wanted } from "./extract/index.ts";
import type { Link } from "./link.ts";
import { type Extraction, refuse } from "./post.ts";
import { originOf, type Settings } from "./settings.ts";

export interface Fetcher {
  readonly http: Http;
  readonly settings: Settings;
  readonly signal: AbortSignal;
}

interface Strategy {
  readonly name: string;
  fetch(link: Link, fetcher: Fetcher): Promise<Extraction>;
}

/** In the order they are tried: the first exact answer wins, then the first approximate one, then the first refusal. */
const strategies: readonly Strategy[] = [{ name: "page", fetch: fetchPage }];

const maxPageBytes = 8 * 1024 * 1024;

/** What a link to a post or profile shows, and which strategy told. Throws only RoostError `cancelled`. */
export async function fetchLink(
  link: Link,
  fetcher: Fetcher,
): Promise<{ extraction: Extraction; strategy: string }> {
  const tried: { extraction: Extraction; strategy: string }[] = [];
  for (const strategy of strategies) {
    const extraction = await strategy.fetch(link, fetcher);
    tried.push({ extraction, strategy: strategy.name });
    if (extraction.outcome !== "refused" && !isApproximate(extraction)) break;
  }
  const rank = ({ extraction }: { extraction: Extraction }) =>
    extraction.outcome === "refused" ? 2 : isApproximate(extraction) ? 1 : 0;
  const [best] = tried.sort((a, b) => rank(a) - rank(b));
  return best ?? { extraction: refuse("unsupported"), strategy: "none" };
}

function isApproximate(extraction: Extraction): boolean {
  if (extraction.outcome === "post") return extraction.post.approximate;
  return extraction.outcome === "profile" && extraction.profile.approximate === true;
}

/** The page a browser would open: one request, and it holds everything when Instagram is willing. */
async function fetchPage(link: Link, fetcher: Fetcher): Promise<Extraction> {
  const origin = originOf(fetcher.settings);
  const path =
    link.shortcode === undefined
      ? `/${link.username}/`
      : `/${link.kind === "reel" ? "reel" : "p"}/${link.shortcode}/`;
  try {
    const answer = await fetcher.http.get(`${origin}${path}`, {
      headers: {
        "User-Agent": fetcher.settings.user_agent,
        Accept: "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
        "Accept-Language": "en-US,en;q=0.9",
        "Sec-Fetch-Dest": "document",
        "Sec-Fetch-Mode": "navigate",
        "Sec-Fetch-Site": "none",
        "Sec-Fetch-User": "?1",
        "Upgrade-Insecure-Requests": "1",
      },
      timeoutMs: fetcher.settings.timeout_seconds * 1000,
      maxBytes: maxPageBytes,
      allow: (url) => url.origin === origin || isInstagramPage(url),
      trustedOrigins: [origin],
      signal: fetcher.signal,
    });
    const wanted: Wanted =
      link.shortcode === undefined ? { username: link.username ?? "" } : { shortcode: link.shortcode };
    return withRetryAfter(extract(toAnswer(answer), wanted), answer.headers);
  } catch (error) {
    if (!(error instanceof RoostError) || error.code === "cancelled") throw error;
    return refuse(error.code === "too-large" ? "broken-shape" : "unreachable");
  }
}

function isInstagramPage(url: URL): boolean {
  return url.protocol === "https:" && /^(?:[\w-]+\.)?instagram\.com$/.test(url.hostname);
}

function toAnswer({ url, status, body }: HttpAnswer): Answer {
  return { url, status, body: new TextDecoder().decode(body) };
}

function withRetryAfter(extraction: Extraction, headers: Headers): Extraction {
  const seconds = Number(headers.get("retry-after") ?? Number.NaN);
  const isTold =
    extraction.outcome === "refused" && extraction.refusal.class === "rate-limited" && seconds > 0;
  return isTold ? refuse("rate-limited", Math.min(seconds, 86_400)) : extraction;
}
