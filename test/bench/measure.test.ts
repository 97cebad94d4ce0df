import { expect, test } from "bun:test";
import { bareLoop } from "../../bench/bare-loop.ts";
import { startHomeserver } from "../../bench/homeserver-process.ts";
import { measure } from "../../bench/measure.ts";
import { renderTable } from "../../bench/table.ts";

test("every message of a measured run gets one reply, in one room and over ten, and the table says so", async () => {
  await using homeserver = await startHomeserver();
  const effort = { starts: 2, idleMs: 10, steadyEvents: 10, burstEvents: 200 };
  const one = await measure(bareLoop, homeserver.url, { accounts: 1, roomsPerAccount: 10 }, effort);
  const ten = await measure(bareLoop, homeserver.url, { accounts: 10, roomsPerAccount: 1 }, effort);
  for (const { steady, burstOneRoom, burstAllRooms, steadyAgain } of [one, ten]) {
    for (const load of [steady, burstOneRoom, burstAllRooms, steadyAgain])
      expect(load).toMatchObject({ lost: 0, doubled: 0 });
  }
  const table = renderTable([{ name: "bare loop", one, ten }]);
  expect(table).toContain("| replies lost or doubled, all runs | 0 |");
  expect(table).not.toContain("NaN");
});
