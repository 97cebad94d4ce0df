import type { MxcUri } from "../core/id.ts";
import { mintMxc } from "./mint.ts";
import { notFound, Refusal } from "./refusal.ts";

export interface MediaFile {
  readonly bytes: Uint8Array;
  readonly mimetype: string;
  readonly filename: string | undefined;
}

/** The server's media repository, in memory. */
export class Media {
  readonly #serverName: string;
  readonly #files = new Map<string, MediaFile>();
  maxUploadBytes: number;

  constructor(serverName: string, maxUploadBytes: number) {
    this.#serverName = serverName;
    this.maxUploadBytes = maxUploadBytes;
  }

  keep(file: MediaFile): MxcUri {
    if (file.bytes.byteLength > this.maxUploadBytes) {
      throw new Refusal(413, "M_TOO_LARGE", `Upload is larger than ${this.maxUploadBytes} bytes`);
    }
    const uri = mintMxc(this.#serverName);
    this.#files.set(uri, file);
    return uri;
  }
  get(uri: string): MediaFile {
    const file = this.#files.get(uri);
    if (file === undefined) throw notFound(`There is no media ${uri}`);
    return file;
  }
}
