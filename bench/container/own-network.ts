import { spawnSync } from "node:child_process";
import { run } from "./machine.ts";

/**
 * Goes on only in a network and mounts of its own, which the container shares: no port here meets one of this machine's. Outside of
 * them it does what needs the network, starts this very program again inside, and ends with it.
 */
export function enterOwnNetwork(prepare: () => void): void {
  if (process.env.ROOST_BENCH_NETWORK === undefined) {
    prepare();
    const { status } = spawnSync(
      "unshare",
      ["--net", "--mount", process.execPath, ...process.argv.slice(1)],
      {
        stdio: "inherit",
        env: { ...process.env, ROOST_BENCH_NETWORK: "own" },
      },
    );
    process.exit(status ?? 1);
  }
  run("ip", ["link", "set", "lo", "up"]);
}
