/** Whether Roost leaves the other units of a machine alone. */
import type { Machine } from "./machine.ts";

const steps = [
  [
    "installed again",
    "roost install --systemd --write && systemctl daemon-reload && systemctl restart roost",
  ],
  [
    "upgraded",
    "install -m 755 /usr/local/bin/roost /usr/local/bin/roost.new && mv /usr/local/bin/roost.new /usr/local/bin/roost && systemctl restart roost",
  ],
  ["removed", "roost uninstall --write"],
] as const;

/** Does the steps; answers a sentence for each, and whether no other unit was stopped, started or restarted by any. To be called last. */
export function tryNeighbours(machine: Machine): {
  readonly told: readonly string[];
  readonly isFine: boolean;
} {
  const before = runningUnits(machine);
  const told = steps.map(([what, script]) => {
    machine.run("sh", "-ec", script);
    const now = runningUnits(machine);
    const touched = [...before].filter(([name, run]) => now.get(name) !== run).map(([name]) => name);
    const verdict = touched.length === 0 ? "none touched" : `TOUCHED: ${touched.join(", ")}`;
    return {
      line: `${what}: of ${before.size} other running units ${verdict}`,
      isFine: touched.length === 0,
    };
  });
  return { told: told.map(({ line }) => line), isFine: told.every(({ isFine }) => isFine) };
}

/** What runs besides Roost, each with the id of its present run. */
function runningUnits(machine: Machine): Map<string, string> {
  const blocks = machine
    .run("systemctl", "show", "*", "--property=Id,InvocationID,ActiveState")
    .split("\n\n");
  return new Map(
    blocks.flatMap((block) => {
      const {
        Id = "",
        InvocationID = "",
        ActiveState,
      } = Object.fromEntries(block.split("\n").map((line) => line.split("=", 2)));
      return ActiveState === "active" && !Id.includes("roost") ? [[Id, InvocationID] as const] : [];
    }),
  );
}
