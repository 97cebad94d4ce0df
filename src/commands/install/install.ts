import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { RoostError, sentenceOf } from "../../core/error.ts";
import { exitCode, type Terminal } from "../terminal.ts";
import { places, unitText, userText } from "./unit.ts";

export interface InstallOptions {
  readonly systemd?: boolean | undefined;
  /** Change this machine instead of printing what would be changed. */
  readonly write?: boolean | undefined;
  /** The system's root folder when it is not this machine's, such as an image that is being made. */
  readonly root?: string | undefined;
}

/** A unit cannot start what lies in a home or a temporary folder: it does not see them. */
const hiddenFolder = /^\/(home|root|run\/user|tmp|var\/tmp)\//;

/** `roost install --systemd`: prints the unit and its user, or with `--write` sets them up. What is there already is kept but the unit. */
export function install(options: InstallOptions, terminal: Terminal): number {
  if (options.systemd !== true) {
    terminal.err(
      "Say for what: roost install --systemd (prints), roost install --systemd --write (sets up).",
    );
    return exitCode.usage;
  }
  const executable = executableOf(options, terminal);
  if (options.write !== true) {
    terminal.out(`# ${places.user}\n${userText}\n# ${places.unit}\n${unitText(executable).trimEnd()}`);
    terminal.err("This was only printed. To set it up: sudo roost install --systemd --write");
    return exitCode.fine;
  }
  if (hiddenFolder.test(executable) && options.root === undefined) {
    terminal.err(
      `A unit does not see ${dirname(executable)}. Copy Roost first, and install from there: sudo install -m 755 ${executable} /usr/local/bin/roost && sudo /usr/local/bin/roost install --systemd --write`,
    );
    return exitCode.problem;
  }
  const at = (path: string) => join(options.root ?? "/", path);
  writing(() => {
    write(at(places.user), userText);
    write(at(places.unit), unitText(executable));
    mkdirSync(at(places.secrets), { recursive: true });
    chmodSync(at(places.secrets), 0o700);
  });
  const isHere = options.root === undefined;
  if (isHere) {
    run("systemd-sysusers", places.user);
    run("chgrp", "roost", dirname(places.config));
    run("systemctl", "daemon-reload");
  }
  terminal.out(`Written: ${at(places.unit)}, ${at(places.user)}, and the folder ${at(places.secrets)}.`);
  if (!existsSync(at(places.config))) {
    terminal.out(`Write ${places.config} next (chown root:roost, chmod 640). A file in ${places.secrets} is there as
  { file: $CREDENTIALS_DIRECTORY/secrets_NAME }`);
  }
  terminal.out(
    `Then: roost check --no-secrets --config ${places.config} && systemctl enable --now roost && systemctl status roost`,
  );
  return exitCode.fine;
}

/** Where the unit finds it: in an image, and when run from source, where it is to be. */
function executableOf({ root }: InstallOptions, { self }: Terminal): string {
  const [executable] = self;
  if (root !== undefined || executable === undefined || self.length > 1) return "/usr/local/bin/roost";
  return executable;
}

/** `roost uninstall`: takes away what `install --write` brought. Config, secrets, data and user stay. */
export function uninstall(options: InstallOptions, terminal: Terminal): number {
  const at = (path: string) => join(options.root ?? "/", path);
  const installed = [places.unit, places.user].filter((path) => existsSync(at(path)));
  if (installed.length === 0) {
    terminal.err(`There is nothing to take away: neither ${places.unit} nor ${places.user} is there.`);
    return exitCode.problem;
  }
  if (options.write !== true) {
    terminal.out(`Would stop and disable roost.service, and delete ${installed.join(" and ")}.`);
    terminal.err("Nothing was changed. To do it: sudo roost uninstall --write");
    return exitCode.fine;
  }
  const isHere = options.root === undefined;
  if (isHere) run("systemctl", "disable", "--now", "roost.service");
  writing(() => {
    for (const path of installed) rmSync(at(path));
  });
  if (isHere) run("systemctl", "daemon-reload");
  terminal.out(`Deleted: ${installed.map(at).join(", ")}.
Kept: /etc/roost and /var/lib/roost (logins, databases, backups), and the user roost. To delete them too:
  rm -r /etc/roost /var/lib/roost && userdel roost`);
  return exitCode.fine;
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text, { mode: 0o644 });
}

function writing(work: () => void): void {
  try {
    work();
  } catch (cause) {
    const isForbidden = /EACCES|EPERM/.test(String(cause));
    const what = isForbidden
      ? "This needs root: run it with sudo"
      : "It could not be written: see what is in the way";
    throw new RoostError("usage", `${what} (${sentenceOf(cause)})`, { cause });
  }
}

function run(program: string, ...args: readonly string[]): void {
  const { status, stderr } = spawnSync(program, args, { encoding: "utf8" });
  if (status !== 0)
    throw new RoostError(
      "usage",
      `${program} ${args.join(" ")} failed${stderr ? `: ${stderr.trim()}` : ": is systemd there?"}`,
    );
}
