/** A Nix that builds in its sandbox, with a store of its own: neither a daemon nor nixpkgs is needed. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { temporaryFolder } from "./folder.ts";
import { findProgram, type Lack } from "./needs.ts";

/** Only a fixed output has the network, and a builder sees no more of this machine than its programs. */
const config = `
sandbox = true
sandbox-fallback = false
sandbox-paths = /bin /usr /lib /lib64? /etc/ssl? /etc/alternatives?
build-users-group =
substituters =
`;

export class NixStore {
  readonly #env: NodeJS.ProcessEnv;

  constructor(folder: string) {
    this.#env = {
      ...process.env,
      NIX_STATE_DIR: join(folder, "state"),
      NIX_STORE_DIR: join(folder, "store"),
      NIX_LOG_DIR: join(folder, "log"),
      NIX_CONFIG: config,
      HOME: folder,
    };
  }

  /** Answers what a program of Nix prints; throws with what it says when it fails. */
  run(program: string, ...args: readonly string[]): string {
    const options = { encoding: "utf8", env: this.#env, maxBuffer: 1 << 26 } as const;
    const { status, stdout, stderr } = spawnSync(program, [...args], options);
    if (status !== 0) throw new Error(`${program} ${args.join(" ")}: ${stderr}`);
    return stdout.trim();
  }

  /** Builds what a file or `-E EXPRESSION` says and answers where it is. */
  build(...what: readonly string[]): string {
    return this.run("nix-build", "--no-out-link", ...what);
  }
}

/** Prints what a builder sees of networks and of this machine's folders. */
export const whatABuilderSees = `derivation {
  name = "sandbox";
  system = builtins.currentSystem;
  builder = "/bin/sh";
  args = [ "-euc" "export PATH=/usr/bin:/bin; { tail -n +3 /proc/net/dev | cut -d: -f1; ls -d /root /home || true; } > $out" ];
}`;

export function lackOfNixSandbox(): Lack | undefined {
  const missing = ["nix-build", "npm", "patchelf"].filter((name) => findProgram(name) === undefined);
  if (missing.length > 0)
    return { of: "package", why: `apt-get install nix-bin npm patchelf (missing: ${missing.join(", ")})` };
  using folder = temporaryFolder();
  try {
    new NixStore(folder.path).build("-E", whatABuilderSees);
    return undefined;
  } catch (error) {
    return { of: "kernel", why: `Nix cannot make its sandbox here: ${error}` };
  }
}
