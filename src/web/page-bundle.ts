import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** The page as one document, and the hashes that its policy names: nothing else may run in it. */
export interface PageBundle {
  /** Has a place for the first frame and one for the first answer, so that something is painted before anything is asked. */
  readonly html: string;
  readonly scriptHashes: readonly string[];
  readonly styleHash: string;
}

/** A Bun macro: called while the executable is built, so that the executable holds the finished page. */
export function bundlePage(): PageBundle {
  const folder = join(dirname(import.meta.path), "page");
  const script = build(join(folder, "main.tsx")).trim().replaceAll("</script", "<\\/script");
  const style = build(join(folder, "style.css")).trim();
  const html = readFileSync(join(folder, "index.html"), "utf8");
  return {
    html: html.replace("/* style */", () => style).replace("/* script */", () => script),
    // The small one before it takes the first frame away again where another view is asked for.
    scriptHashes: [/<script>(.*)<\/script>/.exec(html)?.[1] ?? "", script].map(hashOf),
    styleHash: hashOf(style),
  };
}

function build(entrypoint: string): string {
  const { success, stdout, stderr } = Bun.spawnSync(
    [process.execPath, "build", entrypoint, "--minify", "--target=browser"],
    { env: { ...process.env, NODE_ENV: "production" } },
  );
  if (!success) throw new Error(stderr.toString());
  return stdout.toString();
}

function hashOf(text: string): string {
  return `sha256-${new Bun.CryptoHasher("sha256").update(text).digest("base64")}`;
}
