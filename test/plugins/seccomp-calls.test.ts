import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { callNumbers } from "../../src/plugins/confinement/seccomp-calls.ts";
import { needs } from "../doubles/needs.ts";

/** What the kernel tells programs of its calls; arm64 has the generic ones. */
const headers = {
  x64: "/usr/include/x86_64-linux-gnu/asm/unistd_64.h",
  arm64: "/usr/include/asm-generic/unistd.h",
} as const;
const package_ = { of: "package", why: "on Debian: apt install linux-libc-dev" } as const;
const kernel = { of: "kernel", why: "this machine is no x86-64" } as const;
/** Headers may be older than the newest calls. */
const newest = 452;

for (const arch of ["x64", "arm64"] as const) {
  const lack = existsSync(headers[arch]) ? undefined : process.arch === "x64" ? package_ : kernel;
  needs(`the kernel's headers of ${arch}`, arch === "arm64" && lack === kernel ? package_ : lack)(
    `the numbers of system calls on ${arch}`,
    () => {
      test("are those of the kernel's headers", () => {
        const told = new Map(
          [...readFileSync(headers[arch], "utf8").matchAll(/^#define __NR(?:3264)?_(\w+)\s+(\d+)$/gm)].map(
            ([, name = "", number]) => [name, Number(number)],
          ),
        );
        expect(told.size).toBeGreaterThan(250);
        for (const [name, number] of Object.entries(callNumbers[arch]))
          if (number < newest || told.has(name)) expect([name, told.get(name)]).toEqual([name, number]);
      });
    },
  );
}
