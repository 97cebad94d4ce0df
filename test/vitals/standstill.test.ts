import { describe, expect, test } from "bun:test";
import type { Logger } from "../../src/core/log.ts";
import { Standstill } from "../../src/vitals/standstill.ts";

function scene() {
  const warnings: string[] = [];
  const log: Logger = {
    debug() {},
    info() {},
    warn: (message) => void warnings.push(message),
    error() {},
    critical() {},
  };
  const clock = { nowMs: 1_000 };
  return { warnings, clock, standstill: new Standstill(log, () => clock.nowMs) };
}

describe("a host that stood still", () => {
  test("says for how long, once", () => {
    const { warnings, clock, standstill } = scene();
    standstill.open();
    clock.nowMs += 21_000;
    standstill.look();
    clock.nowMs += 1_000;
    standstill.look();
    standstill.close();
    expect(warnings).toEqual([expect.stringContaining("stood still for 20 s")]);
  });

  test("for a moment only says nothing", () => {
    const { warnings, clock, standstill } = scene();
    standstill.open();
    clock.nowMs += 9_000;
    standstill.look();
    standstill.close();
    expect(warnings).toEqual([]);
  });
});
