import { expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bareLoop } from "../../bench/bare-loop.ts";
import { startHomeserver } from "../../bench/homeserver-process.ts";
import { measure } from "../../bench/measure.ts";
import { renderTable } from "../../bench/table.ts";
import { zipStored } from "../../bench/zip.ts";
import { findProgram, type Lack, needs } from "../doubles/needs.ts";

test("every message of a measured run gets one reply, in one room and over ten, and the table says so", async () => {
  await using homeserver = await startHomeserver();
  const effort = { starts: 2, idleMs: 10, steadyEvents: 10, burstEvents: 200 };
  const one = await measure(bareLoop, homeserver.url, { accounts: 1, roomsPerAccount: 10 }, effort);
  const ten = await measure(bareLoop, homeserver.url, { accounts: 10, roomsPerAccount: 1 }, effort);
  for (const { steady, burstOneRoom, burstAllRooms } of [one, ten]) {
    for (const load of [steady, burstOneRoom, burstAllRooms])
      expect(load).toMatchObject({ lost: 0, doubled: 0 });
  }
  const table = renderTable([{ name: "bare loop", one, ten }]);
  expect(table).toContain("| replies lost or doubled, all runs | 0 |");
  expect(table).not.toContain("NaN");
});

const python = findProgram("python3");
const lack: Lack | undefined =
  python === undefined ? { of: "package", why: "python3 is not installed" } : undefined;

needs("python3", lack)("an archive for maubot", () => {
  test("is one that Python reads back without complaint", () => {
    const folder = mkdtempSync(join(tmpdir(), "roost-zip-"));
    try {
      const archive = join(folder, "a.zip");
      writeFileSync(archive, zipStored({ "one.txt": "first", "two.txt": "zweite, ä" }));
      const program =
        "import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); print(z.testzip(), [z.read(n).decode() for n in z.namelist()])";
      const read = spawnSync(python ?? "", ["-c", program, archive], {
        encoding: "utf8",
        env: { PYTHONUTF8: "1" },
      });
      expect(read.stdout.trim()).toBe("None ['first', 'zweite, ä']");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
