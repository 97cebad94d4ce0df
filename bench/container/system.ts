/** Roost on a Debian as docs/install-debian.md sets it up, its whole config encrypted by sops. */
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { findProgram } from "../../test/doubles/needs.ts";
import { archiveOf } from "../../test/doubles/plugin-archive.ts";
import { fetchDebian, type Machine, run } from "./machine.ts";
import { bots, type Talk } from "./talk.ts";

const root = dirname(dirname(import.meta.dir));
export const homeserverPort = 8008;
export const instagramPort = 8009;

const secretsUnit = `[Unit]
Description=The config of Roost, decrypted
[Service]
Type=oneshot
RemainAfterExit=yes
UMask=0077
RuntimeDirectory=roost-secrets
RuntimeDirectoryMode=0700
Environment=SOPS_AGE_KEY_FILE=/etc/roost/age.key
ExecStart=/usr/local/bin/sops decrypt --output /run/roost-secrets/config.yaml /etc/roost/config.sops.yaml
`;
const dropIn = `[Unit]
Requires=roost-secrets.service
After=roost-secrets.service
[Service]
LoadCredential=config.yaml:/run/roost-secrets/config.yaml
ExecStart=
ExecStart=/usr/local/bin/roost serve --config %d/config.yaml
Environment=ROOST_DEBUG_STALL=1
`;
/** The real ones, of PyPI and of Go's proxy. */
const ytDlp = { name: "yt-dlp==2026.10.26", folder: join(root, ".cache/yt-dlp-2026.10.26") };
const sops = {
  name: "github.com/getsops/sops/v3/cmd/sops@v3.13.3",
  file: join(root, ".cache/sops-3.13.3/sops"),
};
const ytDlpStart = `#!/usr/bin/python3
import sys
sys.path.insert(0, "/opt/yt-dlp")
import yt_dlp
yt_dlp.main()
`;

/** Where sops is once `fetchParts` was called. */
export const sopsFile = sops.file;

/** What cannot be done without, as a sentence; undefined if all is there. */
export function lack(): string | undefined {
  if (process.getuid?.() !== 0) return "this needs root";
  if (!existsSync(join(root, "dist/roost"))) return "npm run build first";
  const packages = { "systemd-nspawn": "systemd-container", debootstrap: "debootstrap", "age-keygen": "age" };
  for (const [program, name] of Object.entries(packages))
    if (findProgram(program) === undefined) return `apt-get install ${name}`;
  if (!existsSync(sops.file) && findProgram("go") === undefined)
    return `apt-get install golang, for ${sops.name}`;
  return undefined;
}

/** Keeps in .cache what has to come from elsewhere: to be called while there is a network. */
export function fetchParts(): void {
  fetchDebian();
  if (!existsSync(ytDlp.folder))
    run("python3", ["-m", "pip", "install", "--quiet", "--target", ytDlp.folder, ytDlp.name]);
  if (!existsSync(sops.file)) run("env", [`GOBIN=${dirname(sops.file)}`, "go", "install", sops.name]);
}

/** Puts Roost, sops and the encrypted config into a machine that is not booted yet. */
export function installRoost(machine: Machine, talk: Talk): void {
  mkdirSync(join(machine.root, "usr/local/bin"), { recursive: true });
  for (const [name, path] of [
    ["roost", join(root, "dist/roost")],
    ["sops", sops.file],
  ] as const) {
    copyFileSync(path, join(machine.root, "usr/local/bin", name));
    chmodSync(join(machine.root, "usr/local/bin", name), 0o755);
  }
  run(join(root, "dist/roost"), ["install", "--systemd", "--write", "--root", machine.root]);
  run("chroot", [machine.root, "systemd-sysusers", "/etc/sysusers.d/roost.conf"]);

  const key = join(machine.root, "etc/roost/age.key");
  run("age-keygen", ["-o", key]);
  chmodSync(key, 0o600);
  const [, recipient = ""] = /public key: (\S+)/.exec(readFileSync(key, "utf8")) ?? [];
  const clear = join(dirname(machine.root), "config.yaml");
  writeFileSync(clear, configOf(talk));
  const encrypted = run(sops.file, ["encrypt", "--age", recipient, clear]);
  if (encrypted.includes("letmein")) throw new Error("sops has not encrypted the registration token.");
  machine.write("etc/roost/config.sops.yaml", encrypted);
  mkdirSync(join(machine.disk, "plugins"), { recursive: true });
  writeFileSync(join(machine.disk, "plugins/repeater.mbp"), archiveOf(plugin));
  run("cp", ["-r", ytDlp.folder, join(machine.root, "opt/yt-dlp")]);
  machine.write("usr/local/bin/yt-dlp", ytDlpStart, 0o755);
  machine.write("etc/systemd/system/roost-secrets.service", secretsUnit);
  machine.write("etc/systemd/system/roost.service.d/sops.conf", dropIn);
  const wanted = join(machine.root, "etc/systemd/system/multi-user.target.wants");
  mkdirSync(wanted, { recursive: true });
  symlinkSync("../roost.service", join(wanted, "roost.service"));
}

const plugin = {
  "maubot.yaml":
    "id: org.example.repeater\nversion: 1.0.0\nmodules: [bot]\nmain_class: Bot\nroost: { runtime: typescript }\n",
  "bot.ts": `
import { definePlugin, z } from "roost";

export default definePlugin({
  config: z.object({}),
  answersTo: () => ["!echo"],
  setup(bot) {
    bot.command("echo", async (message, text) => { await message.reply(text); });
  },
});
`,
};

function configOf(talk: Talk): string {
  const accounts = Object.fromEntries([...bots, "films"].map((bot) => [`@${bot}:sandbox`, {}]));
  const talking = [...talk.rooms].map(([bot, room]) => [
    bot,
    {
      plugin: bot === "uploaded" ? "org.example.repeater" : "echo",
      account: `@${bot}:sandbox`,
      rooms: [room],
    },
  ]);
  const common = { origin: `http://127.0.0.1:${instagramPort}`, budget: { burst: 100, seconds: 1 } };
  const showing = Object.entries({
    films: { ...common, video: "upload" },
    ytdlp: { ...common, strategies: ["yt-dlp"] },
  }).map(([name, config]) => [
    name,
    { plugin: "instagram", account: "@films:sandbox", rooms: [talk.pictures.get(name)], config },
  ]);
  const instances = Object.fromEntries([...talking, ...showing]);
  const homeserver = { url: `http://127.0.0.1:${homeserverPort}`, registration_token: "letmein" };
  return JSON.stringify({ homeserver, accounts, instances }, null, 2);
}
