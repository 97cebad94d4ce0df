export interface LoggedRequest {
  readonly method: string;
  /** Percent-escapes undone, without the query. */
  readonly path: string;
  /** Whose token it carried. */
  readonly user: string | undefined;
  readonly timeMs: number;
}

const kept = 10_000;

/** The newest requests the server got, faulty answers included, so that a test can count what a client did. */
export class RequestLog {
  #requests: LoggedRequest[] = [];

  add(request: LoggedRequest): void {
    this.#requests.push(request);
    if (this.#requests.length >= 2 * kept) this.#requests = this.#requests.slice(-kept);
  }
  list(): readonly LoggedRequest[] {
    return this.#requests;
  }
  count(method: string, path: RegExp, user?: string): number {
    return this.#requests.filter(
      (request) =>
        request.method === method &&
        request.path.search(path) >= 0 &&
        (user === undefined || request.user === user),
    ).length;
  }
}
