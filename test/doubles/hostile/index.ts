import type { Hostile } from "./base.ts";
import { bombs, damage, ends } from "./data.ts";
import { headers, kinds } from "./headers.ts";
import { contents, manifests } from "./manifests.ts";
import { clashes, names } from "./names.ts";

/** Every hostile archive, each made byte by byte: nothing that a zip library would refuse to write is missed. */
export function* hostileArchives(): Generator<Hostile> {
  yield* names();
  yield* clashes();
  yield* kinds();
  yield* headers();
  yield* ends();
  yield* bombs();
  yield* damage();
  yield* manifests();
  yield* contents();
}
