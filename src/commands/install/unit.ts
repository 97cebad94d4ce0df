import { z } from "zod";
import unit from "./unit.json" with { type: "json" };

const section = z.array(
  z.strictObject({
    name: z.string(),
    value: z.union([z.string(), z.array(z.string())]),
    why: z.string().optional(),
  }),
);

/** Where things lie on a plain Linux. */
export const places = {
  unit: "/etc/systemd/system/roost.service",
  user: "/etc/sysusers.d/roost.conf",
  config: "/etc/roost/config.yaml",
  secrets: "/etc/roost/secrets",
} as const;

/**
 * The systemd unit for an executable. `unit.json` is all of it but for what differs from one system to the next, and the NixOS module
 * reads the same file. Every file in the folder of secrets becomes a credential `secrets_NAME`, which the unit's user alone can read.
 */
export function unitText(executable: string): string {
  const sections = z.strictObject({ Unit: section, Service: section, Install: section }).parse(unit);
  const here = [
    { name: "ExecStart", value: `${executable} serve --config ${places.config}` },
    { name: "LoadCredential", value: `secrets:${places.secrets}` },
  ];
  const lines = (settings: z.output<typeof section>) =>
    settings.flatMap(({ name, value, why }) => [
      ...(why === undefined ? [] : [`# ${why}`]),
      ...[value].flat().map((each) => `${name}=${each}`),
    ]);
  return [
    "# Made by `roost install --systemd`. Put changes into a drop-in: systemctl edit roost",
    "[Unit]",
    ...lines(sections.Unit),
    "",
    "[Service]",
    ...lines([...here, ...sections.Service]),
    "",
    "[Install]",
    ...lines(sections.Install),
    "",
  ].join("\n");
}

/** For systemd-sysusers: the user that the unit runs as. */
export const userText = 'u roost - "Roost, Matrix bots" /var/lib/roost\n';
