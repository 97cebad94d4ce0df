import { describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { unitText } from "../../src/commands/install/unit.ts";
import { temporaryFolder } from "../doubles/folder.ts";
import { roostCommand } from "../doubles/host.ts";
import { findProgram, needs } from "../doubles/needs.ts";

const golden = readFileSync(join(import.meta.dir, "roost.service"), "utf8");
const unitFile = "etc/systemd/system/roost.service";

function roost(...args: string[]) {
  const [program = "", ...before] = roostCommand();
  return spawnSync(program, [...before, ...args], { encoding: "utf8" });
}

describe("roost install", () => {
  test("prints user and unit, and says how to set them up; the unit is the one that was looked at", () => {
    expect(unitText("/usr/local/bin/roost")).toBe(golden);
    const { status, stdout, stderr } = roost("install", "--systemd");
    expect(status).toBe(0);
    expect(stdout).toContain("# /etc/sysusers.d/roost.conf\nu roost ");
    expect(stdout).toContain(golden.slice(golden.indexOf("LoadCredential=")).trimEnd());
    expect(stderr).toContain("sudo roost install --systemd --write");
  });

  test("writes unit, user and a folder for secrets below a root, and uninstall takes away the first two", () => {
    using folder = temporaryFolder();
    const written = roost("install", "--systemd", "--write", "--root", folder.path);
    expect(written.stderr).toBe("");
    expect(written.stdout).toContain("Write /etc/roost/config.yaml next");
    expect(readFileSync(join(folder.path, unitFile), "utf8")).toBe(golden);
    expect(statSync(join(folder.path, "etc/roost/secrets")).mode & 0o777).toBe(0o700);

    expect(roost("uninstall", "--root", folder.path).stdout).toContain(
      "Would stop and disable roost.service",
    );
    expect(existsSync(join(folder.path, unitFile))).toBe(true);
    expect(roost("uninstall", "--write", "--root", folder.path).status).toBe(0);
    expect(existsSync(join(folder.path, unitFile))).toBe(false);
    expect(existsSync(join(folder.path, "etc/roost/secrets"))).toBe(true);
    expect(roost("uninstall", "--write", "--root", folder.path).stderr).toContain(
      "There is nothing to take away",
    );
  });

  test("asks for what system, while there is one to say", () => {
    expect(roost("install")).toMatchObject({
      status: 2,
      stderr: expect.stringContaining("roost install --systemd"),
    });
  });
});

const lack = findProgram("systemd-analyze")
  ? undefined
  : ({ of: "package", why: "apt-get install systemd" } as const);
needs("systemd-analyze", lack)("systemd itself", () => {
  /** In a folder of its own, started by a program that is there. */
  function analyse(folder: string, ...args: string[]) {
    const unit = join(folder, "roost.service");
    writeFileSync(unit, unitText(process.execPath));
    return spawnSync("systemd-analyze", ["--no-pager", ...args, unit], { encoding: "utf8" });
  }

  test("finds nothing wrong with the unit", () => {
    using folder = temporaryFolder();
    const { status, stdout, stderr } = analyse(folder.path, "verify", "--man=no");
    expect(`${stdout}${stderr}`.replace(/^.*(?:Failed to open|matrix-synapse).*\n/gm, "")).toBe("");
    expect(status).toBe(0);
  });

  test("rates its exposure at 1.5 or less", () => {
    using folder = temporaryFolder();
    const { status, stdout } = analyse(folder.path, "security", "--offline=true", "--threshold=15");
    expect(stdout).toContain("Overall exposure level");
    expect(status).toBe(0);
  });
});
