/** Where one is: the part of the address after `#`, so that every view can be linked to and Back works. */
import { signal } from "@preact/signals";

export interface Route {
  /** Such as `["bots", "weather"]`; empty for the overview. */
  readonly path: readonly string[];
  readonly query: URLSearchParams;
}

export const route = signal(read());

addEventListener("hashchange", () => {
  route.value = read();
  scrollTo(0, 0);
});

/** The address of a view. */
export function linkTo(path: readonly string[], query: Readonly<Record<string, string>> = {}): string {
  const search = new URLSearchParams(query).toString();
  return `#/${path.map(encodeURIComponent).join("/")}${search === "" ? "" : `?${search}`}`;
}

export function go(to: string): void {
  location.hash = to;
}

function read(): Route {
  const [path = "", search = ""] = location.hash.replace(/^#\/?/, "").split("?", 2);
  return {
    path: path
      .split("/")
      .filter((step) => step !== "")
      .map(decodeSafely),
    query: new URLSearchParams(search),
  };
}

function decodeSafely(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
