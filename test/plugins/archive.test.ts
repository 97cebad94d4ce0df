import { expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { RoostError } from "../../src/core/error.ts";
import { openArchive } from "../../src/plugins/archive/archive.ts";
import { inspectPlugin } from "../../src/plugins/catalog/entry.ts";
import { refusalOf } from "../doubles/delivery.ts";
import { temporaryFolder } from "../doubles/folder.ts";
import { hostileArchives } from "../doubles/hostile/index.ts";
import { archiveOf, clock, greeter } from "../doubles/plugin-archive.ts";
import { catalogOf, streamOf } from "../doubles/plugin-catalog.ts";
import { type ZipEntry, zip } from "../doubles/zip.ts";

test("refuses every hostile archive with a sentence and leaves nothing on disk", async () => {
  using folder = temporaryFolder();
  const { catalog } = catalogOf(join(folder.path, "plugins"));
  await catalog.open();
  const wrong: string[] = [];
  let count = 0;
  for (const { what, bytes, says } of hostileArchives()) {
    count++;
    const refusal = await catalog.add(streamOf(bytes, 4_000_000)).then(
      () => "it was accepted",
      (error: unknown) => error,
    );
    const isSentence =
      refusal instanceof RoostError && refusal.code === "plugin-refused" && says.test(refusal.message);
    const isClean = refusal instanceof Error && /^[^\p{Cc}]{20,1500}\.$/u.test(refusal.message);
    if (!isSentence || !isClean) wrong.push(`${what}: ${refusal}`);
    const left = readdirSync(folder.path, { recursive: true }).map(String);
    if (left.join() !== "plugins") wrong.push(`${what} left ${left}`);
  }
  expect(wrong).toEqual([]);
  expect(count).toBeGreaterThanOrEqual(200);
  expect(catalog.list()).toEqual([]);
}, 60_000);

test("answers 500 damaged copies of a good archive with a refusal or not at all", async () => {
  const random = generator(20_261_122);
  const original = archiveOf(greeter, { "data.json": JSON.stringify({ words: "lorem ipsum ".repeat(300) }) });
  const wrong: unknown[] = [];
  let refused = 0;
  for (let round = 0; round < 500; round++) {
    const bytes = original.slice();
    for (let flips = 0; flips <= round % 4; flips++) {
      const at = Math.floor(random() * bytes.length);
      bytes[at] = (bytes[at] ?? 0) ^ (1 << Math.floor(random() * 8));
    }
    try {
      await inspectPlugin(openArchive(bytes), "x.mbp", undefined);
    } catch (error) {
      refused++;
      if (!(error instanceof RoostError)) wrong.push(error);
    }
  }
  expect(wrong).toEqual([]);
  // Dates and compression levels are the only bits that nothing depends on.
  expect(refused).toBeGreaterThan(400);
});

const forms: Readonly<Record<string, () => Uint8Array>> = {
  "compressed entries": () => archiveOf(greeter),
  "stored entries": () => zip(entriesOf(greeter).map((entry) => ({ ...entry, deflate: false }))),
  "sizes behind the data": () => zip(entriesOf(greeter).map((entry) => ({ ...entry, descriptor: "signed" }))),
  "sizes behind the data without a signature": () =>
    zip(entriesOf(greeter).map((entry) => ({ ...entry, descriptor: "plain" }))),
  "entries for its folders": () => zip([{ name: "greeter/", mode: 0o40755 }, ...entriesOf(greeter)]),
  "a comment": () => zip(entriesOf(greeter), { comment: "0123456789abcdef0123456789abcdef01234567" }),
  "an archive as data": () => archiveOf(greeter, {}, { name: "data/template.zip", data: archiveOf(clock) }),
  "a small file that compresses well": () => archiveOf(greeter, { "blank.txt": " ".repeat(60_000) }),
  "names beyond ASCII": () => archiveOf(greeter, { "grüße.txt": "hallo", "挨拶.txt": "x" }),
  "a gap that a tool left": () => zip(entriesOf(greeter), { gap: new Uint8Array(7) }),
};
for (const [what, make] of Object.entries(forms)) {
  test(`accepts an archive with ${what}`, async () => {
    const files = openArchive(make());
    const { info, mainFile } = await inspectPlugin(files, "x.mbp", undefined);
    expect({ id: info.id, mainFile }).toEqual({ id: "org.example.greeter", mainFile: "greeter/__init__.py" });
    expect(new TextDecoder().decode(await files.read("greeter/bot.py"))).toBe(
      greeter["greeter/bot.py"] ?? "",
    );
  });
}

test("reads a source archive of GitHub as if its one folder were the archive", async () => {
  const entries = entriesOf(greeter).map((entry) => ({ ...entry, name: `greeter-main/${entry.name}` }));
  const files = openArchive(
    zip([{ name: "greeter-main/", mode: 0o40755 }, ...entries, { name: "pax_global_header", data: "x" }]),
  );
  const { info, root } = await inspectPlugin(files, "greeter-main.zip", undefined);
  expect(root).toBe("greeter-main/");
  expect(info.entries).toEqual(["base-config.yaml", "greeter/__init__.py", "greeter/bot.py", "maubot.yaml"]);
});

test("says what to do when a TypeScript source does not parse, exports nothing, or is not there", async () => {
  const cases: readonly (readonly [Readonly<Record<string, string | undefined>>, RegExp])[] = [
    [{ "time.ts": "export const now =\n  = 3;\n" }, /^time\.ts line 2: .*Correct it/],
    [{ "clock.ts": "export const other = 1;\n" }, /^clock\.ts exports neither a default nor "Clock"/],
    [{ "clock.ts": undefined }, /names "clock", but none of "clock\.ts"/],
    [{ "time.ts": "[".repeat(60_000) + crypto.randomUUID() }, /^time\.ts/],
  ];
  for (const [changes, sentence] of cases) {
    const refusal = await refusalOf(
      inspectPlugin(openArchive(archiveOf(clock, changes)), "x.mbp", undefined),
    );
    expect(String(refusal instanceof RoostError ? refusal.message : refusal)).toMatch(sentence);
  }
});

test("lets others work while it unpacks", async () => {
  const noise = crypto.getRandomValues(new Uint8Array(65_536));
  const data = Buffer.concat(Array.from({ length: 30 }, () => [Buffer.alloc(600_000), noise]).flat());
  const files = openArchive(zip([...entriesOf(greeter), { name: "data.bin", data }]));
  let turns = 0;
  const others = setInterval(() => turns++, 1);
  await files.verify();
  clearInterval(others);
  expect(turns).toBeGreaterThan(1);
});

function entriesOf(files: Readonly<Record<string, string>>): ZipEntry[] {
  return Object.entries(files).map(([name, data]) => ({ name, data }));
}

/** Numbers from 0 to 1, the same for the same seed (Lehmer's generator). */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}
