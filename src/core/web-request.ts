/** What somebody on the web asks of an instance's own pages, and what it answers: plain values, so that they cross any channel. */
export interface WebRequest {
  readonly method: string;
  /** What follows the instance's own address, from `/` on, the query included. */
  readonly path: string;
  /** Names in lower case. Cookies are left out: they are the management page's. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

export interface WebAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** Where an instance's own pages are, below the host's address. */
export const webRoot = "/_matrix/maubot/plugin";
