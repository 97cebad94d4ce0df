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

const [, reports = ""] = textOf("docs/operating.md").split("## What a report means");
const reported = [...reports.matchAll(/^\| (`.+`) \| .+ \| .+ \|$/gm)].flatMap(([, said = ""]) =>
  [...said.matchAll(/`([^`]+)`/g)].map(([, sentence = ""]) => sentence),
);
const sources = new Map(
  readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts") && !name.startsWith("sandbox/"))
    .map((name) => [name, textOf(join("src", name))]),
);

test("what docs/operating.md says that a report says is what the program says", () => {
  expect(reported.length).toBeGreaterThan(20);
  const source = [...sources.values()].join("\n");
  for (const sentence of reported)
    expect({ sentence, isSaid: source.includes(sentence) }).toEqual({ sentence, isSaid: true });
});

/** Where lasting faults are raised, and which lines of the table explain them. */
const faults: Readonly<Record<string, readonly string[]>> = {
  "delivery/lane.ts": ["A message waits to be handled", "A message broke the plugin four times"],
  "delivery/outbox.ts": ["A message waits to be posted", "A message could not be posted"],
  "delivery/pace.ts": ["It posts more than"],
  "host/admin-room.ts": ["Nothing can be written to the admin room"],
  "host/databases/backup-schedule.ts": ["The daily backup failed"],
  "host/databases/database-watch.ts": ["The host's database"],
  "host/databases/disk-watch.ts": ["The disk of"],
  "matrix/account-fault.ts": ["The homeserver cannot be reached", "The account's session was ended"],
  "matrix/connection.ts": ["The homeserver does not accept the registration token"],
  "matrix/room-faults.ts": ["Invite ", "is encrypted", "may not post in"],
  "plugins/catalog/catalog.ts": ["The plugin file"],
  "store/record-store.ts": ["newest log records are in memory only"],
  "supervisor/memory.ts": [
    "Its memory has grown",
    "It was ended because the host uses",
    "and no bot has grown",
  ],
  "supervisor/report.ts": ["Waiting: ", "Its account has failed", "Crash-looping, tried every 5 minutes"],
};

test("every lasting fault and every error that reaches the admin room is explained there", () => {
  const raising = [...sources].filter(([name, text]) => /\.raise\(/.test(text) && !name.startsWith("log/"));
  expect(raising.map(([name]) => name).sort()).toEqual(Object.keys(faults).sort());
  for (const sentence of Object.values(faults).flat()) expect(reported).toContain(sentence);
  for (const [name, text] of sources) {
    for (const [, , said = ""] of text.matchAll(/\.(?:error|critical)\(\s*([`"])(.*?)\1/gs)) {
      const isExplained = reported.some((sentence) => said.includes(sentence));
      expect({ name, said, isExplained }).toEqual({ name, said, isExplained: true });
    }
  }
});
