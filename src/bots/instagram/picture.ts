import { RoostError } from "../../core/error.ts";
import type { MxcUri } from "../../core/id.ts";
import type { Bot } from "../../core/plugin.ts";
import { originOf, type Settings } from "./settings.ts";

/** A picture that the homeserver keeps. */
export interface Picture {
  readonly mxc: MxcUri;
  readonly width: number;
  readonly height: number;
  readonly sizeBytes: number;
  readonly mimetype: string;
  /** With its dot. */
  readonly extension: string;
  /** A JPEG of at most 320 pixels a side. */
  readonly thumbnail: {
    readonly mxc: MxcUri;
    readonly width: number;
    readonly height: number;
    readonly sizeBytes: number;
  };
}

/** Why there is no picture, as the end of a sentence, and whether another try may help. */
export interface NoPicture {
  readonly cause: string;
  readonly isTransient: boolean;
}

const maxPictureBytes = 30 * 1024 * 1024;
const maxPixels = 50_000_000;
const thumbnailPixels = 320;

const types = {
  jpeg: { mimetype: "image/jpeg", extension: ".jpg" },
  png: { mimetype: "image/png", extension: ".png" },
  webp: { mimetype: "image/webp", extension: ".webp" },
} as const;

/**
 * Takes a picture from Instagram's servers to the homeserver, with a thumbnail. The bytes say what it is, not the answer's
 * header. Throws what the homeserver's side throws, and RoostError `cancelled`; Instagram's side is told as NoPicture.
 */
export async function fetchPicture(
  url: string,
  name: string,
  bot: Pick<Bot<Settings>, "http" | "upload" | "signal" | "config">,
): Promise<Picture | NoPicture> {
  const bytes = await download(url, bot);
  if (!(bytes instanceof Uint8Array)) return bytes;
  const format = sniff(bytes);
  if (format === undefined) return permanent(bytes.length === 0 ? "it is empty" : "it is not a picture");
  if (format === "heic") return permanent("it is in Apple's HEIC format, which few can show");
  if (!isWhole(bytes, format)) return { cause: "it was cut off on the way", isTransient: true };
  const drawn = await draw(bytes);
  if ("cause" in drawn) return drawn;
  const { mimetype, extension } = types[format];
  const sizeBytes = bytes.length;
  const thumbnailBytes = drawn.thumbnail.bytes.length;
  try {
    const mxc = await bot.upload({ bytes, mimetype, filename: `${name}${extension}` });
    const thumbnailMxc = await bot.upload({
      bytes: drawn.thumbnail.bytes,
      mimetype: "image/jpeg",
      filename: `${name}-small.jpg`,
    });
    const { width, height } = drawn.thumbnail;
    const thumbnail = { mxc: thumbnailMxc, width, height, sizeBytes: thumbnailBytes };
    return { mxc, width: drawn.width, height: drawn.height, sizeBytes, mimetype, extension, thumbnail };
  } catch (error) {
    if (error instanceof RoostError && error.code === "too-large")
      return permanent("the homeserver takes no file of its size");
    throw error;
  }
}

/** Instagram's picture servers, and the configured origin's own host. */
function isMediaAddress(url: URL, origin: string): boolean {
  if (url.origin === origin) return true;
  return url.protocol === "https:" && /(?:^|\.)(?:cdninstagram\.com|fbcdn\.net)$/.test(url.hostname);
}

async function download(
  url: string,
  { http, config, signal }: Pick<Bot<Settings>, "http" | "signal" | "config">,
): Promise<Uint8Array | NoPicture> {
  const origin = originOf(config);
  try {
    const answer = await http.get(url, {
      headers: { "User-Agent": config.user_agent, Accept: "image/jpeg,image/png,image/webp,image/*;q=0.8" },
      timeoutMs: config.timeout_seconds * 1000,
      maxBytes: maxPictureBytes,
      allow: (address) => isMediaAddress(address, origin),
      trustedOrigins: [origin],
      signal,
    });
    if (answer.status === 200) return answer.body;
    return { cause: `its server answered ${answer.status}`, isTransient: true };
  } catch (error) {
    if (!(error instanceof RoostError) || error.code === "cancelled") throw error;
    if (error.code === "too-large") return permanent("it is larger than 30 MB");
    if (error.code === "bad-request") return permanent("it does not lie on Instagram's servers");
    return { cause: "its server could not be reached", isTransient: true };
  }
}

function permanent(cause: string): NoPicture {
  return { cause, isTransient: false };
}

function sniff(bytes: Uint8Array): keyof typeof types | "heic" | undefined {
  const head = Buffer.from(bytes.subarray(0, 16)).toString("latin1");
  if (head.startsWith("\xff\xd8\xff")) return "jpeg";
  if (head.startsWith("\x89PNG\r\n\x1a\n")) return "png";
  if (/^RIFF[\s\S]{4}WEBP/.test(head)) return "webp";
  return /^[\s\S]{4}ftyp(?:hei[cxms]|hev[cxms]|mif1|msf1|avi[fs])/.test(head) ? "heic" : undefined;
}

/** Whether the file's end is there: the decoder would paint what is missing of a JPEG grey. */
function isWhole(bytes: Uint8Array, format: keyof typeof types): boolean {
  const tail = Buffer.from(bytes.subarray(-4096));
  switch (format) {
    case "jpeg":
      return tail.includes("\xff\xd9", 0, "latin1");
    case "png":
      return tail.includes("IEND", 0, "latin1");
    case "webp":
      return Buffer.from(bytes.subarray(4, 8)).readUInt32LE() + 8 <= bytes.length;
  }
}

interface Drawn {
  readonly width: number;
  readonly height: number;
  readonly thumbnail: { readonly bytes: Uint8Array; readonly width: number; readonly height: number };
}

async function draw(bytes: Uint8Array): Promise<Drawn | NoPicture> {
  try {
    const { width, height } = await new Bun.Image(bytes, { maxPixels }).metadata();
    const image = new Bun.Image(bytes, { maxPixels })
      .resize(thumbnailPixels, thumbnailPixels, { fit: "inside", withoutEnlargement: true })
      .jpeg({ quality: 75 });
    const small = await image.bytes();
    return { width, height, thumbnail: { bytes: small, width: image.width, height: image.height } };
  } catch (error) {
    const isHuge = error instanceof Error && "code" in error && error.code === "ERR_IMAGE_TOO_MANY_PIXELS";
    return permanent(isHuge ? "it has more than 50 million pixels" : "it is damaged");
  }
}
