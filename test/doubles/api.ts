import { isObject, type JsonObject } from "../../src/core/json.ts";

export const password = "correct horse battery";
/** Of that password, made with little effort so that tests spend their time elsewhere. */
export const adminYaml = `admin: { username: admin, password_hash: '${Bun.password.hashSync(password, { algorithm: "argon2id", memoryCost: 1024, timeCost: 1 })}' }\n`;

/** Somebody at the API of a host, as the page is: with a cookie. */
export class ApiUser {
  readonly origin: string;
  cookie = "";

  constructor(port: number) {
    this.origin = `http://127.0.0.1:${port}`;
  }

  async logIn(word = password): Promise<void> {
    const answer = await this.fetch("POST", "/_roost/v1/session", { username: "admin", password: word });
    this.cookie = answer.headers.get("set-cookie")?.split(";")[0] ?? "";
  }

  fetch(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Response> {
    const isRaw = body instanceof Uint8Array || typeof body === "string";
    return fetch(this.origin + path, {
      method,
      headers: {
        ...(this.cookie === "" ? {} : { cookie: this.cookie }),
        ...(body === undefined || isRaw ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(body === undefined
        ? {}
        : { body: isRaw ? (body as string | Uint8Array<ArrayBuffer>) : JSON.stringify(body) }),
      redirect: "manual",
    });
  }

  /** The answer to a call of Roost's own API, whose status is checked. */
  async call(method: string, path: string, body?: unknown, status = 200): Promise<JsonObject> {
    const answer = await this.fetch(method, `/_roost/v1${path}`, body);
    const text = await answer.text();
    if (answer.status !== status) throw new Error(`${method} ${path} answered ${answer.status}: ${text}`);
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : { items: value as JsonObject["items"] };
  }

  /** The lines of an answer that tells its steps. */
  async lines(method: string, path: string, body?: unknown): Promise<JsonObject[]> {
    const answer = await this.fetch(method, `/_roost/v1${path}`, body);
    return (await answer.text())
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as JsonObject);
  }
}
