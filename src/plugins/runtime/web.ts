import { Hono } from "hono/tiny";
import type { WebAnswer, WebRequest } from "../../core/web-request.ts";

/** A plugin's own pages: nothing is made until it asks for them. */
export class Web {
  #app: Hono | undefined;

  get app(): Hono {
    this.#app ??= new Hono().onError((error) => {
      throw error;
    });
    return this.#app;
  }

  async answer({ method, path, headers, body }: WebRequest): Promise<WebAnswer> {
    if (this.#app === undefined) return notFound;
    const hasBody = method !== "GET" && method !== "HEAD";
    const request = new Request(`http://${headers.host ?? "localhost"}${path}`, {
      method,
      headers,
      ...(hasBody ? { body: body as Uint8Array<ArrayBuffer> } : {}),
    });
    const response = await this.#app.fetch(request);
    return {
      status: response.status,
      headers: Object.fromEntries(response.headers),
      body: new Uint8Array(await response.arrayBuffer()),
    };
  }
}

const notFound: WebAnswer = {
  status: 404,
  headers: { "content-type": "text/plain" },
  body: Buffer.from("There is nothing here.\n"),
};
