/** `node build/bun.mjs ARGUMENTS...`: runs the pinned Bun, installing it first on a fresh clone. */
import { become } from "./child.mjs";
import { bun, setUp } from "./setup.mjs";

try {
  await setUp();
  become(bun, process.argv.slice(2));
} catch (error) {
  console.error(error.message);
  process.exit(1);
}
