/** What README and docs/ promise: the reference is the schema's, links lead somewhere, and commands are ones there are. */
import { expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { configReference, configReferenceFile } from "../../build/config-reference.ts";

const root = join(import.meta.dir, "../..");
const documents = [
  "README.md",
  "ARCHITECTURE.md",
  "CHANGELOG.md",
  ...readdirSync(join(root, "docs")).flatMap((name) => (name.endsWith(".md") ? [`docs/${name}`] : [])),
];
const textOf = (name: string) => readFileSync(join(root, name), "utf8");

test("docs/config.md is what `npm run docs` writes", () => {
  expect(readFileSync(configReferenceFile, "utf8")).toBe(configReference());
});

function anchorsOf(markdown: string): string[] {
  return [...markdown.matchAll(/^#+ (.+)$/gm)].map(([, title = ""]) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
}

for (const name of documents) {
  test(`every link in ${name} leads to a file and a heading that are there`, () => {
    const links = [...textOf(name).matchAll(/\]\(([^)\s]+)\)|(?:src|href)="([^"]+)"/g)]
      .map(([, link, attribute]) => link ?? attribute ?? "")
      .filter((link) => !/^[a-z]+:/.test(link));
    for (const link of links) {
      const [path = "", anchor] = link.split("#");
      const file = path === "" ? join(root, name) : join(root, dirname(name), path);
      expect({ link, isThere: existsSync(file) }).toEqual({ link, isThere: true });
      if (anchor !== undefined) expect(anchorsOf(readFileSync(file, "utf8"))).toContain(anchor);
    }
  });
}

test("what docs/operating.md says that a report says is what the program says", () => {
  const [, table = ""] = textOf("docs/operating.md").split("## What a report means");
  const said = [...table.matchAll(/^\| `([^`]+)` \|/gm)].map(([, sentence = ""]) => sentence);
  expect(said.length).toBeGreaterThan(20);
  const names = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" });
  const source = names
    .filter((name) => name.endsWith(".ts"))
    .map((name) => textOf(join("src", name)))
    .join("\n");
  for (const sentence of said)
    expect({ sentence, isSaid: source.includes(sentence) }).toEqual({ sentence, isSaid: true });
});
