import { failureClass, RoostError } from "../../core/error.ts";
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
  /** A JPEG of at most 320 pixels a side; absent for a picture that is small itself. */
  readonly thumbnail?: Thumbnail;
}

export interface Thumbnail {
  readonly mxc: MxcUri;
  readonly width: number;
  readonly height: number;
  readonly sizeBytes: number;
}

/** Why a file is not there, as the end of a sentence, and whether another try may help. */
export interface NoFile {
  readonly cause: string;
  readonly isTransient: boolean;
  /** A smaller one may be taken. */
  readonly isTooLarge?: true;
}

export type FileBot = Pick<
  Bot<Settings>,
  "http" | "upload" | "uploadLimitBytes" | "signal" | "config" | "folder"
>;

const maxPictureBytes = 30 * 1024 * 1024;
const maxPixels = 50_000_000;
const thumbnailPixels = 320;
const previewPixels = 240;

const types = {
  jpeg: { mimetype: "image/jpeg", extension: ".jpg" },
  png: { mimetype: "image/png", extension: ".png" },
  webp: { mimetype: "image/webp", extension: ".webp" },
} as const;

/**
 * Takes a picture from Instagram's servers to the homeserver, with a thumbnail. The bytes say what it is, not the answer's
 * header. Throws RoostError when the homeserver is away or the instance stops; everything else is told as NoFile.
 */
export async function fetchPicture(url: string, name: string, bot: FileBot): Promise<Picture | NoFile> {
  const bytes = await download(url, bot);
  if (!(bytes instanceof Uint8Array)) return bytes;
  const format = sniff(bytes);
  if (format === undefined) return permanent(bytes.length === 0 ? "it is empty" : "it is not a picture");
  if (format === "heic") return permanent("it is in Apple's HEIC format, which few can show");
  if (!isWhole(bytes, format)) return { cause: "it was cut off on the way", isTransient: true };
  const drawn = await draw(bytes, thumbnailPixels);
  if ("cause" in drawn) return drawn;
  const { mimetype, extension } = types[format];
  const { width, height, small } = drawn;
  return uploaded(async () => {
    const mxc = await bot.upload({ bytes, mimetype, filename: `${name}${extension}` });
    const thumbnail = await uploadSmall(small, `${name}-small.jpg`, bot);
    return { mxc, width, height, sizeBytes: bytes.length, mimetype, extension, thumbnail };
  });
}

/** The same for a small version alone, a JPEG of at most 240 pixels a side. */
export async function fetchPreview(url: string, name: string, bot: FileBot): Promise<Picture | NoFile> {
  const bytes = await download(url, bot);
  if (!(bytes instanceof Uint8Array)) return bytes;
  const format = sniff(bytes);
  if (format === undefined || format === "heic") return permanent("it is not a picture");
  const drawn = await draw(bytes, previewPixels);
  if ("cause" in drawn) return drawn;
  return uploaded(async () => ({
    ...(await uploadSmall(drawn.small, `${name}-small.jpg`, bot)),
    ...types.jpeg,
  }));
}

async function uploadSmall(small: Drawn["small"], filename: string, bot: FileBot): Promise<Thumbnail> {
  const { bytes, width, height } = small;
  const mxc = await bot.upload({ bytes, mimetype: types.jpeg.mimetype, filename });
  return { mxc, width, height, sizeBytes: bytes.length };
}

/** What an upload gives, or why the homeserver would not take the file; throws when it is only away. */
export async function uploaded<File>(upload: () => Promise<File>): Promise<File | NoFile> {
  try {
    return await upload();
  } catch (error) {
    if (failureClass(error) !== "permanent") throw error;
    return error instanceof RoostError && error.code === "too-large"
      ? tooLarge("the homeserver takes no file of its size")
      : permanent("the homeserver did not take it");
  }
}

/** Instagram's picture and video servers, and the configured origin's own host. */
export function isMediaAddress(url: URL, origin: string): boolean {
  if (url.origin === origin) return true;
  return url.protocol === "https:" && /(?:^|\.)(?:cdninstagram\.com|fbcdn\.net)$/.test(url.hostname);
}

async function download(url: string, bot: FileBot): Promise<Uint8Array | NoFile> {
  try {
    const answer = await bot.http.get(url, {
      ...mediaOptions(bot),
      headers: {
        "User-Agent": bot.config.user_agent,
        Accept: "image/jpeg,image/png,image/webp,image/*;q=0.8",
      },
      timeoutMs: bot.config.timeout_seconds * 1000,
      maxBytes: maxPictureBytes,
    });
    return answer.status === 200 ? answer.body : refusedWith(answer.status);
  } catch (error) {
    return missing(error, "30 MB");
  }
}

/** How every file of Instagram is asked for. */
export function mediaOptions({ config, signal }: FileBot) {
  const origin = originOf(config);
  const allow = (address: URL) => isMediaAddress(address, origin);
  return { allow, trustedOrigins: [origin], proxy: config.proxy, signal };
}

export function refusedWith(status: number): NoFile {
  return { cause: `its server answered ${status}`, isTransient: true };
}

/** Why a download failed; throws when the instance stops, and what is nobody's failure but ours. */
export function missing(error: unknown, limit: string): NoFile {
  if (!(error instanceof RoostError) || error.code === "cancelled") throw error;
  if (error.code === "too-large") return tooLarge(`it is larger than ${limit}`);
  if (error.code === "bad-request") return permanent("it does not lie on Instagram's servers");
  return { cause: "its server could not be reached", isTransient: true };
}

export function permanent(cause: string): NoFile {
  return { cause, isTransient: false };
}

function tooLarge(cause: string): NoFile {
  return { cause, isTransient: false, isTooLarge: true };
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
  readonly small: { readonly bytes: Uint8Array; readonly width: number; readonly height: number };
}

async function draw(bytes: Uint8Array, smallPixels: number): Promise<Drawn | NoFile> {
  try {
    const { width, height } = await new Bun.Image(bytes, { maxPixels }).metadata();
    const image = new Bun.Image(bytes, { maxPixels })
      .resize(smallPixels, smallPixels, { fit: "inside", withoutEnlargement: true })
      .jpeg({ quality: 75 });
    const small = await image.bytes();
    return { width, height, small: { bytes: small, width: image.width, height: image.height } };
  } catch (error) {
    const isHuge = error instanceof Error && "code" in error && error.code === "ERR_IMAGE_TOO_MANY_PIXELS";
    return permanent(isHuge ? "it has more than 50 million pixels" : "it is damaged");
  }
}
