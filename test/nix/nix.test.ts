import { expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";
import hashes from "../../nix/node-modules.json" with { type: "json" };
import { temporaryFolder } from "../doubles/folder.ts";
import { roostCommand } from "../doubles/host.ts";
import { findProgram, needs } from "../doubles/needs.ts";

const root = dirname(dirname(import.meta.dir));
const nix = findProgram("nix-instantiate");
/** nixpkgs' `lib` of your own, such as a clone of nix-community/nixpkgs.lib: no package registry has it. */
const lib = [process.env.NIXPKGS_LIB, join(root, ".cache/nixpkgs.lib/lib")].find(
  (path) => path !== undefined && existsSync(join(path, "default.nix")),
);

const evaluation = z.object({
  refused: z.array(z.string()),
  services: z.record(z.string(), z.string()),
  timers: z.array(z.string()),
  settings: z.record(z.string(), z.json()),
  build: z.string(),
  users: z.array(z.string()),
  tmpfiles: z.array(z.string()),
});

function instantiate(...args: readonly string[]): string {
  using folder = temporaryFolder();
  // A store of its own: evaluating copies sources into it, and this machine may have none.
  const env = {
    ...process.env,
    NIX_STATE_DIR: folder.path,
    NIX_STORE_DIR: join(folder.path, "store"),
    NIX_LOG_DIR: folder.path,
    HOME: folder.path,
  };
  const { status, stdout, stderr } = spawnSync("nix-instantiate", [...args], {
    encoding: "utf8",
    cwd: root,
    env,
  });
  if (status !== 0) throw new Error(stderr);
  return stdout;
}

test("the hashes of the dependencies are those of package-lock.json; else run nix/hash-node-modules.sh", () => {
  const lock = readFileSync(join(root, "package-lock.json"));
  expect(hashes.lock).toBe(new Bun.CryptoHasher("sha256").update(lock).digest("hex"));
});

const lackOfNix =
  nix === undefined ? ({ of: "package", why: "apt-get install nix-bin" } as const) : undefined;
needs("nix", lackOfNix)("every nix file", () => {
  const files = [
    "flake.nix",
    ...["package", "module", "options", "maubot-alias", "overlay", "vm-test", "examples/clarun"].map(
      (name) => `nix/${name}.nix`,
    ),
  ];
  test.each(files)("%s can be read by nix", (file) => {
    expect(instantiate("--parse", file)).not.toBe("");
  });
});

const lackOfLib =
  lib === undefined
    ? ({
        of: "corpus",
        why: "set NIXPKGS_LIB to the lib folder of nixpkgs, or of nix-community/nixpkgs.lib",
      } as const)
    : undefined;
needs("nixpkgs' lib", lackOfNix ?? lackOfLib)("the NixOS module", () => {
  function evaluate(host: string) {
    const program = `import ./test/nix/evaluate.nix { libPath = ${lib}; host = ${host}; }`;
    return evaluation.parse(JSON.parse(instantiate("--eval", "--strict", "--json", "-E", program)));
  }
  const withSettings = (more: string) =>
    evaluate(
      `{ imports = [ ./nix/module.nix ]; services.roost = { enable = true; settings.homeserver.url = "https://m.example.org"; ${more} }; }`,
    );

  test("makes of the example host, through the alias, the units that were looked at", () => {
    const { refused, services, timers, users } = evaluate("./nix/examples/clarun.nix");
    const units = Object.entries(services).map(([name, text]) => `# ${name}.service\n${text}`);
    expect(units.join("\n")).toBe(readFileSync(join(import.meta.dir, "clarun.units"), "utf8"));
    expect({ refused, timers, users }).toEqual({ refused: [], timers: ["roost-health"], users: ["roost"] });
  });

  test("writes a config that roost check accepts without its secrets, and runs that check in the build", () => {
    const { settings, build } = evaluate("./nix/examples/clarun.nix");
    expect(build).toContain("roost check --no-secrets --config $out");
    using folder = temporaryFolder();
    const file = join(folder.path, "roost.yaml");
    writeFileSync(file, JSON.stringify(settings, null, 2));
    const [program = "", ...before] = roostCommand();
    const { status, stdout, stderr } = spawnSync(
      program,
      [...before, "check", "--no-secrets", "--config", file],
      {
        encoding: "utf8",
        env: { STATE_DIRECTORY: folder.path },
      },
    );
    expect({ status, stderr }).toMatchObject({ status: 0 });
    expect(stdout).toContain("Instances: 1");
  });

  test("refuses to be reached by other machines, and two configs at once", () => {
    expect(withSettings('settings.server.host = "0.0.0.0";').refused).toEqual([
      expect.stringContaining("other machines could reach 0.0.0.0"),
    ]);
    expect(withSettings("settings.server.allow_remote = true;").refused).toHaveLength(1);
    expect(withSettings('configFile = "/run/secrets/roost.yaml";').refused).toEqual([
      expect.stringContaining("configFile is the whole config"),
    ]);
    expect(withSettings("").refused).toEqual([]);
  });

  test("hands a whole config over as a credential, plugins to the data folder, and programs to the PATH", () => {
    const whole = evaluate(
      '{ imports = [ ./nix/module.nix ]; services.roost = { enable = true; configFile = "/run/secrets/roost.yaml"; plugins = [ ./nix/overlay.nix ]; backup.copyTo = "/mnt/backup"; }; }',
    );
    expect(whole.refused).toEqual([]);
    expect(whole.services.roost).toContain("LoadCredential=config.yaml:/run/secrets/roost.yaml\n");
    expect(whole.services.roost).toContain("--config /run/credentials/roost.service/config.yaml\n");
    expect(whole.services.roost).toContain("/var/lib/roost/plugins/overlay.nix");
    expect(whole.services["roost-backup-copy"]).toContain("/var/lib/roost/backups/ /mnt/backup/");
  });

  test("puts the programs that plugins may start on the PATH of the unit alone", () => {
    const program = (name: string) =>
      `{ type = "derivation"; name = "${name}"; outPath = "/nix/store/${name}"; }`;
    const { services } = withSettings(
      `python = ${program("python")}; ytDlp = ${program("yt-dlp")}; chromium = ${program("chromium")}; healthcheck.enable = true;`,
    );
    const path = "Environment=PATH=/nix/store/python/bin:/nix/store/yt-dlp/bin:/nix/store/chromium/bin\n";
    expect(services.roost).toContain(path);
    expect(services["roost-health"]).not.toContain("PATH");
  });

  test("keeps a user, or has systemd make one up for the unit and its health check", () => {
    const kept = withSettings("healthcheck.enable = true;");
    expect(kept.users).toEqual(["roost"]);
    expect(Object.values(kept.services).join()).not.toContain("DynamicUser");
    const madeUp = withSettings("dynamicUser = true; healthcheck.enable = true;");
    expect(madeUp.users).toEqual([]);
    for (const unit of Object.values(madeUp.services))
      for (const line of ["DynamicUser=true\n", "User=roost\n", "StateDirectory=roost\n"])
        expect(unit).toContain(line);
    expect(madeUp.tmpfiles).toEqual(["d /etc/roost/instances.d 0755 root root -"]);
  });

  test("is what the VM test boots, with a script that Python can read", () => {
    const vm = `(import ./nix/vm-test.nix { module = ./nix/module.nix; testers.runNixOSTest = test: test; })`;
    const { refused, services } = evaluate(
      `{ imports = [ ${vm}.nodes.machine { options.services.matrix-continuwuity = (import ${lib}).mkOption { }; } ]; }`,
    );
    expect(refused).toEqual([]);
    expect(services.roost).toContain("LoadCredential=registration_token:/etc/roost-token\n");
    const script = instantiate("--eval", "--json", "-E", `${vm}.testScript`);
    const { status, stderr } = spawnSync(
      "python3",
      ["-c", "import json,sys,ast; ast.parse(json.load(sys.stdin))"],
      {
        encoding: "utf8",
        input: script,
      },
    );
    expect({ status, stderr }).toMatchObject({ status: 0 });
  });

  test("sets up nothing but its own units", () => {
    const { services, timers } = withSettings("healthcheck.enable = true;");
    expect([...Object.keys(services), ...timers].filter((name) => !name.startsWith("roost"))).toEqual([]);
  });

  const lack = findProgram("systemd-analyze")
    ? undefined
    : ({ of: "package", why: "apt-get install systemd" } as const);
  needs("systemd-analyze", lack)("its unit", () => {
    test("is one that systemd finds nothing wrong with, exposed by 1.5 at most", () => {
      using folder = temporaryFolder();
      const file = join(folder.path, "roost.service");
      const text = evaluate("./nix/examples/clarun.nix").services.roost ?? "";
      writeFileSync(file, text.replace("/nix/store/roost/bin/roost", process.execPath));
      const verify = spawnSync("systemd-analyze", ["verify", "--man=no", file], { encoding: "utf8" });
      expect(verify.stdout + verify.stderr).toBe("");
      const exposure = spawnSync("systemd-analyze", ["security", "--offline=true", "--threshold=15", file]);
      expect(exposure.status).toBe(0);
    });
  });
});
