import { open } from "node:fs/promises";
import { isIP } from "node:net";
import { RoostError, sentenceOf } from "../../core/error.ts";
import { Secret } from "../../core/secret.ts";

const maxFileBytes = 256 * 1024;

/** A logged-in session, as a Cookie header and the token that its requests repeat. */
export interface Session {
  readonly cookies: Secret;
  readonly csrfToken: Secret;
}

/**
 * Reads a browser's cookies for a host from a file in Netscape's format, as browser extensions and yt-dlp write it.
 * @throws RoostError `plugin-config` when the file cannot be read, others than its owner may read it, or no session is in it.
 */
export async function readCookies(path: string, hostname: string): Promise<Session> {
  const text = await readPrivate(path);
  const nowSeconds = Date.now() / 1000;
  const cookies = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    const [domain = "", , , , expires = "", name = "", value = ""] = line
      .replace(/^#HttpOnly_/, "")
      .split("\t");
    const isOurs = isWithin(hostname, domain.replace(/^\./, "").toLowerCase());
    const isFresh = Number(expires) === 0 || Number(expires) > nowSeconds;
    const isPlain = /^[\w-]{1,60}$/.test(name) && /^[\x21-\x3a\x3c-\x7e]{1,2000}$/.test(value);
    if (!line.startsWith("# ") && isOurs && isFresh && isPlain) cookies.set(name, value);
  }
  if (!cookies.has("sessionid"))
    throw new RoostError(
      "plugin-config",
      `${path} holds no valid sessionid for ${hostname}. Export the cookies of a logged-in browser again.`,
    );
  const header = [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
  return { cookies: new Secret(header), csrfToken: new Secret(cookies.get("csrftoken") ?? "") };
}

function isWithin(hostname: string, domain: string): boolean {
  return hostname === domain || (isIP(hostname) === 0 && domain !== "" && hostname.endsWith(`.${domain}`));
}

async function readPrivate(path: string): Promise<string> {
  try {
    await using file = await open(path, "r");
    const { mode, size } = await file.stat();
    if ((mode & 0o077) !== 0)
      throw new RoostError("plugin-config", `${path} can be read by others. Run: chmod 600 ${path}`);
    if (size > maxFileBytes)
      throw new RoostError("plugin-config", `${path} is too large for a file of cookies.`);
    return await file.readFile("utf8");
  } catch (error) {
    if (error instanceof RoostError) throw error;
    throw new RoostError("plugin-config", `${path} cannot be read: ${sentenceOf(error)}.`, { cause: error });
  }
}
